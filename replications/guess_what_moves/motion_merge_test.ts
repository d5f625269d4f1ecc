import { assertEquals } from "@std/assert";
import { ndarray } from "../../base/arrays.ts";
import { randomStream } from "../../base/random.ts";
import { motionSegments, twoMotions } from "./motion_merge.ts";

const HEIGHT = 12, WIDTH = 16;

/** A label and a flow vector for each pixel as soft segments, slightly mixed, and flow. */
function scene(
  label: (x: number, y: number) => number,
  flowOf: (label: number, x: number, y: number) => readonly [number, number],
  segments = 4,
) {
  const random = randomStream(1, "scene");
  const shares = ndarray(new Float32Array(HEIGHT * WIDTH * segments), [HEIGHT, WIDTH, segments]);
  const flow = ndarray(new Float32Array(HEIGHT * WIDTH * 2), [HEIGHT, WIDTH, 2]);
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      const own = label(x, y);
      for (let k = 0; k < segments; k++) {
        shares.set(y, x, k, k === own ? 0.94 : 0.06 / (segments - 1));
      }
      flowOf(own, x, y).forEach((value, c) => flow.set(y, x, c, value + random.uniform(-0.1, 0.1)));
    }
  }
  return { shares, flow };
}

/** Left and right half are background, with a box in the middle of either. */
const halves = (x: number, y: number) => {
  const inBox = y >= 4 && y < 8 && x % 8 >= 2 && x % 8 < 6;
  return (inBox ? 2 : 0) + (x < 8 ? 0 : 1);
};

/** A camera that turns and zooms. */
const camera = (x: number, y: number) => [0.2 * x - 0.1 * y, 0.1 * x + 0.2 * y] as const;

Deno.test("segments that move with the camera are background, others are not", () => {
  const { shares, flow } = scene(halves, (label, x, y) => {
    const [u, v] = camera(x, y);
    return label === 3 ? [u + 5, v - 2] : [u, v];
  });
  // Segment 2 stands still in the scene, as nothing but its look could tell.
  assertEquals(motionSegments(shares, flow, 0.5), [true, true, true, false]);
});

Deno.test("one segment stays foreground, though all move alike", () => {
  const { shares, flow } = scene(halves, (_, x, y) => camera(x, y));
  const background = motionSegments(shares, flow, 0.5);
  assertEquals(background.filter((is) => !is).length, 1);
});

Deno.test("how much may be left unexplained decides", () => {
  const { shares, flow } = scene(halves, (label) => label === 1 ? [1, 0] : [0, label * 3]);
  assertEquals(motionSegments(shares, flow, 0.01), [true, false, false, false]);
  assertEquals(motionSegments(shares, flow, 0.5)[1], true);
});

Deno.test("empty segments and flow without any motion do no harm", () => {
  const { shares, flow } = scene(halves, () => [0, 0], 6);
  for (let i = 4; i < shares.data.length; i += 6) shares.data.set([0, 0], i);
  flow.data.fill(0);
  assertEquals(motionSegments(shares, flow, 0.5).filter((is) => is).length, 1);
});

Deno.test("the two motions that explain the flow best part figure and ground", () => {
  const { shares, flow } = scene(halves, (label, x, y) => {
    const [u, v] = camera(x, y);
    return label >= 2 ? [u + 0.8, v] : [u, v];
  });
  assertEquals(twoMotions(shares, flow), [true, true, false, false]);
});

Deno.test("two motions leave empty segments where they are, and always part something", () => {
  const { shares, flow } = scene(halves, (label) => label === 3 ? [3, 0] : [0, 0], 5);
  const background = twoMotions(shares, flow);
  assertEquals(background.slice(0, 4), [true, true, true, false]);
  const all = scene(() => 0, () => [1, 1]);
  assertEquals(twoMotions(all.shares, all.flow).filter((is) => is).length, 1);
});
