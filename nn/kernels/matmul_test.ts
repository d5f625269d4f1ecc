import * as tf from "@tensorflow/tfjs";
import { assertThrows } from "@std/assert";
import fc from "fast-check";
import { biasActivation } from "./bias_activation.ts";
import { gelu } from "./gelu.ts";
import { type HostTensor, hostZeros } from "./kernel.ts";
import {
  assertClose,
  assertValueAndGradients,
  drawn,
  FORWARD,
  onDevice,
  repeated,
  sweep,
  SWEPT,
  ways,
  working,
} from "./kernel_test_support.ts";
import { affine } from "./matmul.ts";

/** One product: batch axes of both operands, then op(a) [m, k] by op(b) [k, n]. */
interface Case {
  readonly axesA: readonly number[];
  readonly axesB: readonly number[];
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

const shapeA = ({ axesA, m, k, transposeA }: Case) => [...axesA, ...transposeA ? [k, m] : [m, k]];
const shapeB = ({ axesB, n, k, transposeB }: Case) => [...axesB, ...transposeB ? [n, k] : [k, n]];

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** The product and both gradients by definition, in double precision. */
function oracle(shape: Case, a: HostTensor, b: HostTensor, dy: HostTensor) {
  const { m, k, n, transposeA, transposeB } = shape;
  const batch = sizeOf(dy.shape.slice(0, -2));
  const y = hostZeros(dy.shape), da = hostZeros(a.shape), db = hostZeros(b.shape);
  for (let t = 0; t < batch; t++) {
    const inA = t % sizeOf(shape.axesA) * m * k, inB = t % sizeOf(shape.axesB) * k * n;
    for (let r = 0; r < m; r++) {
      for (let c = 0; c < n; c++) {
        const to = (t * m + r) * n + c;
        for (let i = 0; i < k; i++) {
          const fromA = inA + (transposeA ? i * m + r : r * k + i);
          const fromB = inB + (transposeB ? c * k + i : i * n + c);
          y.data[to] += a.data[fromA] * b.data[fromB];
          da.data[fromA] += dy.data[to] * b.data[fromB];
          db.data[fromB] += dy.data[to] * a.data[fromA];
        }
      }
    }
  }
  return { y, da, db };
}

/** Runs one case four times, gradients included, and compares it with the oracle. */
async function check(shape: Case): Promise<void> {
  const what = JSON.stringify(shape);
  const axes = tf.broadcast_util.assertAndGetBroadcastShape([...shape.axesA], [...shape.axesB]);
  const a = drawn("a", shapeA(shape)), b = drawn("b", shapeB(shape));
  const dy = drawn("dy", [...axes, shape.m, shape.n]);
  const multiply = (a: tf.Tensor, b: tf.Tensor) =>
    tf.matMul(a, b, shape.transposeA, shape.transposeB);
  await assertValueAndGradients(what, multiply, [a, b], dy, oracle(shape, a, b, dy));
}

const length = fc.constantFrom(1, 2, 3, 4, 5, 8, 16, 17, 31, 33, 64, 65);
const cases: fc.Arbitrary<Case> = fc.record({
  axes: fc.constantFrom<(readonly number[])[]>(
    ...[[[], []], [[3], [3]], [[2, 3], [2, 3]], [[3], [1]], [[1], [3]]],
    ...[[[2, 3], []], [[], [3]], [[2, 3], [3]], [[1, 3], [2, 3]]],
  ),
  m: length,
  k: length,
  n: length,
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
}).map(({ axes: [axesA, axesB], ...rest }) => ({ axesA, axesB, ...rest }));

for (const way of Object.keys(ways)) {
  Deno.test(`${SWEPT} random products ${way} and their gradients match the definition`, () =>
    working(way, () => sweep(cases, (shape) => check(shape))));

  Deno.test(`a product of several large tiles ${way} matches the definition`, () =>
    working(way, async () => {
      const shape = { axesA: [17], axesB: [17], m: 257, k: 3, n: 253 };
      await check({ ...shape, transposeA: false, transposeB: false });
      await check({ ...shape, k: 5, transposeA: true, transposeB: true });
    }));

  Deno.test(`bias and activation fuse with products ${way}`, () =>
    working(way, async () => {
      const activations: Record<string, (v: number) => number> = {
        linear: (v) => v,
        relu: (v) => Math.max(v, 0),
        sigmoid: (v) => 1 / (1 + Math.exp(-v)),
        gelu,
      };
      for (const n of [8, 17]) {
        const shape = {
          axesA: [],
          axesB: [],
          m: 17,
          k: 3,
          n,
          transposeA: false,
          transposeB: false,
        };
        const a = drawn("a", shapeA(shape)),
          b = drawn("b", shapeB(shape)),
          bias = drawn("bias", [n]);
        const { y } = oracle(shape, a, b, hostZeros([17, n]));
        const [onA, onB, onBias] = [a, b, bias].map((tensor) => onDevice(tensor));
        for (const [activation, value] of Object.entries(activations)) {
          const actual = await repeated(
            activation,
            () =>
              tf.engine().runKernel("_FusedMatMul", { a: onA, b: onB, bias: onBias }, {
                transposeA: false,
                transposeB: false,
                activation,
              }) as tf.Tensor,
          );
          const data = y.data.map((v, i) => value(v + bias.data[i % n]));
          assertClose(actual, { shape: y.shape, data }, FORWARD, `${activation} ${n}`);
        }
        tf.dispose([onA, onB, onBias]);
      }
    }));
}

Deno.test("tf.fused.matMul and its gradient use these kernels, without a bias too", async () => {
  const [a, b, bias] = [[5, 3], [3, 4], [4]].map((shape) => onDevice(drawn("fused", shape)));
  for (const activation of ["linear", "relu"] as const) {
    const fused = await repeated(
      activation,
      () => tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, activation }),
    );
    const plain = await repeated(activation, () => {
      const product = tf.matMul(a, b);
      return activation === "relu" ? tf.relu(product) : product;
    });
    assertClose(fused, plain, 0, activation);
  }
  const gradient = (f: (x: tf.Tensor) => tf.Tensor) => repeated("gradient", () => tf.grad(f)(a));
  assertClose(
    await gradient((a) => tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias })),
    await gradient((a) => tf.add(tf.matMul(a, b), bias)),
    FORWARD,
  );
});

