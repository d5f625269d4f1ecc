import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { dropout } from "./dropout.ts";
import { oracleOf } from "./kernel.ts";
import { assertClose, drawn, FORWARD, onDevice, take } from "./kernel_test_support.ts";

const seedOf = (seed: number) => tf.tensor1d([seed], "int32");

Deno.test("the device drops what the oracle drops", async () => {
  for (
    const [shape, seed, place] of [[[1], 5, 0], [[3, 17], -7, 3], [[17, 3, 17], 2 ** 31 - 1, 99]]
  ) {
    const x = drawn("x", shape as number[]);
    const seeds = { shape: [1], data: Float64Array.of(seed as number) };
    for (const rate of [0, 0.1, 0.5]) {
      const attributes = { rate, place };
      const y = dropout(onDevice(x), seedOf(seed as number), rate, place as number);
      assertClose(
        await take(y),
        oracleOf("SeededDropout")({ x, seed: seeds }, attributes),
        FORWARD,
      );
    }
  }
});

Deno.test("it drops its share, other elements for another seed or place, and keeps the mean", async () => {
  const x = tf.ones([20_000]);
  const kept = async (seed: number, place: number) => {
    const { data } = await take(dropout(x, seedOf(seed), 0.3, place));
    return [...data].map((value) => value !== 0);
  };
  const first = await kept(1, 0);
  const share = (flags: boolean[]) => flags.filter(Boolean).length / flags.length;
  // Four standard deviations of a share of 20,000.
  assert(Math.abs(share(first) - 0.7) < 0.013);
  assertEquals(await kept(1, 0), first);
  for (const other of [await kept(2, 0), await kept(1, 1)]) {
    const agreeing = share(first.map((flag, i) => flag === other[i]));
    assert(Math.abs(agreeing - 0.58) < 0.014, `independent choices agree, not ${agreeing}`);
  }
});

Deno.test("the gradient passes where the value passed", async () => {
  const x = onDevice(drawn("x", [3, 17]));
  const dy = onDevice(drawn("dy", [3, 17]));
  const gradient = tf.grad((x) => dropout(x, seedOf(11), 0.4, 2))(x, dy);
  assertClose(await take(gradient), await take(dropout(dy, seedOf(11), 0.4, 2)), 0);
});
