import * as tf from "@tensorflow/tfjs";
import { assertThrows } from "@std/assert";
import { groupNormalize } from "./group_norm.ts";
import { type HostTensor, oracleOf } from "./kernel.ts";
import {
  assertClose,
  assertGradients,
  assertMatchesOracle,
  drawn,
  float64,
  FORWARD,
  GRADIENT,
  onDevice,
  take,
} from "./kernel_test_support.ts";
import { useKernelSet } from "./selection.ts";

/** [pictures, height, width, channels] and the number of groups. */
const CASES: readonly (readonly [number[], number])[] = [
  [[1, 1, 3, 4], 2],
  [[2, 3, 1, 6], 3],
  [[3, 17, 3, 17], 17],
  [[2, 3, 17, 18], 1],
  [[1, 17, 17, 32], 8],
];

const named = (shape: number[], offset = 0): Record<string, HostTensor> => {
  const channels = shape.at(-1)!;
  const x = drawn("x", shape);
  return {
    x: { shape, data: x.data.map((value) => value + offset) },
    weight: drawn("weight", [channels]),
    bias: drawn("bias", [channels]),
  };
};

/** The four kernels against their oracles. */
async function assertKernels(shape: number[], groups: number, relu: number, offset = 0) {
  const attributes = { groups, epsilon: 1e-5, relu };
  const inputs = named(shape, offset);
  const dy = drawn("dy", shape);
  await assertMatchesOracle("GroupNormMoments", { x: inputs.x }, attributes, FORWARD);
  const { weight, bias, x } = inputs;
  const moments = oracleOf("GroupNormMoments")({ x: float64(x) }, attributes);
  const all = { x, moments, weight, bias };
  await assertMatchesOracle("GroupNorm", all, attributes, 2 * FORWARD);
  await assertMatchesOracle("GroupNormGradientSums", { dy, ...all }, attributes, GRADIENT);
  const exact = Object.fromEntries(
    Object.entries({ dy, ...all }).map(([name, tensor]) => [name, float64(tensor)]),
  );
  const sums = oracleOf("GroupNormGradientSums")(exact, attributes);
  await assertMatchesOracle(
    "GroupNormInputGradient",
    { dy, ...all, sums },
    attributes,
    GRADIENT,
  );
}

Deno.test("result and gradients match their oracles, with and without the ReLU", async () => {
  for (const [shape, groups] of CASES) {
    for (const relu of [0, 1]) await assertKernels(shape, groups, relu);
  }
});

Deno.test("a mean far from zero costs no precision that float32 has", async () => {
  await assertKernels([2, 5, 7, 8], 2, 0, 30);
});

Deno.test("the gradients are the slopes of the oracle", async () => {
  for (const [shape, groups] of CASES.slice(1, 4)) {
    await assertGradients(
      `group norm ${shape}`,
      ({ x, weight, bias }) => groupNormalize(x, weight, bias, groups),
      (host) => oracleOf("GroupNorm")(host, { groups, epsilon: 1e-5, relu: 0 }),
      named(shape),
      ["x", "weight", "bias"],
    );
  }
});

Deno.test("stock operations give the same, gradients included", async () => {
  const shape = [2, 3, 5, 12];
  const inputs = Object.values(named(shape)).map((tensor) => onDevice(tensor));
  const dy = onDevice(drawn("dy", shape));
  const run = () =>
    tf.valueAndGrads((x, weight, bias) => groupNormalize(x, weight, bias, 4, 1e-5, "relu"))(
      inputs,
      dy,
    );
  const ours = run();
  useKernelSet("stock");
  try {
    const stock = run();
    assertClose(await take(ours.value), await take(stock.value), FORWARD);
    for (const [i, gradient] of ours.grads.entries()) {
      assertClose(await take(gradient), await take(stock.grads[i]), GRADIENT, `gradient ${i}`);
    }
  } finally {
    useKernelSet("tuned");
  }
});

Deno.test("groups that do not divide the channels are refused", () => {
  const ones = tf.ones([6]);
  assertThrows(() => groupNormalize(tf.ones([1, 2, 2, 6]), ones, ones, 4), Error, "4 groups");
});
