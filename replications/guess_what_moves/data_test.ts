import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type FlowField, ndarray, packed } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";
import { take } from "../../nn/kernels/kernel_test_support.ts";
import type { VideoFlow } from "../flow_cache.ts";
import { tinyVideos } from "../test_support.ts";
import {
  mirrored,
  mirroredFlow,
  openFrames,
  resizedFlow,
  resizedPicture,
  type Source,
  unmirrored,
  viewsOf,
} from "./data.ts";
import { type GuessWhatMovesRecipe, recipes } from "./recipes.ts";

const [HEIGHT, WIDTH] = [8, 8];

/** Two videos of four and three frames; every pixel of a frame is ten times its index. */
const pictureOf = (index: number) =>
  ndarray(new Uint8Array(HEIGHT * WIDTH * 3).fill(10 * index), [HEIGHT, WIDTH, 3]);
const videos = tinyVideos([4, 3], pictureOf);

/** Flow whose u is the gap and whose v is the frame's index. */
const flow: VideoFlow = {
  made: null,
  gaps: [1, -1],
  read(index, gap) {
    const values = Float32Array.from({ length: HEIGHT * WIDTH * 2 }, (_, i) => i % 2 ? index : gap);
    return Promise.resolve(ndarray(values, [HEIGHT, WIDTH, 2]));
  },
};

const source: Source = { videos, flow, howTo: "deno task x flow" };

const recipe: GuessWhatMovesRecipe = {
  ...recipes.demo,
  picture: { height: 4, width: 4 },
  flow: { height: 8, width: 8 },
  mirroring: { left: false, down: false, transposed: false },
  batch: 4,
};

/** Index and gap of each sample of a step. */
async function drawn(frames: ReturnType<typeof openFrames>, step: number) {
  const { pictures, flow } = await frames(step);
  const [images, vectors] = [await take(pictures), await take(flow)];
  assertEquals([images.shape, vectors.shape], [[4, 4, 4, 3], [4, 8, 8, 2]]);
  return Array.from({ length: 4 }, (_, i) => {
    const index = images.data[i * 48] / 10;
    assertEquals(vectors.data[i * 128 + 1], index);
    return [index, vectors.data[i * 128]];
  });
}

Deno.test("a step's frames and gaps depend on seed and step alone, and stay within what is seen", async () => {
  const frames = openFrames(recipe, [source], 3);
  const again = openFrames(recipe, [source], 3);
  const seen = new Set<string>();
  const steps: string[] = [];
  for (let step = 0; step < 30; step++) {
    const draws = await drawn(frames, step);
    steps.push(draws.join());
    for (const draw of draws) seen.add(draw.join());
  }
  for (const step of [29, 0, 7]) assertEquals((await drawn(again, step)).join(), steps[step]);
  // The last frame of each video is held back, as an end of a flow too.
  assertEquals([...seen].sort(), ["0,1", "1,-1", "1,1", "2,-1", "4,1", "5,-1"]);
  const other = openFrames(recipe, [source], 4);
  assert((await drawn(other, 0)).join() !== steps[0]);
});

Deno.test("paired gaps are drawn as the official code draws them, of frames that have both", async () => {
  const paired = { ...recipe, gaps: [1, 2, -1, -2], pairedGaps: true, heldBack: 0 };
  const long = tinyVideos([8, 8], pictureOf);
  const far: Source = { ...source, videos: long, flow: { ...flow, gaps: paired.gaps } };
  const frames = openFrames(paired, [far], 3);
  const counts = new Map<number, number>(), seen = new Map<number, Set<number>>();
  for (let step = 0; step < 150; step++) {
    for (const [index, gap] of await drawn(frames, step)) {
      counts.set(gap, (counts.get(gap) ?? 0) + 1);
      seen.set(gap, (seen.get(gap) ?? new Set()).add(index % 8));
    }
  }
  const share = (gap: number) => (counts.get(gap) ?? 0) / 600;
  assertAlmostEquals(share(1), 1 / 2, 0.08);
  assertAlmostEquals(share(2), 1 / 3, 0.08);
  assertAlmostEquals(share(-1), 1 / 6, 0.08);
  assertEquals(share(-2), 0);
  // Over 2 with -1 or -2, a frame needs one before it and two after; over -1 with -2, two before it.
  assertEquals([...seen.get(2)!].sort(), [1, 2, 3, 4, 5]);
  assertEquals([...seen.get(-1)!].sort(), [2, 3, 4, 5, 6, 7]);
});

