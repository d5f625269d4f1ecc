import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { type Dtype, elementBytes, elementsOf, isDtype, toFloat32 } from "./tensor_file.ts";

function fromBits(dtype: Dtype, ...bits: number[]): Float32Array {
  const bytes = new Uint8Array(Uint16Array.from(bits).buffer);
  return toFloat32({ dtype, shape: [bits.length], data: elementsOf(dtype, bytes) });
}

Deno.test("toFloat32() hands F32 back as it is", () => {
  const data = Float32Array.of(1, NaN, -0);
  assertStrictEquals(toFloat32({ dtype: "F32", shape: [3], data }), data);
});

Deno.test("toFloat32() widens F16 and BF16 exactly", () => {
  const halves = fromBits("F16", 0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x8000);
  assertEquals([...halves], [1, -2, 2 ** -24, 65504, Infinity, -0]);
  const brains = fromBits("BF16", 0x3f80, 0xc049, 0x0001, 0xff80, 0x8000);
  assertEquals([...brains], [1, -3.140625, 2 ** -133, -Infinity, -0]);
  assertEquals([...fromBits("BF16", 0x7fc0)], [NaN]);
});

Deno.test("toFloat32() converts integers and F64 to the nearest float32", () => {
  const data = BigInt64Array.of(-3n, 2n ** 24n + 1n);
  assertEquals([...toFloat32({ dtype: "I64", shape: [2], data })], [-3, 2 ** 24]);
  const flags = Uint8Array.of(1, 0);
  assertEquals([...toFloat32({ dtype: "BOOL", shape: [2], data: flags })], [1, 0]);
  const wide = Float64Array.of(0.1);
  assertEquals([...toFloat32({ dtype: "F64", shape: [1], data: wide })], [Math.fround(0.1)]);
});

Deno.test("elementsOf() shares aligned bytes and copies others", () => {
  const bytes = Uint8Array.of(0, 0, 128, 63, 0, 0, 0, 64);
  assertStrictEquals(elementsOf("F32", bytes).buffer, bytes.buffer);
  const odd = new Uint8Array(9);
  odd.set(bytes, 1);
  const data = elementsOf("F32", odd.subarray(1));
  assertNotStrictEquals(data.buffer, odd.buffer);
  assertEquals(data, Float32Array.of(1, 2));
});

Deno.test("isDtype() knows the names and nothing inherited", () => {
  assertEquals(["F32", "BOOL", "f32", "toString", "__proto__", 5].map(isDtype), [
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
  assertEquals(elementBytes("BF16"), 2);
});
