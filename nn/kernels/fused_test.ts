import * as tf from "@tensorflow/tfjs";
import { assertThrows } from "@std/assert";
import { concatChannels } from "./concat_channels.ts";
import { gruUpdate } from "./gru.ts";
import { oracleOf } from "./kernel.ts";
import { assertGradients, drawn } from "./kernel_test_support.ts";
import { residualRelu } from "./residual.ts";

const maps = (names: readonly string[], shape: readonly number[]) =>
  Object.fromEntries(names.map((name) => [name, drawn(name, shape)]));

Deno.test("the gradients of residual ReLU are the slopes of the oracle", () =>
  assertGradients(
    "residual relu",
    ({ x, y }) => residualRelu(x, y),
    (host) => oracleOf("ResidualRelu")(host, {}),
    maps(["x", "y"], [1, 3, 17, 4]),
    ["x", "y"],
  ));

Deno.test("the gradients of a GRU's update are the slopes of the oracle", async () => {
  for (const channels of [5, 8]) {
    await assertGradients(
      `gru update, ${channels} channels`,
      ({ h, z, q }) => gruUpdate(h, z, q),
      (host) => oracleOf("GruUpdate")(host, {}),
      maps(["h", "z", "q"], [2, 3, 17, channels]),
      ["h", "z", "q"],
    );
  }
});

Deno.test("the gradients of joined channels are the slopes of the oracle, gated or not", async () => {
  for (const widths of [[3, 5], [4, 8], [7, 2, 3], [8, 4, 4], [5, 1, 4, 2]]) {
    const parts = Object.fromEntries(
      widths.map((channels, i) => [`part${i}`, drawn(`part${i}`, [2, 3, 17, channels])]),
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
      await assertGradients(
        `${name} [${widths}]`,
        run,
        (host) => oracleOf(name)(host, { widths }),
        inputs,
        Object.keys(inputs),
      );
    }
  }
});

Deno.test("one map alone and five maps are refused", () => {
  const map = tf.zeros([1, 2, 2, 3]);
  for (const count of [1, 5]) {
    assertThrows(() => concatChannels(Array.from({ length: count }, () => map)), Error, "maps");
  }
});
