import * as tf from "@tensorflow/tfjs";
import { oracleOf } from "./kernel.ts";
import {
  assertClose,
  assertGradients,
  assertMatchesOracle,
  drawn,
  FORWARD,
  GRADIENT,
  onDevice,
  repeated,
  take,
} from "./kernel_test_support.ts";
import { logSoftmax, softmax } from "./softmax.ts";

const kinds = { ScaledSoftmax: softmax, ScaledLogSoftmax: logSoftmax };

for (const [name, operation] of Object.entries(kinds)) {
  Deno.test(`${name} and its gradient match their oracles in long rows and very many`, async () => {
    const scale = 0.125;
    for (const shape of [[17, 197], [70_000, 3]]) {
      const x = drawn("x", shape, 2), dy = drawn("dy", shape);
      const out = oracleOf(name)({ x }, { scale });
      await assertMatchesOracle(name, { x }, { scale }, FORWARD);
      await assertMatchesOracle(`${name}Gradient`, { dy, out }, { scale }, GRADIENT);
    }
  });

  Deno.test(`the gradient of ${name} is the slope of the oracle`, async () => {
    for (const shape of [[1, 1], [1, 3], [3, 17], [2, 3, 5, 33]]) {
      await assertGradients(
        `${name} ${shape}`,
        ({ x }) => operation(x, 0.5),
        (host) => oracleOf(name)(host, { scale: 0.5 }),
        { x: drawn("x", shape) },
        ["x"],
      );
    }
  });

  Deno.test(`${name} of very large and very small logits is finite and right`, async () => {
    const x = drawn("x", [3, 17], 1e4);
    await assertMatchesOracle(name, { x }, { scale: 1 }, FORWARD);
    await assertMatchesOracle(name, { x: drawn("x", [3, 17], 1e-30) }, { scale: 1 }, FORWARD);
  });
}

Deno.test("masked logits get no weight", async () => {
  const y = softmax(tf.tensor2d([[1, -Infinity, 1], [-Infinity, -Infinity, -5]]));
  const data = Float64Array.of(0.5, 0, 0.5, 0, 0, 1);
  assertClose(await take(y), { shape: [2, 3], data }, FORWARD);
});

Deno.test("tf.softmax and its gradient are these kernels'", async () => {
  const [x, dy] = ["x", "dy"].map((label) => onDevice(drawn(label, [2, 3, 17])));
  const results = (f: (x: tf.Tensor) => tf.Tensor) =>
    repeated("softmax", () => {
      const { value, grad } = tf.valueAndGrad(f)(x, dy);
      return tf.stack([value, grad]);
    });
  assertClose(await results((x) => tf.softmax(x)), await results((x) => softmax(x)), 0);
});
