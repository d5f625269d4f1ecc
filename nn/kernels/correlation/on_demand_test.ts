import * as tf from "@tensorflow/tfjs";
import { assertThrows } from "@std/assert";
import { type HostTensor, oracleOf } from "../kernel.ts";
import {
  assertGradients,
  assertMatchesOracle,
  drawn,
  drawnCoords,
  FORWARD,
  GRADIENT,
  type Named,
  SIZES,
} from "../kernel_test_support.ts";
import { type Lookup, pyramidSize } from "./geometry.ts";
import { lookupOnDemand } from "./on_demand.ts";

for (const [batch, depth] of [[1, 4], [3, 12]]) {
  Deno.test(`products and interpolation match their oracles, batch ${batch}`, async () => {
    for (const [height, width] of SIZES) {
      const at = { height: width, width: height, levels: 3, radius: batch };
      const coords = drawnCoords([batch, height, width], [at.height, at.width]);
      const f1 = drawn("f1", [batch, height, width, depth]);
      const pyramid = drawn("pyramid", [batch, pyramidSize(at), depth]);
      const dots = drawn("dots", [batch, height, width, 3 * (2 * batch + 2) ** 2]);
      const windows = drawn("windows", [batch, height, width, 3 * (2 * batch + 1) ** 2]);
      const check = (name: string, inputs: Named<HostTensor>, tolerance: number) =>
        assertMatchesOracle(`Correlation${name}`, inputs, at, tolerance);
      await check("Products", { f1, pyramid, coords }, FORWARD);
      await check("ProductsGradientF1", { dy: dots, pyramid, coords }, GRADIENT);
      await check("ProductsGradientPyramid", { dy: dots, f1, coords }, GRADIENT);
      await check("Interpolate", { dots, coords }, FORWARD);
      await check("InterpolateGradient", { dy: windows, coords }, GRADIENT);
    }
  });
}

Deno.test("both features' gradients are the slopes of the oracle", async () => {
  for (const [height, width] of [[1, 1], [3, 17], [17, 3]]) {
    const at: Lookup = { height, width, levels: 2, radius: 2 };
    const inputs = {
      f1: drawn("f1", [2, height, width, 4]),
      pyramid: drawn("pyramid", [2, pyramidSize(at), 4]),
      coords: drawnCoords([2, height, width], [height, width]),
    };
    await assertGradients(
      `on demand ${height}x${width}`,
      ({ f1, pyramid, coords }) =>
        lookupOnDemand(f1 as tf.Tensor4D, pyramid as tf.Tensor3D, coords as tf.Tensor4D, at),
      (host) => {
        const dots = oracleOf("CorrelationProducts")(host, at);
        return oracleOf("CorrelationInterpolate")({ dots, coords: host.coords }, at);
      },
      inputs,
      ["f1", "pyramid"],
    );
  }
});

Deno.test("a number of feature channels that 4 does not divide is refused", () => {
  const at = { height: 1, width: 1, levels: 1, radius: 1 };
  const [f1, pyramid, coords] = [[1, 1, 1, 6], [1, 1, 6], [1, 1, 1, 2]].map((shape) =>
    tf.zeros(shape)
  );
  assertThrows(
    () => lookupOnDemand(f1 as tf.Tensor4D, pyramid as tf.Tensor3D, coords as tf.Tensor4D, at),
    Error,
    "6 feature channels",
  );
});
