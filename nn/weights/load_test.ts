import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { UsageError } from "../../base/errors.ts";
import { bytesSource } from "./byte_source.ts";
import { readWeights, readWeightsFile, stripPrefix } from "./load.ts";
import { decodePth } from "./pth.ts";
import { encodeSafetensors } from "./safetensors.ts";
import type { StateDict, StoredTensor } from "./tensor_file.ts";
import { fixture, joined, latin1, reasonOf } from "./test_support.ts";
import { weightsFormat } from "./weights_format.ts";

function scalar(value: number): StoredTensor {
  return { dtype: "F32", shape: [], data: Float32Array.of(value) };
}

Deno.test("readWeights() goes by content, not by name", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const misnamed = join(folder, "weights.pth");
    await Deno.writeFile(misnamed, encodeSafetensors(new Map([["w", scalar(2)]])));
    assertEquals(await readWeights(misnamed), new Map([["w", scalar(2)]]));
    for (const container of ["zip", "legacy"]) {
      const path = join(folder, `${container}.safetensors`);
      await Deno.copyFile(fixture(`small_${container}.pth`), path);
      const state = await readWeights(path);
      assertEquals(state.get("b")!.data, BigInt64Array.of(7n, -7n));
    }
    assertEquals(await reasonOf(() => readWeights(join(folder, "none"))), "there is no such file");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("weightsFormat() says what a file is instead", async () => {
  const of = (bytes: Uint8Array) => reasonOf(() => weightsFormat(bytesSource("x", bytes)));
  assertEquals(await of(new Uint8Array()), "it is empty");
  assertMatch(await of(latin1("\r\n <!DOCTYPE html><html>")), /web page/);
  assertMatch(await of(latin1("<html><head>")), /web page/);
  assertMatch(await of(latin1("version https://git-lfs.github.com/spec/v1\noid")), /Git LFS/);
  assertMatch(await of(joined(new Uint8Array(257), latin1("ustar\x0000"))), /tar archive/);
  assertMatch(await of(latin1("\x89HDF\r\n\x1a\n")), /neither/);
  const safetensors = bytesSource("x", encodeSafetensors(new Map()));
  assertMatch(await reasonOf(() => decodePth(safetensors)), /safetensors file, not a PyTorch/);
});

Deno.test("readWeightsFile() keeps what a safetensors file says beside its tensors", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "weights");
    const tensors = new Map([["w", scalar(2)]]);
    await Deno.writeFile(path, encodeSafetensors(tensors, { paper: "raft" }));
    assertEquals(await readWeightsFile(path), { tensors, metadata: { paper: "raft" } });
    assertEquals((await readWeightsFile(fixture("small_zip.pth"))).metadata, {});
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("stripPrefix() shortens names and refuses to merge two", () => {
  const dict: StateDict = Object.assign(
    new Map([["module.a", scalar(1)], ["module.module.b", scalar(2)], ["c", scalar(3)]]),
    { ignored: ["epoch"] },
  );
  const stripped = stripPrefix(dict, "module.");
  assertEquals([...stripped.keys()], ["a", "module.b", "c"]);
  assertEquals(stripped.ignored, ["epoch"]);
  assertEquals(dict.size, 3);
  dict.set("a", scalar(4));
  assertThrows(() => stripPrefix(dict, "module."), UsageError, '"a" is there twice');
});
