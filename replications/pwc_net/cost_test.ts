import { assertAlmostEquals } from "@std/assert";
import { forwardGigamacs, trainingGigaflop } from "./cost.ts";
import { published, released } from "./model.ts";

Deno.test("forwardGigamacs() counts what the layer tables add up to", () => {
  assertAlmostEquals(forwardGigamacs(released, 384, 448), 31.6, 0.05);
  assertAlmostEquals(forwardGigamacs(released, 448, 1024), 84.2, 0.1);
  const quarter = {
    ...released,
    pyramid: [4, 8, 16, 24, 32, 49],
    dense: [32, 32, 24, 16, 8],
    context: [32, 32, 32, 24, 16, 8],
  };
  assertAlmostEquals(forwardGigamacs(quarter, 64, 64), 0.076, 0.0005);
});

Deno.test("forwardGigamacs() is less by a convolution a level for the paper's model", () => {
  const less = released.pyramid.reduce(
    (sum, c, i) => sum + 2 * 64 * 64 / 4 ** (i + 1) * 9 * c * c,
    0,
  );
  const difference = forwardGigamacs(released, 64, 64) - forwardGigamacs(published, 64, 64);
  assertAlmostEquals(difference, less / 1e9, 1e-12);
});

Deno.test("trainingGigaflop() takes three passes of two operations a multiplication", () => {
  const crop = { height: 384, width: 448 };
  assertAlmostEquals(trainingGigaflop(released, crop, 8), 48 * forwardGigamacs(released, 384, 448));
});
