import { assertEquals } from "@std/assert";
import { textTable } from "./text_table.ts";

Deno.test("textTable() makes columns as wide as their widest cell", () => {
  assertEquals(textTable([["a", "bb", ""], ["ccc", "d", "e"]]), "a    bb\nccc  d   e");
});

Deno.test("textTable() puts columns after the first few to the right", () => {
  assertEquals(textTable([["", "count"], ["a", "1"]], 1), "   count\na      1");
});

Deno.test("textTable() lets the last cell of a short row run on", () => {
  const rows = [["work", "ours", "theirs"], ["a", "1 s", "2 s"], ["longer", "was left out"]];
  assertEquals(textTable(rows).split("\n"), [
    "work    ours  theirs",
    "a       1 s   2 s",
    "longer  was left out",
  ]);
});

Deno.test("textTable() of no rows is empty", () => {
  assertEquals(textTable([]), "");
});
