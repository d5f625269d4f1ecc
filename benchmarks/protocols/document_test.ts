import { assertEquals } from "@std/assert";
import { protocolsDocument } from "./document.ts";

Deno.test("docs/protocols.md is what the protocols say", async () => {
  const path = new URL("../../docs/protocols.md", import.meta.url);
  assertEquals(
    await Deno.readTextFile(path),
    protocolsDocument(),
    "make it again: deno run --allow-read --allow-write=docs benchmarks/protocols/document.ts",
  );
});
