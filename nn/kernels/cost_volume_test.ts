import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { byValue } from "./activation.ts";
import { costVolume } from "./cost_volume.ts";
import { oracleOf } from "./kernel.ts";
import {
  assertGradients,
  assertMatchesOracle,
  drawn,
  FORWARD,
  GRADIENT,
  onDevice,
  SIZES,
  take,
  working,
} from "./kernel_test_support.ts";

for (const way of ["from buffers", "from textures"]) {
  Deno.test(`cost volumes ${way} and their gradients match their oracles`, () =>
    working(way, async () => {
      for (const [height, width] of SIZES) {
        for (const [channels, radius] of [[8, 4], [5, 1], [1, 2]]) {
          const shape = [2, height, width, channels];
          const inputs = { f1: drawn("f1", shape), f2: drawn("f2", shape) };
          const activation = byValue[(height + channels) % byValue.length];
          await assertMatchesOracle("CostVolume", inputs, { radius, activation }, FORWARD);
          const dy = drawn("dy", [2, height, width, (2 * radius + 1) ** 2]);
          for (const towards of [1, -1]) {
            const given = { dy, other: inputs.f1 };
            await assertMatchesOracle("CostVolumeGradient", given, { radius, towards }, GRADIENT);
          }
        }
      }
    }));
}

Deno.test("gradients of a cost volume are the slopes of its oracle", async () => {
  for (const activation of ["none", "tanh"] as const) {
    for (const [height, width, radius] of [[1, 1, 4], [3, 17, 2], [6, 5, 4]]) {
      const shape = [2, height, width, 3];
      await assertGradients(
        `cost volume ${activation} ${height}x${width}`,
        ({ f1, f2 }) => costVolume(f1 as tf.Tensor4D, f2 as tf.Tensor4D, radius, activation),
        (host) => oracleOf("CostVolume")(host, { radius, activation }),
        { f1: drawn("f1", shape), f2: drawn("f2", shape) },
        ["f1", "f2"],
      );
    }
  }
});

Deno.test("a feature matches its shifted copy in the channel of the shift, by the mean of squares", async () => {
  const size = 9, radius = 4;
  // Orthogonal features: each pixel's only match is its own copy.
  const f1 = tf.tidy(() => tf.reshape(tf.eye(size * size), [1, size, size, size * size]));
  for (const [dx, dy] of [[0, 0], [2, -1], [-4, 3], [4, 4]]) {
    const f2 = tf.tidy(() => {
      const around = tf.pad(f1, [[0, 0], [4, 4], [4, 4], [0, 0]]);
      return tf.slice(around, [0, 4 - dy, 4 - dx, 0], [1, size, size, -1]);
    });
    const { data } = await take(costVolume(f1 as tf.Tensor4D, f2 as tf.Tensor4D, radius));
    const center = data.slice(40 * 81, 41 * 81);
    assertEquals(center.indexOf(Math.max(...center)), (dy + radius) * 9 + dx + radius);
    assertAlmostEquals(Math.max(...center), 1 / (size * size), 1e-6);
    f2.dispose();
  }
  f1.dispose();
});

Deno.test("maps of different shapes have no cost volume", () => {
  for (const other of [[1, 6, 4, 3], [1, 5, 5, 3], [1, 5, 4, 2], [2, 5, 4, 3]]) {
    tf.tidy(() => {
      const f1 = tf.zeros<tf.Rank.R4>([1, 5, 4, 3]);
      const f2 = tf.zeros<tf.Rank.R4>(other as [number, number, number, number]);
      assertThrows(() => costVolume(f1, f2, 1), Error, "costVolume of two maps");
    });
  }
});

Deno.test("what a leaky cost volume puts out below zero is a tenth", async () => {
  const shape = [1, 2, 3, 4];
  const [f1, f2] = [drawn("f1", shape), drawn("f2", shape)].map((x) => onDevice<tf.Tensor4D>(x));
  const plain = await take(costVolume(f1, f2, 1));
  const leaky = await take(costVolume(f1, f2, 1, "leaky"));
  plain.data.forEach((v, i) => assertAlmostEquals(leaky.data[i], v < 0 ? v / 10 : v, 1e-6));
  tf.dispose([f1, f2]);
});
