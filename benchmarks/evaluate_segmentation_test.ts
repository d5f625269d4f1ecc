import { assert, assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type Mask, ndarray, packed, type Picture } from "../base/arrays.ts";
import { DataError, Interrupted, ReflowError, UsageError } from "../base/errors.ts";
import { datasets } from "../datasets/registry.ts";
import type { MaskedVideos } from "../datasets/sample.ts";
import { withFolder } from "../datasets/store/small_store.ts";
import type { Segmentation, SegmentationContender } from "./contenders/segmentation.ts";
import { centerBox, constantMotion, movingPixels } from "./contenders/segmentation_baselines.ts";
import { evaluateSegmentation } from "./evaluate_segmentation.ts";
import {
  groupMasks,
  lessOfTheBorder,
  resized,
  segmentationProtocol,
  usualSegmentationProtocol,
} from "./protocols/segmentation.ts";
import { RunFolder } from "./run_folder.ts";

const HEIGHT = 8, WIDTH = 12;
const protocol = segmentationProtocol("davis16-gwm");

/** Rows `top` to `bottom`, columns `left` to `right`. */
function box([top, bottom, left, right]: readonly number[], height = HEIGHT, width = WIDTH): Mask {
  const inside = (i: number) => {
    const y = Math.floor(i / width), x = i % width;
    return y >= top && y < bottom && x >= left && x < right;
  };
  return ndarray(
    Uint8Array.from({ length: height * width }, (_, i) => inside(i) ? 1 : 0),
    [height, width],
  );
}

const truth = box([2, 6, 3, 9]);
const image: Picture = ndarray(new Uint8Array(HEIGHT * WIDTH * 3), [HEIGHT, WIDTH, 3]);

/** Videos of the given numbers of frames; `hidden` frames have no mask. */
function videosOf(counts: readonly number[], hidden: readonly number[] = []): MaskedVideos {
  let first = 0;
  const videos = counts.map((frames, i) => {
    const span = { name: `v${i}`, first, frames };
    first += frames;
    return span;
  });
  return {
    id: "davis-2016",
    split: "val",
    digest: "0".repeat(64),
    length: first,
    videos,
    read: (index) =>
      Promise.resolve({
        id: `frame-${index}`,
        image,
        mask: hidden.includes(index) ? null : truth,
      }),
  };
}

const contender = (segment: () => Segmentation): SegmentationContender => ({
  stamp: { kind: "run", name: "test", digest: null, parameters: 1 },
  segment: () => Promise.resolve(segment()),
});

const shares = (mask: Mask) => ndarray(Float32Array.from(packed(mask)), mask.shape);

Deno.test("frames count as the protocol says, and both groups are tried", async () => {
  const asked: number[] = [];
  const { evaluation, samples } = await evaluateSegmentation({
    contender: contender(() => ({
      first: ndarray(Float32Array.from(packed(truth), (v) => 1 - v), truth.shape),
      foreground: null,
    })),
    videos: videosOf([5, 4], [3]),
    protocol,
    onSample: (done) => asked.push(done),
  });
  // Without the first two and the last of each, and without the one nobody annotated.
  assertEquals(samples.ids, ["frame-2", "frame-7"]);
  assertEquals(asked, [1, 2]);
  assertEquals([evaluation.metrics.j, evaluation.metrics.jFree], [100, 100]);
  assertEquals(evaluation.bySequence?.map(({ name, samples }) => [name, samples]), [["v0", 1], [
    "v1",
    1,
  ]]);
  const [picture] = samples.segmentations!;
  assertEquals(packed(picture.prediction), packed(truth));
  assertEquals(packed(picture.segments), packed(truth).map((v) => 1 - v));
});

Deno.test("a wrong label-free choice costs; the paper's assignment doesn't see it", async () => {
  const { evaluation } = await evaluateSegmentation({
    contender: contender(() => ({ first: shares(truth), foreground: "second" })),
    videos: videosOf([4]),
    protocol,
  });
  assertEquals([evaluation.metrics.j, evaluation.metrics.jFree], [100, 0]);
});

Deno.test("the border rule takes what touches the border less; of equals, the smaller", () => {
  const first = box([0, 8, 0, 6]), rest = box([0, 8, 6, 12]);
  assertEquals(lessOfTheBorder({ first: truth, second: box([0, 8, 0, 12]) }), "first");
  assertEquals(lessOfTheBorder({ first: box([0, 1, 0, 3]), second: truth }), "second");
  assertEquals(lessOfTheBorder({ first, second: rest }), "first");
  assertEquals(lessOfTheBorder({ first: truth, second: box([3, 5, 4, 6]) }), "second");
});

Deno.test("groups are upsampled bilinearly with centres at halves, then cut at a half", () => {
  const small = ndarray(Float32Array.of(1, 0), [1, 2]);
  assertEquals([...packed(resized(small, 1, 4))], [1, 0.75, 0.25, 0]);
  const { first, second } = groupMasks(small, 2, 4, protocol);
  assertEquals([...packed(first)], [1, 1, 0, 0, 1, 1, 0, 0]);
  assertEquals([...packed(second)], [0, 0, 1, 1, 0, 0, 1, 1]);
  // A pixel that is exactly half belongs to neither.
  const half = groupMasks(ndarray(Float32Array.of(0.5), [1, 1]), 1, 1, protocol);
  assertEquals([packed(half.first)[0], packed(half.second)[0]], [0, 0]);
});

