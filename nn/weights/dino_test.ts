import { assertEquals, assertThrows } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import { randomStream } from "../../base/random.ts";
import { useBackend } from "../backend.ts";
import { Network, Scope } from "../network.ts";
import { Vit, type VitConfig } from "../vit.ts";
import { backboneOf, vitConfigOf } from "./dino.ts";
import type { StateDict, StoredTensor } from "./tensor_file.ts";

await useBackend("webgpu");

const config: VitConfig = { patch: 4, width: 64, depth: 2, heads: 1, grid: 3 };

function backbone(): Network {
  const network = new Network(randomStream(0));
  new Vit(new Scope(network), config);
  return network;
}

const one: StoredTensor = { dtype: "F32", shape: [1], data: Float32Array.of(1) };

const renamed = (dict: StateDict, prefix: string, more: readonly string[] = []): StateDict =>
  new Map([
    ...[...dict].map(([name, tensor]): [string, StoredTensor] => [prefix + name, tensor]),
    ...more.map((name): [string, StoredTensor] => [name, one]),
  ]);

Deno.test("each of DINO's layouts gives the same backbone and its size", async () => {
  const network = backbone();
  const dict = await network.stateDict();
  for (
    const layout of [
      dict,
      renamed(dict, "backbone.", ["head.mlp.0.weight", "head.last_layer.weight_g"]),
      renamed(dict, "module.backbone.", ["module.head.mlp.0.weight"]),
    ]
  ) {
    const found = backboneOf(layout);
    assertEquals([...found.keys()].sort(), [...dict.keys()].sort());
    assertEquals(vitConfigOf(found, "x.pth"), config);
    backbone().load(found, "x.pth");
  }
});

Deno.test("other weights are refused by what they lack", async () => {
  const dict = await backbone().stateDict();
  const without = new Map(dict);
  without.delete("pos_embed");
  assertThrows(() => vitConfigOf(without, "x.pth"), DataError, "pos_embed is missing");
  const odd = new Map(dict).set("pos_embed", {
    dtype: "F32",
    shape: [1, 9, 64],
    data: new Float32Array(576),
  });
  assertThrows(() => vitConfigOf(odd, "x.pth"), DataError, "fit no DINO model");
});
