import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { backward } from "./backward.ts";
import { useBackend } from "./backend.ts";

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
