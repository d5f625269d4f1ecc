import * as tf from "@tensorflow/tfjs";
import { assertThrows } from "@std/assert";
import { oracleOf } from "../kernel.ts";
import { assertGradients, drawn, drawnCoords, onDevice } from "../kernel_test_support.ts";
import { pyramidSize } from "./geometry.ts";
import { lookupVolume } from "./volume.ts";

Deno.test("the volume's gradient is the slope of the oracle", async () => {
  for (const [height, width] of [[1, 1], [3, 17], [17, 3]]) {
    const at = { height, width, levels: 2, radius: 2 };
    const inputs = {
      volume: drawn("volume", [2, height * width, pyramidSize(at)]),
      coords: drawnCoords([2, height, width], [height, width]),
    };
    await assertGradients(
      `windows ${height}x${width}`,
      ({ volume, coords }) => lookupVolume(volume as tf.Tensor3D, coords as tf.Tensor4D, at),
      (host) => oracleOf("CorrelationWindows")(host, at),
      inputs,
      ["volume"],
    );
  }
});

Deno.test("asking for the coordinates' gradient is an error", () => {
  const at = { height: 3, width: 3, levels: 1, radius: 1 };
  const volume = onDevice<tf.Tensor3D>(drawn("volume", [1, 9, 9]));
  const coords = onDevice<tf.Tensor4D>(drawnCoords([1, 3, 3], [3, 3]));
  const gradient = tf.grad((c) => lookupVolume(volume, c as tf.Tensor4D, at));
  assertThrows(() => gradient(coords), Error, "coords");
});
