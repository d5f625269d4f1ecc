import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { randomStream } from "../base/random.ts";
import {
  assertClose,
  drawn,
  fixture,
  FORWARD,
  GRADIENT,
  onDevice,
  take,
} from "./kernels/kernel_test_support.ts";
import type { HostTensor } from "./kernels/kernel.ts";
import { batchNorm, type BatchNormMode, conv2d, instanceNorm } from "./layers.ts";
import { Network, Scope } from "./network.ts";
import type { StateDict } from "./weights/tensor_file.ts";

const NORM = {
  weight: "gamma",
  bias: "beta",
  running_mean: "running_mean",
  running_var: "running_var",
};

const host = (dict: StateDict, name: string): HostTensor => {
  const { shape, data } = dict.get(name)!;
  return { shape, data: data as Float32Array };
};

for (const statistics of ["training", "frozen"] as const) {
  Deno.test(`batch normalisation agrees with PyTorch: ${statistics}`, async () => {
    const { tensors } = await fixture(`kernels/batch_norm_${statistics}`);
    const network = new Network(randomStream(0));
    const mode: BatchNormMode = { batchStatistics: statistics === "training" };
    const layer = batchNorm(new Scope(network), 6, mode);
    network.load(
      new Map(
        Object.entries(NORM).map(([name, stored]) =>
          [name, { dtype: "F32", shape: [6], data: tensors[stored].data as Float32Array }] as const
        ),
      ),
      "fixture",
    );
    const x = tf.variable(onDevice<tf.Tensor4D>(tensors.input));
    assertClose(await take(tf.tidy(() => layer(x))), tensors.output, FORWARD, "output");
    network.afterStep();
    const after = await network.stateDict();
    for (const name of ["running_mean", "running_var"]) {
      assertClose(host(after, name), tensors[`after/${name}`], FORWARD, name);
    }
    const batches = statistics === "training" ? 1n : 0n;
    assertEquals(after.get("num_batches_tracked")!.data, BigInt64Array.of(batches));

    const dy = onDevice(tensors.output_gradient);
    // The frozen statistics are still those of the fixture; the batch's own are always the same.
    const { grads } = tf.variableGrads(() => tf.sum(tf.mul(layer(x), dy)));
    const [weight, bias] = network.trainable.map(({ tensor }) => grads[tensor.name]);
    assertClose(await take(grads[x.name]), tensors.input_gradient, GRADIENT, "input gradient");
    assertClose(await take(weight), tensors.gamma_gradient, GRADIENT, "weight gradient");
    assertClose(await take(bias), tensors.beta_gradient, GRADIENT, "bias gradient");
  });
}

Deno.test("batches between two steps leave nothing behind; only the last one counts", async () => {
  const network = new Network(randomStream(0));
  const layer = batchNorm(new Scope(network), 3, { batchStatistics: true });
  const x = onDevice<tf.Tensor4D>(drawn("x", [2, 3, 3, 3]));
  const step = (batches: number) => {
    for (let i = 0; i < batches; i++) tf.tidy(() => void layer(x));
    network.afterStep();
  };
  step(1);
  const before = tf.memory().numTensors;
  step(3);
  network.afterStep(); // without a batch in between: nothing to do
  assertEquals(tf.memory().numTensors, before);
  const dict = await network.stateDict();
  assertEquals(dict.get("num_batches_tracked")!.data, BigInt64Array.of(2n));
});

Deno.test("instance normalisation agrees with PyTorch, gradient included", async () => {
  const { tensors } = await fixture("kernels/instance_norm");
  const x = onDevice<tf.Tensor4D>(tensors.input);
  assertClose(await take(instanceNorm()(x)), tensors.output, FORWARD);
  const gradient = tf.grad((x) => instanceNorm()(x as tf.Tensor4D))(
    x,
    onDevice(tensors.output_gradient),
  );
  assertClose(await take(gradient), tensors.input_gradient, GRADIENT);
});

Deno.test("a convolution's answer to one bright pixel is its official filter, turned, plus bias", async () => {
  const network = new Network(randomStream(3));
  const layer = conv2d(new Scope(network), 2, 3, { kernel: [3, 5] });
  const dict = await network.stateDict();
  const weight = dict.get("weight")!.data as Float32Array, bias = dict.get("bias")!.data;
  const spot = tf.buffer<tf.Rank.R4>([1, 5, 7, 2]);
  spot.set(1, 0, 2, 3, 1);
  const response = await take(layer(spot.toTensor()));
  assertEquals(response.shape, [1, 5, 7, 3]);
  const expected = response.data.map((_, i) => {
    const o = i % 3, x = Math.floor(i / 3) % 7, y = Math.floor(i / 21);
    const ky = 2 - y + 1, kx = 3 - x + 2;
    const inside = ky >= 0 && ky < 3 && kx >= 0 && kx < 5;
    return Number(bias[o]) + (inside ? weight[((o * 2 + 1) * 3 + ky) * 5 + kx] : 0);
  });
  assertClose(response, { shape: response.shape, data: expected }, FORWARD);
});

Deno.test("stride and padding are PyTorch's", () => {
  const scope = new Scope(new Network(randomStream(0)));
  const x = tf.zeros<tf.Rank.R4>([1, 8, 10, 2]);
  const shape = (name: string, settings: Parameters<typeof conv2d>[3]) =>
    conv2d(scope.at(name), 2, 3, settings)(x).shape;
  assertEquals(shape("a", { kernel: 7, stride: 2 }), [1, 4, 5, 3]);
  assertEquals(shape("b", { kernel: 1, stride: 2, padding: [0, 0] }), [1, 4, 5, 3]);
  assertEquals(shape("c", { kernel: [1, 5] }), [1, 8, 10, 3]);
  assertEquals(shape("d", { kernel: 3, padding: [0, 2] }), [1, 6, 12, 3]);
});
