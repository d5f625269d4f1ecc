import { assertGreater } from "@std/assert";
import { useBackend } from "../backend.ts";
import { activationCases, gatedUnit, normalizationCases, updateCases } from "./layers.ts";
import { assertSound } from "./speed_test_support.ts";

await useBackend("webgpu");

Deno.test("every fused layer agrees with its composition, gradients included", async () => {
  const cases = [...normalizationCases(), ...activationCases(), ...updateCases()];
  const quick = cases.filter(({ name, shape }) =>
    !/64×128|128×256|32×64×64/.test(shape) && !/^(3×3|convolutional)/.test(name)
  );
  assertGreater(quick.length, 20);
  for (const of of [...quick, ...gatedUnit([1, 3, 5, 4], [1, 3, 5, 7])]) await assertSound(of);
});