for (const activation of ["none", "gelu"] as const) {
  Deno.test(`x·weightᵀ + bias, ${activation}: as separate operations, gradients too`, async () => {
    for (const shape of [[5, 3], [2, 3, 5, 3]]) {
      const inputs = [shape, [7, 3], [7]].map((shape) => onDevice(drawn("affine", shape)));
      const dy = onDevice(drawn("dy", [...shape.slice(0, -1), 7]));
      const separate = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) =>
        biasActivation(tf.matMul(x, weight, false, true), bias, activation);
      const joint = (x: tf.Tensor, weight: tf.Tensor, bias: tf.Tensor) =>
        affine(x, weight, bias, activation);
      const results = (f: typeof joint) =>
        repeated("affine", () => {
          const { value, grads } = tf.valueAndGrads(f)(inputs, dy);
          return tf.concat([value, ...grads].map((tensor) => tf.reshape(tensor, [-1])));
        });
      assertClose(await results(joint), await results(separate), FORWARD);
      const [x, weight, bias] = inputs;
      assertClose(
        await repeated("off the tape", () => joint(x, weight, bias)),
        await repeated("off the tape", () => separate(x, weight, bias)),
        FORWARD,
      );
      tf.dispose([...inputs, dy]);
    }
  });
}

Deno.test("two shapes of the same numbers multiply", async () => {
  const host = drawn("twice", [3, 5]);
  const x = onDevice(host);
  const shape = { axesA: [], axesB: [], m: 3, k: 5, n: 3, transposeA: false, transposeB: false };
  const { y } = oracle(shape, host, host, hostZeros([3, 3]));
  assertClose(await repeated("twice", () => tf.matMul(x, tf.reshape(x, [5, 3]))), y, FORWARD);
});

Deno.test("what cannot be multiplied is refused", () => {
  const multiply = (a: number[], b: number[]) => () => tf.matMul(tf.zeros(a), tf.zeros(b));
  assertThrows(multiply([2, 3], [4, 5]), Error, "the inner lengths 3 and 4 differ");
  assertThrows(multiply([2, 1, 3, 3], [2, 2, 3, 3]), Error, "only leading batch axes");
  assertThrows(multiply([2, 3, 3], [3, 3, 3]), Error, "Operands could not be broadcast");
  const whole = tf.zeros<tf.Rank.R2>([3, 3], "int32");
  assertThrows(() => tf.matMul(whole, whole), Error, "int32 numbers");
  const x = tf.zeros<tf.Rank.R2>([3, 3]);
  const bias = tf.zeros([3, 1]);
  assertThrows(() => tf.fused.matMul({ a: x, b: x, bias }), Error, "a bias of shape [3,1]");
  const elu = () => tf.fused.matMul({ a: x, b: x, activation: "elu" });
  assertThrows(elu, Error, "elu is not supported");
});