const flow = ndarray(
  Float32Array.from({ length: HEIGHT * WIDTH * 2 }, (_, i) => {
    const inside = truth.data[i >> 1];
    return i % 2 === 0 ? (inside ? 1 : 4) : (inside ? 0.5 : 0);
  }),
  [HEIGHT, WIDTH, 2],
);

Deno.test("baselines: the box, long flow, and what one constant motion leaves over", async () => {
  const of = async (baseline: SegmentationContender) =>
    packed((await baseline.segment({ image, flow: () => Promise.resolve(flow) })).first);
  assertEquals(await of(centerBox()), packed(shares(box([2, 6, 3, 9]))));
  // The background moves further than the box: magnitude takes it for the foreground.
  assertEquals(await of(movingPixels()), packed(shares(truth)).map((v) => 1 - v));
  assertEquals(await of(constantMotion()), packed(shares(truth)));
});

Deno.test("contenders that ask for flow get it, or are told that there is none", async () => {
  const videos = videosOf([4]);
  const options = { contender: constantMotion(), videos, protocol };
  const { evaluation, samples } = await evaluateSegmentation({
    ...options,
    flow: () => Promise.resolve(flow),
  });
  assertEquals(evaluation.metrics.jFree, 100);
  assertEquals(samples.segmentations![0].flow, flow);
  const asked = await assertRejects(
    () => evaluateSegmentation({ ...options, flowCommand: "deno task x flow" }),
    DataError,
    "there is no flow",
  );
  assertEquals(asked.nextStep, "Compute it: deno task x flow");
});

Deno.test("a few frames are the first ones, or spread over the whole split", async () => {
  const good = contender(() => ({ first: shares(truth), foreground: null }));
  const idsOf = async (options: object) => {
    const all = { contender: good, videos: videosOf([6, 3, 7], [12]), protocol };
    return (await evaluateSegmentation({ ...all, ...options })).samples.ids;
  };
  // Of each video, all frames but its first two and its last.
  const ids = (...indices: number[]) => indices.map((index) => `frame-${index}`);
  assertEquals(await idsOf({}), ids(2, 3, 4, 11, 13, 14));
  assertEquals(await idsOf({ limit: 3 }), ids(2, 3, 4));
  assertEquals(await idsOf({ limit: 3, spread: true }), ids(2, 4));
  assertEquals(await idsOf({ limit: 2, spread: true }), ids(2, 11));
  assertEquals(await idsOf({ limit: 99, spread: true }), ids(2, 3, 4, 11, 13, 14));
});

Deno.test("an empty group on an empty truth scores what the protocol says", async () => {
  const none = box([0, 0, 0, 0]);
  const videos: MaskedVideos = {
    ...videosOf([4]),
    read: (index) => Promise.resolve({ id: `${index}`, image, mask: none }),
  };
  const all = contender(() => ({ first: shares(box([0, 8, 0, 12])), foreground: null }));
  const jUnder = async (id: string) => {
    const options = { contender: all, videos, protocol: segmentationProtocol(id) };
    return (await evaluateSegmentation(options)).evaluation.metrics.j;
  };
  assertEquals(await jUnder("davis16-gwm"), 0);
  assertEquals(await jUnder("moving-shapes-segments"), 100);
});

Deno.test("what makes no sense is refused", async () => {
  const good = contender(() => ({ first: shares(truth), foreground: null }));
  const run = (options: object) =>
    evaluateSegmentation({ contender: good, videos: videosOf([4]), protocol, ...options });
  await assertRejects(() => run({ limit: 0 }), UsageError, "0 frames");
  await assertRejects(() => run({ videos: videosOf([3]) }), DataError, "no frame of it counts");
  await assertRejects(() => run({ signal: AbortSignal.abort() }), Interrupted, "stopped after 0");
  const broken = contender(() => ({
    first: ndarray(new Float32Array(HEIGHT * WIDTH).fill(NaN), [HEIGHT, WIDTH]),
    foreground: null,
  }));
  await assertRejects(() => run({ contender: broken }), ReflowError, "not finite");
  assertEquals(usualSegmentationProtocol("segtrack-v2").id, "frames-gwm");
  const mistyped = assertThrows(() => segmentationProtocol("davis16-gmw"), UsageError);
  assertEquals(mistyped.nextStep, 'Did you mean "davis16-gwm"?');
});

Deno.test("every dataset with masks has a usual protocol", () => {
  for (const { id, openMasks } of datasets) {
    if (openMasks) assert(usualSegmentationProtocol(id).version >= 1);
    else assertThrows(() => usualSegmentationProtocol(id), UsageError, "No usual");
  }
});

Deno.test("segmented frames come back from the run's folder, with flow or without", () =>
  withFolder(async (folder) => {
    for (const field of [flow, null]) {
      const { evaluation, samples } = await evaluateSegmentation({
        contender: contender(() => ({ first: shares(truth), foreground: "first" })),
        videos: videosOf([5]),
        protocol,
        flow: () => Promise.resolve(field),
      });
      const run = await RunFolder.create(folder, field ? "with" : "without");
      await run.writeSamples(evaluation.id, samples);
      const read = await run.readSamples(evaluation.id);
      assertEquals(read!.ids, samples.ids);
      assertAlmostEquals(read!.metrics.j[0], 100);
      const [a, b] = [read!.segmentations![0], samples.segmentations![0]];
      assertEquals([a.id, a.why, packed(a.truth)], [b.id, b.why, packed(b.truth)]);
      assertEquals(a.flow && packed(a.flow), field ? packed(field) : undefined);
    }
  }));
