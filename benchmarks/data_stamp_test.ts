import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../base/errors.ts";
import { findDataset } from "../datasets/registry.ts";
import { dataStamp } from "./data_stamp.ts";
import { DataStamp } from "./record.ts";

Deno.test("dataStamp() says what was opened, and the registry's licence and source", () => {
  const digest = "0123456789abcdef".repeat(4);
  const stamp = dataStamp({ id: "sintel-final", split: "train", digest, length: 17 });
  const { licence, homepage } = findDataset("sintel-final");
  const expected = { dataset: "sintel-final", split: "train", digest, samples: 17 };
  assertEquals(stamp, { ...expected, licence, source: homepage });
  assertEquals(DataStamp.parse(stamp), stamp);
});

Deno.test("dataStamp() knows no dataset that the registry doesn't", () => {
  assertThrows(() => dataStamp({ id: "it", split: "a", digest: "", length: 1 }), UsageError);
});
