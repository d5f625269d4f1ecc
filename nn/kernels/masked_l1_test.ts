import * as tf from "@tensorflow/tfjs";
import { assertThrows } from "@std/assert";
import fc from "fast-check";
import { type HostTensor, oracleOf } from "./kernel.ts";
import {
  assertClose,
  assertGradients,
  drawn,
  float64,
  FORWARD,
  GRADIENT,
  onDevice,
  repeated,
  sweep,
  SWEPT,
  take,
} from "./kernel_test_support.ts";
import { maskedL1, maskedL1Gradients, maskedL1GradientsOracle } from "./masked_l1.ts";

/** Truth, weights and so many predictions. */
const given = (count: number, shape: readonly number[]): HostTensor[] => [
  drawn("truth", shape),
  drawn("weight", [...shape.slice(0, -1), 1]),
  ...Array.from({ length: count }, (_, i) => drawn(`prediction${i}`, shape)),
];

const factorsOf = (count: number) => Array.from({ length: count }, (_, i) => 0.8 ** i);

const run = ([truth, weight, ...predictions]: tf.Tensor[], { factors, limit }: Settings) =>
  maskedL1(
    predictions as tf.Tensor4D[],
    truth as tf.Tensor4D,
    weight as tf.Tensor4D,
    factors,
    limit,
  );

interface Settings {
  readonly factors: readonly number[];
  readonly limit: number;
}

/** The error and its gradients against their oracles. */
async function check(shape: readonly number[], settings: Settings): Promise<void> {
  const what = `masked l1 of ${settings.factors.length} [${shape}]`;
  const hosts = given(settings.factors.length, shape), dy = drawn("dy", []);
  const tensors = hosts.map((x) => onDevice(x)), seed = onDevice(dy);
  const exact = hosts.map(float64);
  const wanted = oracleOf("MaskedL1")(Object.fromEntries(exact.entries()), settings);
  assertClose(await repeated(what, () => run(tensors, settings)), wanted, FORWARD, what);
  const slopes = maskedL1GradientsOracle(
    dy.data[0],
    exact.slice(2),
    { truth: exact[0], weight: exact[1] },
    settings,
  );
  const [truth, weight, ...predictions] = tensors;
  const made = maskedL1Gradients(seed, predictions, { truth, weight }, settings);
  for (const [i, gradient] of made.entries()) {
    assertClose(await take(gradient), slopes[i], GRADIENT, `gradient ${i} of ${what}`);
  }
  tf.dispose([tensors, seed]);
}

Deno.test("many numbers match the oracle", () =>
  check([2, 80, 80, 2], { factors: [1], limit: Infinity }));

const cases = fc.record({
  shape: fc.tuple(
    fc.constantFrom(1, 3),
    fc.constantFrom(1, 3, 17),
    fc.constantFrom(1, 5, 17),
    fc.constantFrom(1, 2, 3),
  ),
  count: fc.constantFrom(1, 2, 3, 4, 5, 9),
  limit: fc.constantFrom(Infinity, 1),
});

Deno.test(`errors and gradients match their oracles at ${SWEPT} shapes`, () =>
  sweep(cases, ({ shape, count, limit }) => check(shape, { factors: factorsOf(count), limit })));

Deno.test("the gradients are the slopes of the oracle", async () => {
  for (const [count, limit] of [[1, Infinity], [2, 1], [5, 1.5]]) {
    const factors = factorsOf(count);
    const names = factors.map((_, i) => String(i + 2));
    await assertGradients(
      `masked l1 of ${count}`,
      (inputs) => run(Object.values(inputs), { factors, limit }),
      (host) => oracleOf("MaskedL1")(host, { factors, limit }),
      Object.fromEntries(given(count, [1, 3, 17, 2]).entries()),
      names,
    );
  }
});

Deno.test("a prediction of another size than the truth is refused", () => {
  const [a, b] = [tf.zeros<tf.Rank.R4>([1, 2, 2, 2]), tf.zeros<tf.Rank.R4>([1, 2, 3, 2])];
  const weight = tf.ones<tf.Rank.R4>([1, 2, 2, 1]);
  assertThrows(() => maskedL1([a, b], a, weight, [1, 1]), Error, "maskedL1");
});
