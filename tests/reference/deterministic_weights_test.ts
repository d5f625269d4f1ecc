import { assertEquals, assertThrows } from "@std/assert";
import { packed } from "../../base/arrays.ts";
import { deterministicPair, deterministicTensor, sampledIndices } from "./deterministic_weights.ts";

interface ModelTable {
  readonly parameters: number;
  readonly weights_sha256: string;
  readonly tensors: Record<string, { readonly shape: number[] }>;
}

const fixture = new URL("./fixtures/raft/names.json", import.meta.url);
const names = JSON.parse(await Deno.readTextFile(fixture));

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

for (const model of ["raft_large", "raft_small"]) {
  Deno.test(`${model}: the weights have the bits that Python gave them`, async () => {
    const table: ModelTable = names[model];
    const tensors = Object.keys(table.tensors).sort()
      .map((name) => deterministicTensor(name, table.tensors[name].shape));
    const all = new Uint8Array(tensors.reduce((total, tensor) => total + tensor.byteLength, 0));
    let offset = 0;
    for (const tensor of tensors) {
      all.set(new Uint8Array(tensor.buffer), offset);
      offset += tensor.byteLength;
    }
    assertEquals(await sha256(all), table.weights_sha256);
  });
}

Deno.test("the pictures have the bytes that Python gave them", async () => {
  const [name, height, width, dy, dx] = names.picture_pair.arguments;
  const pair = deterministicPair(name, height, width, dy, dx);
  const digests = pair.map((picture) => sha256(Uint8Array.from(packed(picture))));
  assertEquals(await Promise.all(digests), names.picture_pair.sha256);
});

Deno.test("both names of a shortcut's normalization hold the same values", () => {
  assertEquals(
    deterministicTensor("cnet.layer2.0.downsample.1.weight", [96]),
    deterministicTensor("cnet.layer2.0.norm3.weight", [96]),
  );
});

Deno.test("the sampled entries are those that Python took", () => {
  const [name, size] = names.sampled.arguments;
  assertEquals([...sampledIndices(name, size)], names.sampled.indices);
});

Deno.test("a name without a rule is an error", () => {
  assertThrows(() => deterministicTensor("fnet.conv1.scale", [4]), Error, "no rule");
});
