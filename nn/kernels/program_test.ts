import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { assertEquals, assertThrows } from "@std/assert";
import "./kernel_test_support.ts";
import { dispatch, type Program } from "./program.ts";

const SCALE: Program = {
  name: "test scale",
  inputs: ["x"],
  widths: [4, 4],
  uniforms: { size: "i32", factor: "f32" },
  workgroup: 1,
  code: `
fn main(index : i32) {
  if (index < uniforms.size) { result[index] = x[index] * uniforms.factor; }
}`,
};

const backend = () => tf.backend() as WebGPUBackend;

Deno.test("more workgroups than one dimension holds reach every index", async () => {
  const vectors = 70_001;
  const x = tf.range(0, vectors * 4);
  const result = dispatch(backend(), SCALE, [x], x.shape, [vectors, 0.5], vectors);
  const values = await tf.engine().makeTensorFromTensorInfo(result).data();
  assertEquals(values.every((value, i) => value === i / 2), true);
  x.dispose();
});

Deno.test("an output that exists is updated in place", async () => {
  const [x, out] = [tf.tensor1d([1, 2, 3, 4]), tf.tensor1d([0, 0, 0, 0])];
  assertEquals(dispatch(backend(), SCALE, [x], out, [1, 3], 1), out);
  assertEquals(await out.data(), Float32Array.of(3, 6, 9, 12));
  tf.dispose([x, out]);
});

Deno.test("a missing uniform is an error", () => {
  const x = tf.zeros([4]);
  assertThrows(
    () => dispatch(backend(), SCALE, [x], [4], [1], 1),
    Error,
    "takes 2 uniforms, got 1",
  );
});
