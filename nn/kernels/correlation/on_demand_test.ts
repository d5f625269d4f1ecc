import * as tf from "@tensorflow/tfjs";
import { assertThrows } from "@std/assert";
import { oracleOf } from "../kernel.ts";
import { assertGradients, drawn, drawnCoords } from "../kernel_test_support.ts";
import { type Lookup, pyramidSize } from "./geometry.ts";
import { lookupOnDemand } from "./on_demand.ts";

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
