import * as tf from "@tensorflow/tfjs";
import { assertThrows } from "@std/assert";
import { concatChannels } from "./concat_channels.ts";
import { gruUpdate } from "./gru.ts";
import { oracleOf } from "./kernel.ts";
import {
  assertGradients,
  assertMatchesOracle,
  drawn,
  FORWARD,
  GRADIENT,
  SIZES,
} from "./kernel_test_support.ts";
import { residualRelu } from "./residual.ts";

const maps = (names: readonly string[], shape: readonly number[]) =>
  Object.fromEntries(names.map((name) => [name, drawn(name, shape)]));

Deno.test("residual ReLU and its gradient match their oracles", async () => {
  for (const [height, width] of SIZES) {
    for (const channels of [5, 8]) {
      const shape = [2, height, width, channels];
      await assertMatchesOracle("ResidualRelu", maps(["x", "y"], shape), {}, FORWARD);
      await assertMatchesOracle("ResidualReluGradient", maps(["dy", "out"], shape), {}, GRADIENT);
    }
  }
  await assertGradients(
    "residual relu",
    ({ x, y }) => residualRelu(x, y),
    (host) => oracleOf("ResidualRelu")(host, {}),
    maps(["x", "y"], [1, 3, 17, 4]),
    ["x", "y"],
  );
});

Deno.test("a GRU's update and its gradients match their oracles", async () => {
  for (const [height, width] of SIZES) {
    for (const channels of [5, 8]) {
      const inputs = maps(["h", "z", "q"], [2, height, width, channels]);
      await assertMatchesOracle("GruUpdate", inputs, {}, FORWARD);
      await assertGradients(
        `gru update ${height}x${width}x${channels}`,
        ({ h, z, q }) => gruUpdate(h, z, q),
        (host) => oracleOf("GruUpdate")(host, {}),
        inputs,
        ["h", "z", "q"],
      );
    }
  }
});

Deno.test("joined channels and their gradients match their oracles, gated or not", async () => {
  const sizes = [[3, 5], [4, 8], [7, 2, 3], [8, 4, 4], [9, 4, 2, 2]];
  for (const [height, width] of SIZES) {
    for (const widths of sizes) {
      const parts = Object.fromEntries(
        widths.map((channels, i) => [`part${i}`, drawn(`part${i}`, [2, height, width, channels])]),
      );
      const gate = drawn("gate", parts.part0.shape);
      const run = (inputs: Readonly<Record<string, tf.Tensor>>) =>
        concatChannels(widths.map((_, i) => inputs[`part${i}`]), inputs.gate);
      for (
        const [name, inputs] of [
          ["ConcatChannels", parts],
          ["GatedConcat", { ...parts, gate }],
        ] as const
      ) {
        await assertMatchesOracle(name, inputs, { widths }, FORWARD);
        await assertGradients(
          `${name} ${height}x${width} [${widths}]`,
          run,
          (host) => oracleOf(name)(host, { widths }),
          inputs,
          Object.keys(inputs),
        );
      }
    }
  }
});

Deno.test("one map alone and five maps are refused", () => {
  const map = tf.zeros([1, 2, 2, 3]);
  for (const count of [1, 5]) {
    assertThrows(() => concatChannels(Array.from({ length: count }, () => map)), Error, "maps");
  }
});
