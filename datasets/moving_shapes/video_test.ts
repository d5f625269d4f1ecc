import { assert, assertEquals, assertLess, assertThrows } from "@std/assert";
import { packed } from "../../base/arrays.ts";
import { UsageError } from "../../base/errors.ts";
import { demoConfig } from "./config.ts";
import { classNames } from "./scene.ts";
import { renderVideo, type ShapesVideo } from "./video.ts";

const noiseless = { ...demoConfig, noise: 0, blur: 0, brightness: 0 };
const VIDEOS = 16;
const videos = Array.from({ length: VIDEOS }, (_, i) => renderVideo(noiseless, "train", i));
const { frames: T, height: H, width: W } = noiseless;

function valuesOf(view: ShapesVideo[keyof ShapesVideo]): Float32Array | Uint8Array {
  return packed<Float32Array | Uint8Array>(view);
}

/** Weights of Catmull-Rom's cubic interpolation for a position `t` between its middle samples. */
function cubicWeights(t: number): number[] {
  const cubic = (s: number) =>
    s < 1 ? 1.5 * s ** 3 - 2.5 * s ** 2 + 1 : -0.5 * s ** 3 + 2.5 * s ** 2 - 4 * s + 2;
  return [cubic(1 + t), cubic(t), cubic(1 - t), cubic(2 - t)];
}

/** Whether all pixels within 2 pixels of one show the same object. */
function insideObject({ instances }: ShapesVideo, time: number, y: number, x: number): boolean {
  for (let j = y - 2; j <= y + 2; j++) {
    for (let i = x - 2; i <= x + 2; i++) {
      if (i < 0 || j < 0 || i >= W || j >= H) return false;
      if (instances.get(time, j, i) !== instances.get(time, y, x)) return false;
    }
  }
  return true;
}

/** Calls back for every pixel (x, y) of frame 0 that is visible in frame 1, with its flow. */
function forVisible(
  { flowForward: flow, occludedForward: occluded }: ShapesVideo,
  visit: (x: number, y: number, u: number, v: number) => void,
): void {
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      if (!occluded.get(0, y, x)) visit(x, y, flow.get(0, y, x, 0), flow.get(0, y, x, 1));
    }
  }
}

type Change = (u: number, v: number) => [number, number];
const unchanged: Change = (u, v) => [u, v];

/** Mean grey-level difference between frame 0 and frame 1 warped by the flow, where visible. */
function warpError(change: Change, where: "everywhere" | "inside objects"): number {
  let sum = 0, n = 0;
  for (const video of videos) {
    const { frames } = video;
    forVisible(video, (x, y, trueU, trueV) => {
      const [u, v] = change(trueU, trueV);
      const left = Math.floor(x + u), top = Math.floor(y + v);
      if (left < 1 || top < 1 || left > W - 3 || top > H - 3) return;
      if (where === "inside objects" && !insideObject(video, 0, y, x)) return;
      const across = cubicWeights(x + u - left), down = cubicWeights(y + v - top);
      for (let channel = 0; channel < 3; channel++, n++) {
        let color = 0;
        for (let j = 0; j < 4; j++) {
          for (let i = 0; i < 4; i++) {
            color += down[j] * across[i] * frames.get(1, top - 1 + j, left - 1 + i, channel);
          }
        }
        sum += Math.abs(color - frames.get(0, y, x, channel));
      }
    });
  }
  return sum / n;
}

Deno.test("frame 1 warped by the flow restores frame 0 to about a grey level", () => {
  assertLess(warpError(unchanged, "everywhere"), 1.5);
  assertLess(warpError(unchanged, "inside objects"), 1);
});

Deno.test("a wrong flow does not restore frame 0", () => {
  const restored = warpError(unchanged, "everywhere");
  assertLess(8 * restored, warpError(() => [0, 0], "everywhere"), "no flow");
  assertLess(8 * restored, warpError((u, v) => [-u, -v], "everywhere"), "flipped");
  assertLess(8 * restored, warpError((u, v) => [v, u], "everywhere"), "x and y swapped");
  const precise = warpError(unchanged, "inside objects");
  assertLess(3 * precise, warpError((u, v) => [u + 0.5, v], "inside objects"), "half a pixel off");
  assertLess(1.3 * precise, warpError((u, v) => [u, v - 0.1], "inside objects"), "0.1 pixel off");
});

