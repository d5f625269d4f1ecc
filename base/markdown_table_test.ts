import { assertEquals } from "@std/assert";
import { markdownTable } from "./markdown_table.ts";

Deno.test("columns are as wide as their widest cell, and wide enough for a rule", () => {
  assertEquals(
    markdownTable([["id", "what"], ["`a`", "first one"]]),
    ["| id  | what      |", "| --- | --------- |", "| `a` | first one |"].join("\n"),
  );
});
