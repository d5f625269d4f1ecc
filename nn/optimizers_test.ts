import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { randomStream } from "../base/random.ts";
import { submit } from "./backend.ts";
import {
  assertClose,
  drawn,
  fixture,
  type Named,
  onDevice,
} from "./kernels/kernel_test_support.ts";
import type { HostTensor } from "./kernels/kernel.ts";
import { Network, Scope } from "./network.ts";
import {
  adamwDefaults,
  larsDefaults,
  type Optimizer,
  type OptimizerConfig,
  type SgdConfig,
  sparingVectors,
} from "./optimizer_config.ts";
import { AdamW, createOptimizer, Lars, Sgd } from "./optimizers.ts";

/** Float32 through a few steps. */
const TOLERANCE = 1e-6;

const SHAPES: Named<number[]> = {
  a: [1],
  b: [3],
  w: [17, 5],
  c: [5, 7, 3, 3],
  big: [97, 60],
  z: [64],
};
const NAMES = Object.keys(SHAPES);
/** Splits the parameters above into three arrays. */
const SMALL_LIMIT = 4 * 64 * 100;

const sgd: SgdConfig = {
  kind: "sgd",
  momentum: 0.9,
  weightDecay: 0.1,
  clipNorm: 5,
  multipliers: (parameter) => ({
    ...sparingVectors(parameter),
    learningRate: parameter.name === "w" ? 0.1 : 1,
  }),
};
const lars = { ...larsDefaults, weightDecay: 0.1, eta: 0.02 };
const adamw = { ...adamwDefaults, multipliers: sgd.multipliers };

/** A network of these tensors, which lie on the device as they are here, whatever their rank. */
function networkOf(tensors: Named<HostTensor>): Network {
  const network = new Network(randomStream(1, "optimizers"));
  const scope = new Scope(network);
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    const tensor = scope.parameter(name, shape, () => new Float32Array(data));
    tf.tidy(() => tensor.assign(tf.tensor(new Float32Array(data), tensor.shape)));
  }
  return network;
}

const parameters = () =>
  networkOf(Object.fromEntries(NAMES.map((name) => [name, drawn(`p ${name}`, SHAPES[name])])));

/** Gradients of a step, in the parameters' order; those of `z` are zero. */
const gradients = (step: number): HostTensor[] =>
  NAMES.map((name) => drawn(`g ${name} ${step}`, SHAPES[name], name === "z" ? 0 : 1));

const numbersOf = ({ trainable }: Network) =>
  Promise.all(trainable.map(async ({ tensor }) => await tensor.data() as Float32Array));

function takeSteps(optimizer: Optimizer, from: number, to: number): void {
  for (let step = from; step < to; step++) {
    const given = gradients(step).map((g) => onDevice(g));
    const clip = optimizer.clip(given);
    tf.dispose(given); // taken over
    optimizer.update(clip, 0.05);
    clip.dispose();
  }
}

