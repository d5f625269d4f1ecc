import { assertGreater, assertLessOrEqual } from "@std/assert";
import { randomStream } from "../../base/random.ts";
import { useBackend } from "../backend.ts";
import { constant } from "../initializers.ts";
import { Network, Scope } from "../network.ts";
import {
  correlationCases,
  matrixProductCases,
  optimizerCase,
  samplingCases,
  transformerCases,
} from "./operations.ts";
import { apart, assertSound, opened } from "./speed_test_support.ts";

await useBackend("webgpu");

Deno.test("the smallest case of each kind is sound", async () => {
  for (
    const of of [
      matrixProductCases().at(-1)!,
      ...transformerCases(),
      correlationCases()[0],
      ...samplingCases(),
    ]
  ) await assertSound(of);
});

Deno.test("an optimiser's update starts from the same parameters on both sets", async () => {
  const build = () => {
    const network = new Network(randomStream(0, "optimizer case"));
    const scope = new Scope(network);
    scope.parameter("weight", [6, 5, 3, 3], constant(1));
    scope.parameter("bias", [6], constant(1));
    return network;
  };
  const of = optimizerCase("update", "toy", build);
  await assertSound(of);
  const { ours, alternative, close } = await opened(of);
  const untouched = await Promise.all(
    build().trainable.map(({ tensor }) => tensor.data() as Promise<Float32Array>),
  );
  for (const contestant of [ours, alternative!, ours]) {
    const change = apart(await contestant.result!(), untouched);
    // A first step of AdamW moves each parameter by about the learning rate.
    assertGreater(change, 5e-4);
    assertLessOrEqual(change, 2e-3);
    for (let i = 0; i < 3; i++) contestant.call();
    await contestant.settle();
  }
  await close();
});
