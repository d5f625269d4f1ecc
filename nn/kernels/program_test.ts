import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { assertEquals, assertThrows } from "@std/assert";
import { submit } from "../backend.ts";
import "./kernel_test_support.ts";
import { dispatch, type Program, submitAfter } from "./program.ts";

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

Deno.test("what was recorded is submitted where it takes too many multiply-adds", () => {
  const counter = tf.backend() as unknown as { dispatchCountInPass: number };
  const x = tf.tensor1d([1, 2, 3, 4]);
  /** Dispatches that wait for a submit after one more, of so much work. */
  const waiting = (multiplyAdds: number) => {
    tf.dispose(
      tf.engine().makeTensorFromTensorInfo(
        dispatch(backend(), SCALE, [x], x.shape, [1, 1], 1, multiplyAdds),
      ),
    );
    return counter.dispatchCountInPass;
  };
  submit();
  const before = submitAfter(100);
  try {
    assertEquals([60, 40, 1].map(waiting), [1, 2, 0]);
    assertEquals([60, 41].map(waiting), [1, 0]);
    // Another's dispatch comes first after a submit, and what was counted before is forgotten too.
    waiting(60);
    submit();
    tf.square(x).dispose();
    assertEquals(waiting(60), 2);
  } finally {
    submitAfter(before);
    submit();
    x.dispose();
  }
});

Deno.test("a missing uniform is an error", () => {
  const x = tf.zeros([4]);
  assertThrows(
    () => dispatch(backend(), SCALE, [x], [4], [1], 1),
    Error,
    "takes 2 uniforms, got 1",
  );
});
