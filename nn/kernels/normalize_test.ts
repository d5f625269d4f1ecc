import * as tf from "@tensorflow/tfjs";
import { type HostTensor, oracleOf } from "./kernel.ts";
import {
  assertClose,
  assertGradients,
  assertMatchesOracle,
  drawn,
  FORWARD,
  GRADIENT,
  take,
} from "./kernel_test_support.ts";
import { standardize } from "./normalize.ts";

/** The four kernels against their oracles, at one shape. */
async function assertKernels(x: HostTensor, groups: number, relu = 0): Promise<void> {
  const attributes = { groups, epsilon: 1e-5, relu };
  const moments = oracleOf("NormalizeMoments")({ x }, attributes);
  const dy = drawn("dy", x.shape);
  await assertMatchesOracle("NormalizeMoments", { x }, attributes, FORWARD);
  await assertMatchesOracle("NormalizeStandardize", { x, moments }, attributes, FORWARD);
  await assertMatchesOracle("NormalizeGradient", { dy, x, moments }, attributes, GRADIENT);
}

Deno.test("a mean far from zero costs no precision that float32 has", async () => {
  const { shape, data } = drawn("x", [2, 17, 17, 3]);
  await assertKernels({ shape, data: data.map((value) => value + 100) }, 2);
});

Deno.test("series too long for one workgroup match their oracles", async () => {
  for (const channels of [3, 8]) await assertKernels(drawn("x", [2, 47, 47, channels]), 2, 1);
});

Deno.test("a constant channel becomes zero, and so does its gradient's mean", async () => {
  const x = tf.fill([1, 3, 3, 2], 7.25) as tf.Tensor4D;
  const { standard } = standardize(x, 1);
  assertClose(await take(standard), await take(tf.zeros([1, 3, 3, 2])), FORWARD);
});

Deno.test("the gradient is the slope of the oracle", async () => {
  for (const [height, width] of [[1, 1], [1, 3], [3, 17], [17, 17]]) {
    for (const [groups, channels, relu] of [[1, 5, 0], [3, 5, 1], [3, 8, 0], [1, 8, 1]]) {
      await assertGradients(
        `standardize ${height}x${width}x${channels}, ${groups} groups, relu ${relu}`,
        ({ x }) => standardize(x, groups, 1e-5, relu ? "relu" : "none").standard,
        (host) => oracleOf("NormalizeStandardize")(host, { groups, epsilon: 1e-5, relu }),
        { x: drawn("x", [3, height, width, channels]) },
        ["x"],
      );
    }
  }
});
