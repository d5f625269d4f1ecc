import { assertEquals } from "@std/assert";
import { datasetsDocument } from "./document.ts";

Deno.test("docs/datasets.md is what the registry says", async () => {
  const path = new URL("../docs/datasets.md", import.meta.url);
  assertEquals(
    await Deno.readTextFile(path),
    datasetsDocument(),
    "make it again: deno run --allow-read --allow-write=docs datasets/document.ts",
  );
});