Deno.test("three clipped AdamW steps agree with PyTorch's", async () => {
  const { tensors, metadata } = await fixture("optimizer");
  const names = Object.keys(tensors).filter((key) => key.startsWith("before/"))
    .map((key) => key.slice("before/".length));
  const stored = JSON.parse(metadata.settings);
  const norms: number[] = JSON.parse(metadata.gradient_norms);
  const network = networkOf(
    Object.fromEntries(names.map((name) => [name, tensors[`before/${name}`]])),
  );
  const optimizer = new AdamW(network, {
    kind: "adamw",
    beta1: stored.betas[0],
    beta2: stored.betas[1],
    epsilon: stored.eps,
    weightDecay: stored.weight_decay,
    clipNorm: stored.clip,
  });
  const flat = (data: HostTensor["data"]) => ({ shape: [data.length], data });
  for (let step = 1; step <= 3; step++) {
    const given = names.map((name) => onDevice(tensors[`gradient/${step - 1}/${name}`]));
    const clip = optimizer.clip(given);
    optimizer.update(clip, stored.learning_rate);
    const norm = (await clip.data()).slice(1) as Float32Array;
    assertClose(flat(norm), flat(Float64Array.of(norms[step - 1])), TOLERANCE, "norm");
    for (const [i, numbers] of (await numbersOf(network)).entries()) {
      const expected = tensors[`after/${step - 1}/${names[i]}`].data;
      assertClose(flat(numbers), flat(expected), TOLERANCE, `${names[i]}, ${step}`);
    }
    tf.dispose([given, clip]);
  }
  const state = await optimizer.state();
  for (const name of names) {
    const moments = ["first_moment", "second_moment"].map((row) => tensors[`${row}/${name}`].data);
    const size = moments[0].length;
    moments.forEach((expected, row) => {
      const actual = state.get(name)!.slice(row * size, (row + 1) * size);
      assertClose(flat(actual), flat(expected), TOLERANCE, `moment ${row} of ${name}`);
    });
  }
  optimizer.dispose();
  network.dispose();
});

/** PyTorch's SGD, and with `eta` BYOL's LARS, tensor by tensor in double precision. */
async function byLoop(steps: number, config: OptimizerConfig & { momentum: number; eta?: number }) {
  const network = parameters();
  const values = (await numbersOf(network)).map((x) => Float64Array.from(x));
  const velocities = values.map((x) => new Float64Array(x.length));
  const length = (x: Float64Array) => Math.hypot(...x);
  for (let step = 0; step < steps; step++) {
    const given = gradients(step).map(({ data }) => Float64Array.from(data));
    const norm = Math.sqrt(given.reduce((sum, g) => sum + length(g) ** 2, 0));
    const factor = Math.min(1, config.clipNorm / (norm + 1e-6));
    network.trainable.forEach((parameter, k) => {
      const { learningRate, weightDecay } = config.multipliers!(parameter);
      const w = values[k];
      const g = given[k].map((x, i) => x * factor + config.weightDecay * weightDecay * w[i]);
      const adapted = config.eta !== undefined && weightDecay > 0 && length(g) > 0;
      const trust = adapted ? config.eta! * length(w) / length(g) : 1;
      w.forEach((_, i) => {
        velocities[k][i] = config.momentum * velocities[k][i] + trust * g[i];
        w[i] -= 0.05 * learningRate * velocities[k][i];
      });
    });
  }
  network.dispose();
  return values;
}

for (const config of [sgd, lars]) {
  Deno.test(`steps of ${config.kind} agree with a loop over the tensors`, async () => {
    const network = parameters();
    const optimizer = createOptimizer(network, config);
    takeSteps(optimizer, 0, 3);
    const expected = await byLoop(3, config);
    for (const [k, data] of (await numbersOf(network)).entries()) {
      const { length } = data;
      assertClose(
        { shape: [length], data },
        { shape: [length], data: expected[k] },
        3e-6,
        NAMES[k],
      );
    }
    optimizer.dispose();
    network.dispose();
  });
}

const makers: Named<(network: Network, limit?: number) => Optimizer> = {
  AdamW: (network, limit) => new AdamW(network, adamw, limit),
  Sgd: (network, limit) => new Sgd(network, sgd, limit),
  Lars: (network, limit) => new Lars(network, lars, limit),
};

const stockAdamW = (network: Network) => createOptimizer(network, adamw, "stock");