Deno.test("forward and backward flow undo each other where nothing is hidden", () => {
  let checked = 0;
  for (const video of videos) {
    const { flowBackward: back } = video;
    forVisible(video, (x, y, u, v) => {
      const left = Math.floor(x + u), top = Math.floor(y + v), s = x + u - left, t = y + v - top;
      if (left < 0 || top < 0 || left >= W || top >= H || !insideObject(video, 1, top, left)) {
        return;
      }
      for (const [component, forth] of [u, v].entries()) {
        const at = (j: number, i: number) => back.get(0, top + j, left + i, component);
        const upper = (1 - s) * at(0, 0) + s * at(0, 1), lower = (1 - s) * at(1, 0) + s * at(1, 1);
        assertLess(Math.abs(forth + (1 - t) * upper + t * lower), 1e-4);
      }
      checked++;
    });
  }
  assert(checked > 0.5 * VIDEOS * H * W);
});

Deno.test("a visible pixel lands on its own object, a hidden one on a nearer one or outside", () => {
  for (const video of videos) {
    const { instances } = video;
    for (
      const [flow, occluded, from, to] of [
        [video.flowForward, video.occludedForward, 0, 1],
        [video.flowBackward, video.occludedBackward, 1, 0],
      ] as const
    ) {
      let same = 0, visible = 0, explained = 0, hidden = 0;
      for (let y = 0; y < H; y++) {
        for (let x = 0; x < W; x++) {
          const i = Math.round(x + flow.get(0, y, x, 0)), j = Math.round(y + flow.get(0, y, x, 1));
          const own = instances.get(from, y, x), outside = i < 0 || j < 0 || i >= W || j >= H;
          const there = outside ? Infinity : instances.get(to, j, i);
          if (occluded.get(0, y, x)) {
            hidden++;
            if (there > own) explained++;
          } else {
            visible++;
            if (there === own) same++;
          }
        }
      }
      // The nearest pixel's center may lie on the other side of an edge.
      assert(same > 0.97 * visible, `${same} of ${visible}`);
      assert(explained > 0.75 * hidden, `${explained} of ${hidden}`);
    }
  }
});

Deno.test("tracks follow the flow at whole pixels and stay on their object while visible", () => {
  let steps = 0, seen = 0, onObject = 0;
  for (const { tracks, visible, flowForward, flowBackward, instances } of videos) {
    for (let point = 0; point < noiseless.tracks; point++) {
      const position = (time: number) => [0, 1].map((axis) => tracks.get(point, time, axis));
      const start = [...Array(T).keys()].findIndex((time) => {
        return visible.get(point, time) && position(time).every(Number.isInteger);
      });
      assert(start >= 0, "a track starts at a visible pixel");
      const [x0, y0] = position(start), object = instances.get(start, y0, x0);
      for (
        const [flow, pair, to] of [
          [flowForward, start, start + 1],
          [flowBackward, start - 1, start - 1],
        ] as const
      ) {
        if (to < 0 || to >= T) continue;
        const [x1, y1] = position(to);
        assertLess(Math.abs(x1 - x0 - flow.get(pair, y0, x0, 0)), 1e-4);
        assertLess(Math.abs(y1 - y0 - flow.get(pair, y0, x0, 1)), 1e-4);
        steps++;
      }
      for (let time = 0; time < T; time++) {
        const [x, y] = position(time).map(Math.round);
        if (!visible.get(point, time)) continue;
        seen++;
        if (instances.get(time, y, x) === object) onObject++;
      }
    }
  }
  assert(steps > VIDEOS * noiseless.tracks);
  assert(onObject > 0.96 * seen, `${onObject} of ${seen}`);
  assert(seen < VIDEOS * noiseless.tracks * T, "some points are hidden at times");
});

