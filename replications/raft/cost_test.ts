import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { levelOf } from "../../nn/kernels/correlation/geometry.ts";
import { pyramidSize } from "../../nn/kernels/correlation.ts";
import { forwardGigamacs, onDemandGigaflop, trainingGigaflop } from "./cost.ts";
import { large, small } from "./model.ts";
import { recipes } from "./recipes.ts";

Deno.test("forwardGigamacs() agrees with counts made elsewhere", () => {
  assertAlmostEquals(forwardGigamacs(large, 368, 496, 12), 146, 1.5);
  assertAlmostEquals(forwardGigamacs(large, 128, 128, 12), 12.9, 0.15);
  assertAlmostEquals(forwardGigamacs(small, 128, 128, 12), 2.85, 0.03);
});

Deno.test("onDemandGigaflop() is what the kernels' loops add up to", () => {
  const height = 11, width = 14, { features, levels, radius } = small;
  const at = { height, width, levels, radius }, side = 2 * radius + 2;
  const coords = Float32Array.from(
    { length: height * width * 2 },
    (_, i) => i % 2 === 0 ? (i >> 1) % width : Math.floor((i >> 1) / width),
  );
  let products = 0, visits = 0;
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let k = 0; k < levels; k++) {
      const level = levelOf(k, pixel, coords, at);
      for (let dx = 0; dx < side; dx++) {
        for (let dy = 0; dy < side; dy++) {
          const x = level.x0 + dx, y = level.y0 + dy;
          if (x >= 0 && y >= 0 && x < level.width && y < level.height) products += features;
        }
      }
    }
    for (let position = 0; position < pyramidSize(at); position++) visits += features / 4;
  }
  // Forward, and the gradients by both features: of the second, each visit takes 20.
  assertEquals(
    onDemandGigaflop(small, { height: 88, width: 112 }, 3),
    (3 * 2 * products + 20 * visits) / 1e9,
  );
});

Deno.test("a training step has the volume where it is held, else correlations on demand", () => {
  const { demo, paper } = recipes;
  const crop = { height: 80, width: 80 };
  assertEquals(trainingGigaflop(demo, crop, 4), 24 * forwardGigamacs(demo.model, 80, 80, 4));
  const chairs = { height: 368, width: 496 };
  const step = trainingGigaflop(paper, chairs, 10);
  const withVolume = 80 * forwardGigamacs(large, 368, 496, 12);
  const onDemand = 120 * onDemandGigaflop(large, chairs, 4);
  assertAlmostEquals(step, withVolume + onDemand - 80 * (46 * 62) ** 2 * 256 / 1e9, 1e-6);
  assert(onDemand > 0.1 * step && onDemand < 0.2 * step, `${onDemand / step}`);
});
