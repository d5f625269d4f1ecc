import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { type NdArray, packed } from "../../base/arrays.ts";
import { DataError, UsageError } from "../../base/errors.ts";
import { buildStore } from "../store.ts";
import {
  defineMovingShapes,
  demoConfig,
  openVideos,
  renderVideo,
  type ShapesVideo,
} from "./mod.ts";

const config = {
  ...demoConfig,
  ...{ height: 24, width: 32, frames: 3, tracks: 5 },
  ...{ trainVideos: 3, valVideos: 2, testVideos: 1 },
};
const tiny = defineMovingShapes("tiny", "Tiny", config);

async function withFolder(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function assertSame(found: NdArray<Uint8Array | Float32Array>, expected: typeof found): void {
  assertEquals(found.shape, expected.shape);
  assertEquals(packed(found), packed(expected));
}

Deno.test("a built store gives back every video and every pair as rendered", () =>
  withFolder(async (dir) => {
    const heard: number[] = [];
    await tiny.build!(join(dir, "tiny"), (done, total) => heard.push(done / total));
    assertEquals([heard.length, heard.at(-1)], [6, 1]);

    for (const split of tiny.splits) {
      const videos = await openVideos(dir, "tiny", split);
      const pairs = await tiny.open(dir, split);
      assertEquals(pairs.length, 2 * videos.length);
      assertEquals(pairs.digest, videos.digest);
      assertEquals(videos.config, config);
      for (let index = 0; index < videos.length; index++) {
        const expected = renderVideo(config, split, index), found = await videos.read(index);
        for (const field of Object.keys(expected) as (keyof ShapesVideo)[]) {
          assertSame(found[field], expected[field]);
        }
        for (const pair of [0, 1]) {
          const sample = await pairs.read(2 * index + pair);
          assertEquals(sample.id, `${split}/000${index}/0${pair}`);
          assertSame(sample.image1, expected.frames.pick(pair));
          assertSame(sample.image2, expected.frames.pick(pair + 1));
          assertSame(sample.flow, expected.flowForward.pick(pair));
          assertSame(sample.occluded!, expected.occludedForward.pick(pair));
          assertEquals([...new Set(packed(sample.valid))], [1]);
        }
      }
      await assertRejects(() => pairs.read(pairs.length), RangeError, "it has");
    }
    await assertRejects(() => tiny.open(dir, "training"), UsageError, "training");
  }));

Deno.test("masks are all instances together, flow is exact and goes both ways", () =>
  withFolder(async (dir) => {
    await tiny.build!(join(dir, "tiny"), () => {});
    const masked = await tiny.openMasks!(dir, "train");
    assertEquals([masked.length, masked.videos.length, masked.videos[2].first], [9, 3, 6]);
    const expected = renderVideo(config, "train", 1);
    const { id, image, mask } = await masked.read(4);
    assertEquals(id, "train-0001/01");
    assertSame(image, expected.frames.pick(1));
    const instances = packed(expected.instances.pick(1));
    assertEquals(packed(mask!), instances.map((n) => n === 0 ? 0 : 1));
    assertSame((await masked.flow!(4, 1))!, expected.flowForward.pick(1));
    assertSame((await masked.flow!(4, -1))!, expected.flowBackward.pick(0));
    for (const [index, gap] of [[5, 1], [3, -1], [4, 2]]) {
      assertEquals(await masked.flow!(index, gap), null);
    }
    await assertRejects(() => masked.read(9), RangeError, "it has 9");
  }));

Deno.test("a missing store and one of another generator are refused", () =>
  withFolder(async (dir) => {
    const error = await assertRejects(() => tiny.open(dir, "train"), DataError);
    assertEquals(error.nextStep.endsWith("deno task data fetch tiny"), true);
    await buildStore(join(dir, "tiny"), { generator: -1, config }, () => Promise.resolve());
    await assertRejects(() => openVideos(dir, "tiny", "train"), DataError, "generator");
  }));