Deno.test("chained flow agrees with tracks over all frames", () => {
  let checked = 0;
  for (const video of videos) {
    const { tracks, visible, flowForward: flow } = video;
    for (let point = 0; point < noiseless.tracks; point++) {
      const [x0, y0] = [0, 1].map((axis) => tracks.get(point, 0, axis));
      if (!Number.isInteger(x0) || !Number.isInteger(y0)) continue;
      let x = x0, y = y0, time = 0;
      for (; time < T - 1; time++) {
        const left = Math.floor(x), top = Math.floor(y), s = x - left, t = y - top;
        if (!visible.get(point, time) || !insideObject(video, time, top, left)) break;
        const step = [0, 1].map((component) => {
          const at = (j: number, i: number) => flow.get(time, top + j, left + i, component);
          return (1 - t) * ((1 - s) * at(0, 0) + s * at(0, 1)) +
            t * ((1 - s) * at(1, 0) + s * at(1, 1));
        });
        x += step[0];
        y += step[1];
      }
      assertLess(Math.hypot(x - tracks.get(point, time, 0), y - tracks.get(point, time, 1)), 1e-3);
      if (time === T - 1) checked++;
    }
  }
  assert(checked > 50);
});

Deno.test("displacements are wide, bounded and come with a plausible share of occlusion", () => {
  const size = (T - 1) * H * W, lengths = new Float32Array(2 * VIDEOS * size);
  let hidden = 0, at = 0;
  for (const { flowForward, flowBackward, occludedForward } of videos) {
    for (const flow of [packed(flowForward), packed(flowBackward)]) {
      for (let i = 0; i < flow.length; i += 2) lengths[at++] = Math.hypot(flow[i], flow[i + 1]);
    }
    hidden += packed(occludedForward).reduce((sum, flag) => sum + flag, 0);
  }
  lengths.sort();
  const quantile = (share: number) => lengths[Math.floor(share * (lengths.length - 1))];
  const { maxDisplacement } = noiseless;
  assertLess(quantile(1), maxDisplacement + 1e-4);
  assertLess(quantile(0.1), maxDisplacement / 18);
  assertLess(maxDisplacement / 3, quantile(0.9));
  const share = hidden / (VIDEOS * size);
  assert(share > 0.01 && share < 0.15, `${share} of all pixels are hidden`);
});

Deno.test("every object is of one class and no object shares a class with the background", () => {
  const seen = new Set<number>();
  for (const { instances, classes } of videos) {
    const classOf = new Map<number, number>(), labels = packed(classes);
    packed(instances).forEach((instance, at) => {
      seen.add(labels[at]);
      if (instance === 0) return assertLess(labels[at], classNames.indexOf("disc"));
      assert(labels[at] >= classNames.indexOf("disc") && labels[at] < classNames.length);
      assertEquals(classOf.get(instance) ?? labels[at], labels[at]);
      classOf.set(instance, labels[at]);
    });
  }
  assert(seen.size >= classNames.length - 2);
});

Deno.test("a video depends on seed, split and index alone", () => {
  const again = renderVideo(noiseless, "train", 3);
  for (const field of Object.keys(again) as (keyof ShapesVideo)[]) {
    assertEquals(valuesOf(again[field]), valuesOf(videos[3][field]), field);
  }
  const others = [
    renderVideo(noiseless, "val", 3),
    renderVideo(noiseless, "test", 3),
    renderVideo({ ...noiseless, seed: 1 }, "train", 3),
  ].map(({ frames }) => packed(frames).join());
  assertEquals(new Set([...others, packed(videos[3].frames).join()]).size, 4);
});

Deno.test("noise, blur and brightness change the pictures and nothing else", () => {
  const strong = { ...noiseless, noise: 20, blur: 1, brightness: 0.3 };
  const differing = videos.slice(0, 6).filter((clean, i) => {
    const { frames, ...truth } = renderVideo(strong, "train", i);
    for (const field of Object.keys(truth) as (keyof typeof truth)[]) {
      assertEquals(valuesOf(truth[field]), valuesOf(clean[field]), field);
    }
    return packed(frames).join() !== packed(clean.frames).join();
  });
  assert(differing.length > 2);
});

Deno.test("renderVideo() refuses splits and indices that do not exist", () => {
  assertThrows(() => renderVideo(noiseless, "training", 0), UsageError, "training");
  for (const index of [-1, 0.5, noiseless.valVideos]) {
    assertThrows(() => renderVideo(noiseless, "val", index), UsageError, `video ${index}`);
  }
});