for (const [name, make] of Object.entries(makers)) {
  Deno.test(`${name}: the same bits again, in several arrays, after a checkpoint`, async () => {
    const before = tf.memory().numTensors;
    const run = async (limit?: number, resumed = false) => {
      const network = parameters();
      let optimizer = make(network, limit);
      takeSteps(optimizer, 0, 2);
      if (resumed) {
        const [state, step] = [await optimizer.state(), optimizer.step];
        optimizer.dispose();
        optimizer = make(network, limit);
        optimizer.restore(state, step);
      }
      takeSteps(optimizer, 2, 4);
      const result = [await numbersOf(network), [...(await optimizer.state()).values()]];
      assertEquals(optimizer.step, 4);
      optimizer.dispose();
      network.dispose();
      return result;
    };
    const first = await run();
    assertEquals(await run(), first, "again");
    assertEquals(await run(undefined, true), first, "restored");
    assertEquals(await run(SMALL_LIMIT), first, "several arrays");
    assertEquals(await run(SMALL_LIMIT, true), first, "several arrays, restored");
    assertEquals(tf.memory().numTensors, before);
  });
}

for (const [name, make] of Object.entries({ ...makers, stock: stockAdamW })) {
  for (const bad of [NaN, Infinity]) {
    Deno.test(`${name}: gradients of norm ${bad} change nothing`, async () => {
      const network = parameters();
      const optimizer = make(network);
      takeSteps(optimizer, 0, 1);
      const numbers = async () => [
        ...await numbersOf(network),
        ...(await optimizer.state()).values(),
      ];
      const before = await numbers();
      const given = gradients(1);
      given[2].data[3] = bad;
      const clip = optimizer.clip(given.map((g) => onDevice(g)));
      optimizer.update(clip, 0.05);
      for (const [i, data] of (await numbers()).entries()) {
        assert(data.every((x, k) => x === before[i][k]), `array ${i}`);
      }
      optimizer.dispose();
      network.dispose();
    });
  }
}

Deno.test("a parameter that is spared from decay and rate stays put", async () => {
  const network = parameters();
  const before = await numbersOf(network);
  const optimizer = new AdamW(network, {
    ...adamwDefaults,
    multipliers: ({ name }) => ({ learningRate: name === "w" ? 0 : 1, weightDecay: 0 }),
  });
  takeSteps(optimizer, 0, 1);
  const after = await numbersOf(network);
  const moved = NAMES.filter((_, k) => after[k].some((x, i) => x !== before[k][i]));
  assertEquals(moved, NAMES.filter((name) => !["w", "z"].includes(name)), "z has no gradient");
  optimizer.dispose();
  network.dispose();
});

Deno.test("what is loaded between updates is what the next one starts from", async () => {
  const run = async (assign: boolean) => {
    const network = parameters();
    const optimizer = new Sgd(network, { ...sgd, momentum: 0 });
    takeSteps(optimizer, 0, 1);
    const saved = await network.stateDict();
    takeSteps(optimizer, 1, 2);
    const second = await numbersOf(network);
    if (assign) {
      network.load(saved, "memory");
      takeSteps(optimizer, 1, 2);
    }
    const result = assign ? await numbersOf(network) : second;
    optimizer.dispose();
    network.dispose();
    return result;
  };
  assertEquals(await run(true), await run(false));
});

Deno.test("another optimiser's checkpoint is refused", async () => {
  const network = parameters();
  const [one, other] = [new Sgd(network, sgd), new AdamW(network, adamw)];
  const state = await one.state();
  assertThrows(() => other.restore(state, 1), Error, "no optimizer state for a");
  for (const thing of [one, other, network]) thing.dispose();
});

Deno.test("dispatches of an update don't grow with the parameters", () => {
  const network = parameters();
  const counter = tf.backend() as unknown as { dispatchCountInPass: number };
  const dispatches = Object.values(makers).map((make) => {
    const optimizer = make(network);
    takeSteps(optimizer, 0, 1);
    submit(); // so that the count does not start again in between
    const before = counter.dispatchCountInPass;
    takeSteps(optimizer, 1, 2);
    const count = counter.dispatchCountInPass - before;
    optimizer.dispose();
    return count;
  });
  assertEquals(dispatches, [3, 3, 5]);
  assert(NAMES.length > 5);
  network.dispose();
});
