import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { randomStream } from "../../base/random.ts";
import { identity } from "../../base/affine.ts";
import { drawMotion, motionAt } from "./motion.ts";

const rates = { speed: 5, turn: 0.1, zoom: 0.05, deform: 0.02 };

Deno.test("a motion starts at rest, and stays there without strength", () => {
  const motion = drawMotion(rates, randomStream(1));
  assertEquals(motionAt(motion, 1, 0), [...identity]);
  assertEquals(motionAt(motion, 0, 3), [...identity]);
});

Deno.test("a motion keeps to its speed, and turns slowly: velocity changes little a frame", () => {
  for (let seed = 0; seed < 50; seed++) {
    const motion = drawMotion(rates, randomStream(seed));
    const at = (time: number) => motionAt(motion, 1, time);
    for (let time = 0; time < 20; time++) {
      const [, , x0, , , y0] = at(time),
        [, , x1, , , y1] = at(time + 1),
        [, , x2, , , y2] = at(time + 2);
      assert(Math.hypot(x1 - x0, y1 - y0) <= rates.speed + 1e-9);
      assert(Math.hypot(x2 - 2 * x1 + x0, y2 - 2 * y1 + y0) < 0.55 * rates.speed);
    }
  }
});

Deno.test("a motion that only turns keeps lengths", () => {
  const motion = drawMotion({ speed: 0, turn: 0.3, zoom: 0, deform: 0 }, randomStream(2));
  const [a, b, , d, e] = motionAt(motion, 1, 2.5);
  assertAlmostEquals(a * e - b * d, 1, 1e-12);
  assertAlmostEquals(Math.hypot(a, d), 1, 1e-12);
  assert(Math.abs(b) > 1e-3);
});
