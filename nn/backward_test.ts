import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertLess, assertThrows } from "@std/assert";
import { backward, recomputed } from "./backward.ts";
import { useBackend } from "./backend.ts";
import { convLayer } from "./kernels/conv_layer.ts";
import { concatChannels } from "./kernels/concat_channels.ts";
import { gruUpdate } from "./kernels/gru.ts";
import { assertClose, drawn, onDevice, take } from "./kernels/kernel_test_support.ts";
import { residualRelu } from "./kernels/residual.ts";
import { MemoryMeter } from "./speed/memory_meter.ts";

await useBackend("webgpu");

const scalar = (value: number) => tf.variable(tf.scalar(value));

Deno.test("gradients equal TensorFlow.js', with zeros where the loss does not depend", async () => {
  const [a, b, unused] = [scalar(3), scalar(-2), scalar(5)];
  const loss = () => tf.add(tf.mul(tf.mul(a, b), a), tf.square(b)) as tf.Scalar;
  const { value, grads } = backward(loss, [a, b, unused]);
  assertEquals((await value.data())[0], -14);
  const values = await Promise.all(grads.map(async (g) => (await g.data())[0]));
  assertEquals(values, [2 * 3 * -2, 9 - 4, 0]);
  tf.dispose([a, b, unused, value, grads]);
});

Deno.test("nothing but the loss and the gradients stays behind", () => {
  const x = tf.variable(tf.ones([2, 5, 5, 3]));
  const before = tf.memory().numTensors;
  const { value, grads } = backward(
    () => tf.mean(tf.square(tf.relu(tf.add(x, tf.mul(x, x))))) as tf.Scalar,
    [x],
  );
  assertEquals(tf.memory().numTensors - before, 2);
  tf.dispose([x, value, grads]);
});

Deno.test("an error inside the loss leaves no tape behind", async () => {
  const x = scalar(2);
  assertThrows(
    () =>
      backward(() => {
        throw new Error("no loss");
      }, [x]),
    Error,
    "no loss",
  );
  const { value, grads } = backward(() => tf.square(x) as tf.Scalar, [x]);
  assertEquals((await grads[0].data())[0], 4);
  tf.dispose([x, value, grads]);
});

Deno.test("what adds in place spares gradients that share their data", async () => {
  const filter = tf.variable(onDevice<tf.Tensor4D>(drawn("filter", [3, 3, 4, 4])));
  const bias = tf.variable(onDevice<tf.Tensor1D>(drawn("bias", [4])));
  const first = tf.variable(onDevice<tf.Tensor4D>(drawn("first", [1, 5, 7, 4])));
  const layer = (x: tf.Tensor) =>
    convLayer(x as tf.Tensor4D, filter as tf.Tensor4D, bias as tf.Tensor1D, {
      ...{ stride: 1, padding: [1, 1], activation: "tanh" },
    });
  const losses: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    // The sum hands its gradient to both of its sides, and then the layer adds to one.
    "a sum beside a layer": (x) => tf.add(tf.add(x, tf.reshape(x, x.shape)), layer(x)),
    "a residual block": (x) => residualRelu(x, layer(layer(x))),
    "a map joined with itself": (x) =>
      layer(tf.add(x, tf.mean(concatChannels([x, x, x]), 3, true))),
    "a map that gates itself": (x) => concatChannels([x, layer(x)], x),
    "a unit of three equal maps": (x) => gruUpdate(x, x, x),
    "a unit of shared maps": (x) => gruUpdate(layer(x), x, tf.sigmoid(x)),
    "a layer on its own output, twice": (x) => tf.mul(layer(layer(x)), layer(x)),
  };
  const parameters = [first, filter, bias];
  for (const [name, loss] of Object.entries(losses)) {
    const f = () => tf.mean(tf.square(tf.add(loss(tf.mul(first, 2)), 0.3))) as tf.Scalar;
    const ours = backward(f, parameters);
    const theirs = tf.engine().gradients(f, parameters);
    for (const [i, gradient] of ours.grads.entries()) {
      assertClose(
        await take(gradient),
        await take(theirs.grads[i] ?? tf.zerosLike(parameters[i])),
        1e-5,
        `${name}, ${i}`,
      );
    }
    tf.dispose([ours.value, theirs.value]);
  }
  tf.dispose(parameters);
});

/** A weight-tied loop whose rounds also read what was there before, and hand on two results. */
function loop(rounds: number, keep: boolean) {
  const filter = tf.variable(onDevice<tf.Tensor4D>(drawn("filter", [3, 3, 6, 6])));
  const bias = tf.variable(onDevice<tf.Tensor1D>(drawn("bias", [6])));
  const first = tf.variable(onDevice<tf.Tensor4D>(drawn("first", [1, 24, 24, 6])));
  const settings = { stride: 1, padding: [1, 1], activation: "tanh" } as const;
  const round = ([x, base]: readonly tf.Tensor[]): [tf.Tensor, tf.Tensor] => {
    const inner = recomputed([x], ([x]) => [
      convLayer(x as tf.Tensor4D, filter as tf.Tensor4D, bias as tf.Tensor1D, settings),
    ]);
    const y = convLayer(inner[0], filter as tf.Tensor4D, bias as tf.Tensor1D, settings);
    return [tf.add(tf.mul(y, 0.5), base), tf.square(y)];
  };
  const loss = () => {
    const base = tf.mul(first, 2);
    let x: tf.Tensor = first, sum: tf.Tensor = tf.scalar(0);
    for (let i = 0; i < rounds; i++) {
      const results = keep ? round([x, base]) : recomputed([x, base], round);
      x = results[0];
      sum = tf.add(sum, tf.mean(results[1]));
    }
    return tf.add(sum, tf.mean(x)) as tf.Scalar;
  };
  const parameters = [filter, bias, first];
  return { loss, parameters };
}

Deno.test("what is recomputed gives the same bits as what is kept, and leaves nothing", async () => {
  const results = [];
  for (const keep of [true, false]) {
    const before = tf.memory().numTensors;
    const { loss, parameters } = loop(3, keep);
    const { value, grads } = backward(loss, parameters);
    results.push(await Promise.all([value, ...grads].map((tensor) => tensor.data())));
    tf.dispose([value, grads, parameters]);
    // The drawn values from which the variables were made stay.
    assertEquals(tf.memory().numTensors - before, 3);
  }
  assertEquals(results[0], results[1]);
});

Deno.test("what is recomputed takes memory for one round, not for all", () => {
  const used = (rounds: number, keep: boolean) => {
    const { loss, parameters } = loop(rounds, keep);
    const meter = new MemoryMeter();
    const { value, grads } = backward(loss, parameters);
    meter.close();
    tf.dispose([value, grads, parameters]);
    return meter.beyond;
  };
  const perRound = (keep: boolean) => (used(9, keep) - used(3, keep)) / 6;
  // A round hands on two maps and keeps three more and their copies, if it may.
  assertLess(perRound(false), 0.5 * perRound(true));
});

Deno.test("an error on the way back of a recomputed stretch frees what was saved", () => {
  const x = tf.variable(tf.ones([4]));
  const before = tf.memory().numTensors;
  let times = 0;
  const stretch = ([x]: readonly tf.Tensor[]) => {
    if (++times === 2) throw new Error("second run");
    return [tf.square(tf.exp(x))];
  };
  const loss = () => tf.sum(recomputed([tf.square(x)], stretch)[0]) as tf.Scalar;
  assertThrows(() => backward(loss, [x]), Error, "second run");
  assertEquals(tf.memory().numTensors, before);
  x.dispose();
});
