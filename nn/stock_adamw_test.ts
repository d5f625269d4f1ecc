import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { randomStream } from "../base/random.ts";
import { normal } from "./initializers.ts";
import { assertClose, drawn, FORWARD, onDevice } from "./kernels/kernel_test_support.ts";
import { kernelSets, useKernelSet } from "./kernels/selection.ts";
import { Network, Scope } from "./network.ts";
import { adamwDefaults, type OptimizerConfig, sparingVectors } from "./optimizer_config.ts";
import { AdamW, createOptimizer } from "./optimizers.ts";
import { StockAdamW } from "./stock_adamw.ts";

const config = { ...adamwDefaults, weightDecay: 0.1, multipliers: sparingVectors };

/** More parameters than a shader may bind, and a filter. */
function parameters(): Network {
  const network = new Network(randomStream(1, "stock"));
  const scope = new Scope(network);
  for (let i = 1; i <= 30; i++) scope.parameter(`p${i}`, i % 2 ? [i] : [i, 3], normal(1));
  scope.parameter("filter", [7, 5, 3, 3], normal(1));
  return network;
}

for (const kind of ["adam", "adamw"] as const) {
  Deno.test(`ours agrees with ${kind} out of TensorFlow.js' operations`, () =>
    agreement({ ...config, kind }));
}

async function agreement(config: OptimizerConfig): Promise<void> {
  const before = tf.memory().numTensors;
  const runs = [];
  for (const kernels of kernelSets) {
    const network = parameters();
    let optimizer = createOptimizer(network, config, kernels);
    for (let step = 0; step < 3; step++) {
      const gradients = network.trainable.map(({ name, tensor }) =>
        onDevice(drawn(`${name} ${step}`, tensor.shape))
      );
      const clip = tf.tidy(() => optimizer.clip(gradients));
      tf.dispose(gradients);
      optimizer.update(clip, 0.01);
      clip.dispose();
      const state = await optimizer.state();
      optimizer.dispose();
      optimizer = createOptimizer(network, config, kernels);
      optimizer.restore(state, step + 1);
    }
    const values = await Promise.all(network.trainable.map(({ tensor }) => tensor.data()));
    runs.push([...values as Float32Array[], ...(await optimizer.state()).values()]);
    optimizer.dispose();
    network.dispose();
  }
  const [ours, stock] = runs.map((run) => run.map((data) => ({ shape: [data.length], data })));
  ours.forEach((actual, i) => assertClose(actual, stock[i], FORWARD, `tensor ${i}`));
  assertEquals(tf.memory().numTensors, before);
}

Deno.test("the kernel set in use chooses", () => {
  const network = parameters();
  const made = (config: OptimizerConfig) => {
    const optimizer = createOptimizer(network, config);
    optimizer.dispose();
    return optimizer;
  };
  assert(made(config) instanceof AdamW);
  useKernelSet("stock");
  assert(made(config) instanceof StockAdamW);
  useKernelSet("tuned");
  network.dispose();
});
