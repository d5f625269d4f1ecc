import { assertEquals } from "@std/assert";
import { UsageError } from "./errors.ts";
import { nearest, unknownName } from "./nearest.ts";

const names = ["moving-shapes", "sintel-clean", "sintel-final", "kitti-2015"];

Deno.test("nearest() finds what was probably meant", () => {
  assertEquals(nearest("sintel-claen", names), "sintel-clean");
  assertEquals(nearest("Sintel-Final", names), "sintel-final");
  assertEquals(nearest("moving_shape", names), "moving-shapes");
  assertEquals(nearest("kitti2015", names), "kitti-2015");
  assertEquals(nearest("kitti-2015", names), "kitti-2015");
});

Deno.test("nearest() offers nothing for a word unlike all of them", () => {
  assertEquals(nearest("davis", names), null);
  assertEquals(nearest("", names), null);
  assertEquals(nearest("davis", []), null);
});

Deno.test("unknownName() offers the nearest name, else all of them", () => {
  const meant = unknownName("dataset", "sintel-claen", names);
  assertEquals(meant instanceof UsageError, true);
  assertEquals(meant.message, 'There is no dataset named "sintel-claen"');
  assertEquals(meant.nextStep, 'Did you mean "sintel-clean"?');
  const other = unknownName("run", "davis", ["a", "b"], "in runs");
  assertEquals(other.message, 'There is no run named "davis" in runs');
  assertEquals(other.nextStep, "Known: a, b");
});
