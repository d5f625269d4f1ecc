import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { ndarray, packed } from "../base/arrays.ts";
import { DataError } from "../base/errors.ts";
import { readSampleStore, writeSampleStore } from "./sample_store.ts";
import type { GalleryPicture, SampleResults, SegmentationPicture } from "./samples.ts";

function picture(id: string, height: number, width: number): GalleryPicture {
  const bytes = (shape: number[], factor: number) =>
    ndarray(
      Uint8Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => factor * i),
      shape,
    );
  const flow = (factor: number) =>
    ndarray(Float32Array.from({ length: 2 * height * width }, (_, i) => factor * i), [
      height,
      width,
      2,
    ]);
  return {
    id,
    why: "worst",
    image1: bytes([height, width, 3], 1),
    image2: bytes([height, width, 3], 7),
    truth: flow(0.5),
    valid: bytes([height, width], 1),
    prediction: flow(-0.25),
  };
}

const SAMPLES: SampleResults = {
  ids: ["clip/1", "clip 2", "</script>"],
  metrics: { epe: Float64Array.of(1.5, NaN, 0.1), "s40+": Float64Array.of(NaN, NaN, 3) },
  gallery: [picture("clip/1", 3, 4), picture("</script>", 2, 5)],
};

async function withStore(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(join(folder, "raft"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("per-sample results come back as they were written", () =>
  withStore(async (path) => {
    await writeSampleStore(path, SAMPLES);
    const { ids, metrics, gallery, segmentations } = await readSampleStore(path);
    assertEquals({ ids, metrics }, { ids: SAMPLES.ids, metrics: SAMPLES.metrics });
    for (const [i, entry] of gallery.entries()) {
      const expected = SAMPLES.gallery[i];
      assertEquals([entry.id, entry.why], [expected.id, expected.why]);
      for (const name of ["image1", "image2", "truth", "valid", "prediction"] as const) {
        assertEquals(entry[name].shape, expected[name].shape);
        assertEquals(entry[name].data, expected[name].data);
      }
    }
    assertEquals(segmentations, undefined);
    const bare = await readSampleStore(path, false);
    assertEquals([bare.metrics, bare.gallery], [SAMPLES.metrics, []]);
  }));

Deno.test("segmented frames come back, with flow where there was any", () =>
  withStore(async (path) => {
    const { image1: image, valid: mask, truth: flow } = picture("a", 3, 4);
    const frame: SegmentationPicture = {
      ...{ id: "a", why: "first", image },
      ...{ truth: mask, prediction: mask, segments: mask },
    };
    const segmentations = [{ ...frame, flow }, frame];
    await writeSampleStore(path, { ...SAMPLES, gallery: [], segmentations });
    const [moving, still] = (await readSampleStore(path)).segmentations!;
    assertEquals(packed(moving.flow!), packed(flow));
    assertEquals([still.flow, packed(still.segments)], [undefined, packed(mask)]);
    assertEquals((await readSampleStore(path, false)).segmentations, undefined);
  }));

Deno.test("results are replaced, and there may be none of any sample", () =>
  withStore(async (path) => {
    await writeSampleStore(path, SAMPLES);
    const none = { ids: [], metrics: { epe: new Float64Array() }, gallery: [] };
    await writeSampleStore(path, none);
    assertEquals(await readSampleStore(path), none);
  }));

Deno.test("a metric without a value a sample is refused, and what is there stays", () =>
  withStore(async (path) => {
    await writeSampleStore(path, SAMPLES);
    const short = { ...SAMPLES, metrics: { epe: Float64Array.of(1) } };
    await assertRejects(
      () => writeSampleStore(path, short),
      RangeError,
      "1 values for 3 samples",
    );
    assertEquals((await readSampleStore(path)).metrics, SAMPLES.metrics);
  }));

Deno.test("damaged results are refused", () =>
  withStore(async (path) => {
    await writeSampleStore(path, SAMPLES);
    const file = join(path, "metrics", "c.0.0");
    const bytes = await Deno.readFile(file);
    bytes[bytes.length >> 1] ^= 1;
    await Deno.writeFile(file, bytes);
    await assertRejects(() => readSampleStore(path), DataError, "metrics");
  }));