Deno.test("videos without flow over each of the gaps asked for are refused", () => {
  const far = { ...recipe, gaps: [1, 2] };
  const error = assertThrows(() => openFrames(far, [source], 0), DataError, "none over 2");
  assertEquals(error.nextStep, "Compute it: deno task x flow --gaps=1,2 --replace");
  assertThrows(
    () => openFrames({ ...recipe, heldBack: 3 }, [source], 0),
    DataError,
    "no video has flow",
  );
});

Deno.test("flow is resized to the nearest vector, in new pixels, and clipped", () => {
  const field: FlowField = ndarray(Float32Array.of(1, 2, 3, 4, 50, -50, 7, 8), [2, 2, 2]);
  assertEquals([...resizedFlow(field, { height: 2, width: 2 })], [1, 2, 3, 4, 20, -20, 7, 8]);
  assertEquals([...resizedFlow(field, { height: 1, width: 2 })], [1, 1, 3, 2]);
  const wide = resizedFlow(field, { height: 2, width: 4 });
  assertEquals([...wide.subarray(0, 8)], [2, 2, 2, 2, 6, 4, 6, 4]);
});

Deno.test("pictures are averaged over boxes, or resized bicubically and clipped", async () => {
  const values = Uint8Array.from(
    { length: 4 * 4 * 3 },
    (_, i) => i % 3 ? 255 : 4 * Math.floor(i / 3),
  );
  const image = ndarray(values, [4, 4, 3]);
  const small = await resizedPicture(image, { height: 2, width: 2 }, "box");
  assertEquals([...small.subarray(0, 3)], [4 * (0 + 1 + 4 + 5) / 4, 255, 255]);
  const bicubic = await resizedPicture(image, { height: 8, width: 8 }, "bicubic");
  assertEquals(bicubic.length, 8 * 8 * 3);
  assert(bicubic.every((value) => value >= 0 && value <= 255));
  assertEquals([...await resizedPicture(image, { height: 4, width: 4 }, "bicubic")], [...values]);
});

Deno.test("mirrored flow points where its pixels went", () => {
  // A vector to the right and a bit down at the top left of a 2×2 map.
  const field = Float32Array.of(3, 1, 0, 0, 0, 0, 0, 0);
  const size = { height: 2, width: 2 };
  const none = { left: false, down: false, transposed: false };
  assertEquals([...mirroredFlow(field, size, none)], [...field]);
  const left = mirroredFlow(field, size, { ...none, left: true });
  assertEquals([left[2], left[3]], [-3, 1]);
  const down = mirroredFlow(field, size, { ...none, down: true });
  assertEquals([down[4], down[5]], [3, -1]);
  const turned = mirroredFlow(field, size, { left: true, down: false, transposed: true });
  // Top right after the flip, bottom left after the exchange.
  assertEquals([turned[4], turned[5]], [1, -3]);
  assertEquals(packed(ndarray(field, [2, 2, 2]))[0], 3);
});

Deno.test("there is a way back from each view of a picture", () => {
  const size = { height: 3, width: 3 };
  const values = Float32Array.from({ length: 18 }, (_, i) => i);
  const views = viewsOf({ left: true, down: true, transposed: true });
  assertEquals(views.length, 8);
  const seen = views.map((view) => [...mirrored(values, size, 2, view)].join());
  assertEquals(new Set(seen).size, 8);
  assertEquals(seen[0], [...values].join());
  for (const view of views) {
    assertEquals(unmirrored(mirrored(values, size, 2, view), size, 2, view), values);
  }
  assertEquals(viewsOf({ left: true, down: false, transposed: false }).length, 2);
});
