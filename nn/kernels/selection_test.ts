import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { type Activation, byValue } from "./activation.ts";
import { biasActivation } from "./bias_activation.ts";
import { costVolume } from "./cost_volume.ts";
import { assertClose, drawn, FORWARD, GRADIENT, onDevice, take } from "./kernel_test_support.ts";
import { layerNormalize } from "./layer_norm.ts";
import { affine } from "./matmul.ts";
import { standardize } from "./normalize.ts";
import {
  type KernelSet,
  kernelSet,
  kernelSets,
  replaceGradient,
  replaceKernel,
  useKernelSet,
} from "./selection.ts";
import { logSoftmax, softmax } from "./softmax.ts";
import { vectorError } from "./vector_error.ts";

/** Runs on one kernel set and goes back to the usual one. */
function on<T>(set: KernelSet, run: () => T): T {
  useKernelSet(set);
  try {
    return run();
  } finally {
    useKernelSet("tuned");
  }
}

/** Names of the kernels that run. */
async function kernelsOf(set: KernelSet, run: () => tf.Tensor): Promise<Set<string>> {
  const { kernels } = await on(set, () => tf.profile(() => tf.tidy(run)));
  return new Set(kernels.map(({ name }) => name));
}

/** A computation must give the same numbers on both sets. */
async function assertSame(what: string, tolerance: number, run: () => tf.Tensor[]): Promise<void> {
  const results = kernelSets.map((set) => on(set, () => tf.tidy(run)));
  for (const [i, tensor] of results[0].entries()) {
    assertClose(await take(tensor), await take(results[1][i]), tolerance, `${what}, result ${i}`);
  }
}

/** A result and its gradients by all inputs. */
const withGradients = (run: (...x: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]) => () => {
  const y = run(...inputs);
  const dy = onDevice(drawn("dy", y.shape));
  return [y, ...tf.grads(run)(inputs, dy)];
};

Deno.test("convolutions are ours or TensorFlow.js', and change back", () => {
  const kernelOf = () => tf.getKernel("Conv2DBackpropFilter", "webgpu");
  const gradientOf = () => tf.getGradient("Conv2D");
  const [ours, ourGradient] = [kernelOf(), gradientOf()];
  assertEquals(kernelSet(), "tuned");
  on("stock", () => {
    assertEquals(kernelSet(), "stock");
    assertEquals([kernelOf() === ours, gradientOf() === ourGradient], [false, false]);
  });
  assertEquals([kernelOf() === ours, gradientOf() === ourGradient], [true, true]);
});

Deno.test("replacing a kernel twice keeps the built-in one", () => {
  const stock = tf.getKernel("Acos", "webgpu")!;
  for (let i = 0; i < 2; i++) replaceKernel({ ...stock, kernelFunc: () => [] });
  assertEquals(tf.getKernel("Acos", "webgpu") === stock, false);
  on("stock", () => assertEquals(tf.getKernel("Acos", "webgpu"), stock));
  replaceKernel(stock);
});

Deno.test("what is put in place on stock kernels waits until ours are wanted", () => {
  const stock = tf.getKernel("Acos", "webgpu")!;
  const tuned = { ...stock, kernelFunc: () => [] };
  on("stock", () => {
    replaceKernel(tuned);
    assertEquals(tf.getKernel("Acos", "webgpu"), stock);
  });
  assertEquals(tf.getKernel("Acos", "webgpu"), tuned);
  replaceKernel(stock);
});

Deno.test("there must be something to replace", () => {
  const kernel = { kernelName: "Nonesuch", backendName: "webgpu", kernelFunc: () => [] };
  assertThrows(() => replaceKernel(kernel), Error, "Nonesuch on webgpu");
  const gradient = { kernelName: "Nonesuch", gradFunc: () => ({}) };
  assertThrows(() => replaceGradient(gradient), Error, "gradient of Nonesuch");
});

Deno.test("convolution and its gradients agree on both sets", async () => {
  const inputs = [drawn("x", [2, 9, 11, 5]), drawn("filter", [3, 3, 5, 7])].map((t) => onDevice(t));
  const conv = (x: tf.Tensor, f: tf.Tensor) =>
    tf.conv2d(x as tf.Tensor4D, f as tf.Tensor4D, 2, [[0, 0], [1, 1], [1, 1], [0, 0]]);
  await assertSame("conv2d", GRADIENT, withGradients(conv, inputs));
});

