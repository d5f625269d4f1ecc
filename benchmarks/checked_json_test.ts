import { assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { DataError } from "../base/errors.ts";
import { check, parseJson, refuseLater } from "./checked_json.ts";

Deno.test("parseJson() says where the text is no JSON, and what to do", () => {
  assertEquals(parseJson("x.json", `{"a": [1]}`), { a: [1] });
  const torn = assertThrows(() => parseJson("x.jsonl", "{", "line 3: "), DataError);
  assertEquals(
    [torn.path, torn.reason, torn.nextStep],
    ["x.jsonl", "line 3: not valid JSON", "Restore the file, or run again."],
  );
  const other = assertThrows(() => parseJson("x.json", "", "", "Do this."), DataError);
  assertEquals([other.reason, other.nextStep], ["not valid JSON", "Do this."]);
});

Deno.test("refuseLater() refuses a later schema and nothing else", () => {
  for (const value of [{ schema: 3 }, { schema: 1 }, { schema: "4" }, {}, null, 4]) {
    refuseLater("x.json", value, 3);
  }
  const reason = "its schema 4 is later than 3, the latest this version reads";
  assertThrows(() => refuseLater("x.json", { schema: 4, more: true }, 3), DataError, reason);
});

Deno.test("check() gives the value, or the first thing wrong and how many more there are", () => {
  const schema = z.strictObject({ a: z.array(z.number()), b: z.string() });
  const good = { a: [1], b: "" };
  assertEquals(check(schema, good, "x.json", "it"), good);
  const reason = (value: unknown) =>
    assertThrows(() => check(schema, value, "x.json", "it"), DataError).reason;
  assertEquals(reason({ a: [1, ""], b: "" }).startsWith("it, a.1: "), true);
  assertEquals(/^it, a: .* \(and 1 more\)$/.test(reason({})), true);
  assertEquals(/^it: [^(]*$/.test(reason(null)), true);
});
