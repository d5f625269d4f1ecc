import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { EnvironmentError } from "../base/errors.ts";
import {
  describeAdapter,
  deviceProblem,
  largestBinding,
  openDevice,
  readLater,
  settle,
  submit,
  useBackend,
} from "./backend.ts";
import "./kernels/kernel_test_support.ts";
import { dispatch, type Program } from "./kernels/program.ts";

/** Runs a program that writes 3 numbers. */
function run(name: string, code: string): tf.Tensor {
  const program: Program = {
    name,
    inputs: [],
    widths: [1],
    uniforms: { value: "f32" },
    workgroup: 3,
    code,
  };
  const result = dispatch(tf.backend() as WebGPUBackend, program, [], [3], [7], 3);
  return tf.engine().makeTensorFromTensorInfo(result);
}

const sound = () => run("sound", "fn main(index : i32) { result[index] = uniforms.value; }");

const broken: Record<string, () => tf.Tensor> = {
  "a syntax error": () => run("garbled", "fn main(index : i32) { result[index] = ; }"),
  // An unused binding drops out of the automatic layout, and the bind group no longer fits.
  "a bind group that does not fit": () =>
    run("misfit", "fn main(index : i32) { result[index] = 1.0; }"),
};

for (const [fault, spoil] of Object.entries(broken)) {
  Deno.test(`the read after ${fault} throws, and the one after that is sound`, async () => {
    await assertRejects(() => spoil().data(), EnvironmentError, "Cannot trust the GPU's results");
    assertEquals(await sound().data(), Float32Array.of(7, 7, 7));
  });

  Deno.test(`an unrelated read notices ${fault}`, async () => {
    spoil();
    await assertRejects(() => sound().data(), EnvironmentError);
  });

  Deno.test(`settling notices ${fault}`, async () => {
    spoil();
    await assertRejects(settle, EnvironmentError);
    await settle();
  });
}

Deno.test("an error is not lost where reads overlap", async () => {
  const outcomes = await Promise.allSettled([sound().data(), broken["a syntax error"]().data()]);
  assertEquals(outcomes.some(({ status }) => status === "rejected"), true);
  assertEquals(await sound().data(), Float32Array.of(7, 7, 7));
});

Deno.test("a read after an update in place sees the update", async () => {
  const tensor = sound();
  assertEquals(await tensor.data(), Float32Array.of(7, 7, 7));
  const double: Program = {
    name: "double",
    inputs: [],
    widths: [1],
    uniforms: { factor: "f32" },
    workgroup: 3,
    code: "fn main(index : i32) { result[index] = result[index] * uniforms.factor; }",
  };
  dispatch(tf.backend() as WebGPUBackend, double, [], tensor, [2], 3);
  assertEquals(await tensor.data(), Float32Array.of(14, 14, 14));
});

Deno.test("reading later gives what tensors held then, handed over or not", async () => {
  for (const handOver of [submit, () => {}]) {
    const first = sound(), second = tf.tensor1d([1, 2]);
    const read = readLater([first, second]);
    tf.dispose([first, second]);
    const reused = [tf.fill([3], 5), tf.fill([2], 6)];
    handOver();
    assertEquals(await read(), [Float32Array.of(7, 7, 7), Float32Array.of(1, 2)]);
    tf.dispose(reused);
  }
});

Deno.test("reading later notices what went wrong meanwhile", async () => {
  const read = readLater([sound()]);
  broken["a syntax error"]();
  await assertRejects(read, EnvironmentError, "Cannot trust the GPU's results");
});

Deno.test("an adapter that has too little is an error of the environment", async () => {
  const limits = {} as GPUSupportedLimits;
  const adapter = (refusal: Error) => ({
    info: { vendor: "1", description: "Small GPU" },
    limits,
    requestDevice: () => Promise.reject(refusal),
  } as unknown as GPUAdapter);
  const refusal = new DOMException("Limit 'max_bind_groups' is too small", "OperationError");
  const error = await assertRejects(
    () => openDevice(adapter(refusal)),
    EnvironmentError,
    "Cannot use the adapter Small GPU: Limit 'max_bind_groups' is too small",
  );
  assertStringIncludes(error.nextStep, "--backend cpu");
  await assertRejects(() => openDevice(adapter(new TypeError("ours"))), TypeError, "ours");
});

Deno.test("there is no problem with the device that tests run on", async () => {
  assertEquals(await deviceProblem(), null);
});

Deno.test("one process keeps its backend", async () => {
  const adapter = await useBackend("webgpu");
  assertNotEquals(adapter, null);
  assertEquals(adapter, await describeAdapter());
  assertEquals(adapter?.maxStorageBufferBindingSize, largestBinding());
  await assertRejects(() => useBackend("cpu"), EnvironmentError, "from the webgpu backend to cpu");
});