for (const activation of [...byValue, "gelu"] as Activation[]) {
  Deno.test(`bias and ${activation} agree on both sets`, async () => {
    const inputs = [drawn("x", [2, 5, 3, 6]), drawn("bias", [6])].map((t) => onDevice(t));
    const run = (x: tf.Tensor, bias: tf.Tensor) => biasActivation(x, bias, activation);
    await assertSame(activation, GRADIENT, withGradients(run, inputs));
    const names = await kernelsOf("stock", () => run(inputs[0], inputs[1]));
    assertEquals(names.has("BiasActivation") || names.has("BiasGelu"), false);
    assertEquals((await kernelsOf("tuned", () => run(inputs[0], inputs[1]))).size, 1);
  });
}

Deno.test("standardisation, its moments and its gradient agree on both sets", async () => {
  const x = onDevice(drawn("x", [3, 7, 5, 6]));
  for (const groups of [1, 3]) {
    const standard = (x: tf.Tensor) => standardize(x, groups).standard;
    await assertSame(`${groups} groups`, GRADIENT, withGradients(standard, [x]));
    await assertSame("moments", FORWARD, () => [standardize(x, groups).moments]);
    const names = await kernelsOf("stock", () => standard(x));
    assertEquals([...names].filter((name) => name.startsWith("Normalize")), []);
  }
});

/** What transformers are made of, each with shapes of its operands. */
const dense: Record<string, [(...x: tf.Tensor[]) => tf.Tensor, number[][]]> = {
  "products": [(a, b) => tf.matMul(a, b, true, true), [[3, 5, 7], [3, 6, 5]]],
  "linear layers": [(x, w, b) => affine(x, w, b), [[2, 3, 5], [7, 5], [7]]],
  "linear layers with GELU": [(x, w, b) => affine(x, w, b, "gelu"), [[2, 3, 5], [7, 5], [7]]],
  "softmax": [(x) => softmax(x, 0.5), [[2, 3, 17]]],
  "logarithms of softmax": [(x) => logSoftmax(x, 0.5), [[2, 3, 17]]],
  "layer norm": [(x, w, b) => layerNormalize(x, w, b), [[2, 3, 17], [17], [17]]],
};

for (const [what, [run, shapes]] of Object.entries(dense)) {
  Deno.test(`${what} and their gradients agree on both sets`, async () => {
    const inputs = shapes.map((shape, i) => onDevice(drawn(`${what} ${i}`, shape)));
    await assertSame(what, GRADIENT, withGradients(run, inputs));
    const names = await kernelsOf("stock", () => run(...inputs));
    const ours = ["BiasGelu", "BiasActivation", "ScaledSoftmax", "ScaledLogSoftmax", "LayerNorm"];
    assertEquals(ours.filter((name) => names.has(name)), []);
  });
}

/** What flow networks are made of: operation and shapes of its operands. */
const ofFlow: Record<string, [(...x: tf.Tensor[]) => tf.Tensor, number[][]]> = {
  "cost volumes": [
    (a, b) => costVolume(a as tf.Tensor4D, b as tf.Tensor4D, 2, "leaky"),
    [[2, 5, 7, 3], [2, 5, 7, 3]],
  ],
  "flow errors": [
    (flow) => {
      const truth = onDevice<tf.Tensor4D>(drawn("truth", [2, 5, 7, 3]));
      return vectorError(flow as tf.Tensor4D, truth, { of: "squares", epsilon: 0.01, power: 0.5 });
    },
    [[2, 5, 7, 2]],
  ],
};

for (const [what, [run, shapes]] of Object.entries(ofFlow)) {
  Deno.test(`${what} and their gradients agree on both sets`, async () => {
    const inputs = shapes.map((shape, i) => onDevice(drawn(`${what} ${i}`, shape)));
    await assertSame(what, GRADIENT, withGradients(run, inputs));
    const names = await kernelsOf("stock", () => run(...inputs));
    assertEquals([names.has("CostVolume"), names.has("VectorError")], [false, false]);
  });
}

Deno.test("moments carry no gradient on either set", () => {
  const x = onDevice(drawn("x", [2, 3, 3, 4]));
  for (const set of kernelSets) {
    on(set, () =>
      assertThrows(
        () => tf.grad((x) => standardize(x, 2).moments)(x),
        Error,
        "gradient",
      ));
  }
});
