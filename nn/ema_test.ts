import * as tf from "@tensorflow/tfjs";
import { assertEquals, assertThrows } from "@std/assert";
import { randomStream } from "../base/random.ts";
import { useBackend } from "./backend.ts";
import { Ema, type Followed } from "./ema.ts";
import { normal } from "./initializers.ts";
import { Network, Scope } from "./network.ts";

await useBackend("webgpu");

const SHAPES: Record<string, number[]> = { a: [1], b: [3], c: [17, 5, 3, 3], d: [70, 60] };

function network(seed: number): Network {
  const network = new Network(randomStream(seed, "ema"));
  const scope = new Scope(network);
  for (const [name, shape] of Object.entries(SHAPES)) scope.parameter(name, shape, normal(1));
  return network;
}

const pairsOf = (teacher: Network, student: Network): Followed[] =>
  teacher.trainable.map((parameter, i) => [parameter, student.trainable[i]]);

const numbersOf = ({ trainable }: Network) =>
  Promise.all(trainable.map(async ({ tensor }) => Float64Array.from(await tensor.data())));

for (const limit of [undefined, 20_000]) {
  Deno.test(`a teacher follows its student, limit ${limit ?? "of the adapter"}`, async () => {
    const before = tf.memory().numTensors;
    const [teacher, student] = [network(1), network(2)];
    const [expected, target] = [await numbersOf(teacher), await numbersOf(student)];
    const ema = new Ema(pairsOf(teacher, student), limit);
    for (const momentum of [0.9, 0.996, 0.5]) {
      ema.update(momentum);
      for (const [k, numbers] of expected.entries()) {
        numbers.forEach((x, i) => numbers[i] = momentum * x + (1 - momentum) * target[k][i]);
      }
    }
    for (const [k, numbers] of (await numbersOf(teacher)).entries()) {
      numbers.forEach((x, i) =>
        assertEquals(Math.abs(x - expected[k][i]) < 1e-6, true, `${k} ${i}`)
      );
    }
    assertEquals(await numbersOf(student), target, "the student stays");
    ema.update(0);
    assertEquals(await numbersOf(teacher), target);
    for (const thing of [ema, teacher, student]) thing.dispose();
    assertEquals(tf.memory().numTensors, before);
  });
}

Deno.test("a parameter follows only one of its own shape", () => {
  const one = network(1);
  const [a, b] = one.trainable;
  assertThrows(() => new Ema([[a, b]]), Error, "a [1] cannot follow b [3]");
  one.dispose();
});
