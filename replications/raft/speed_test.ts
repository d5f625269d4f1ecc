import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { SpeedCase } from "../../base/speed_case.ts";
import { useBackend } from "../../nn/backend.ts";
import { raft } from "./raft.ts";
import { raftGroups } from "./speed.ts";

await useBackend("webgpu");

async function casesOf(id: string, dataDir = "nowhere"): Promise<SpeedCase[]> {
  return await raftGroups(dataDir).find((group) => group.id === id)!.cases!();
}

Deno.test("the convolutions are those that the models call, each once", async () => {
  const names = (await casesOf("conv-raft")).map(({ name, shape }) => `${name} ${shape}`);
  assertEquals(new Set(names).size, names.length);
  for (
    const name of [
      "7×7, 3→64, stride 2, forward 128×256",
      "7×7, 3→32, stride 2, forward 128×256",
      "3×3, 64→64, forward and backward 64×128",
      "1×1, 64→96, stride 2, forward 64×128",
      "1×5, 384→128, forward 16×32",
      "5×1, 384→128, forward and backward 16×32",
      "3×3, 242→96, forward 16×32",
      "1×1, 196→96, forward 16×32",
      "1×1, 256→576, forward 16×32",
    ]
  ) assert(names.includes(name), `${name} is not among ${names.join("; ")}`);
});

Deno.test("without the ONNX file its rows say which command makes it", async () => {
  const cases = await casesOf("raft-inference");
  const skipped = cases.flatMap(({ measure }) => "skipped" in measure ? [measure.skipped] : []);
  assertEquals([cases.length, skipped.length], [3, 2]);
  for (const reason of skipped) {
    assertStringIncludes(
      reason,
      "python3 tests/reference/export_raft_onnx.py nowhere/bench/raft-small-128x256x12.onnx",
    );
  }
});

Deno.test("a training step is compared as the demo's recipe has it", async () => {
  const { demo } = raft.recipes;
  const [{ batch, data: [{ augmentation: { crop } }] }] = demo.stages;
  const [step, ...counted] = await casesOf("raft-training");
  const shape = `batch ${batch} of ${crop.height}×${crop.width}, ${demo.iterations} updates`;
  assertEquals([step.shape, step.goal], [shape, 8]);
  const units = counted.map(({ measure }) => "unit" in measure && measure.unit);
  assertEquals(units, ["dispatches", "submits"]);
});
