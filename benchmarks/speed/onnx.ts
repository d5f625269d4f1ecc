/**
 * ONNX models through onnxruntime-web, for the speed benchmark to compare with.
 *
 * @module
 */
import { EnvironmentError } from "../../base/errors.ts";

/** Where onnxruntime-web runs a model. */
export type OnnxProvider = "webgpu" | "wasm";

/** A tensor to give to a model. */
export interface OnnxInput {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A model ready to run. */
export interface OnnxModel {
  /** Runs it and reads its only output back. */
  run(inputs: Readonly<Record<string, OnnxInput>>): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Opens a model of one float32 output. The runtime is large, so it is loaded only here.
 *
 * @throws {EnvironmentError} When the runtime cannot run it there.
 */
export async function openOnnx(path: string, provider: OnnxProvider): Promise<OnnxModel> {
  const bytes = await Deno.readFile(path);
  const ort = await import("onnxruntime-web/webgpu");
  ort.env.wasm.numThreads = 1; // its worker needs an address that Deno refuses
  try {
    const session = await ort.InferenceSession.create(bytes, {
      executionProviders: [provider],
      logSeverityLevel: 3, // it warns of nodes that it runs on the CPU, as it should
    });
    return {
      async run(inputs) {
        const feeds = Object.fromEntries(
          Object.entries(inputs).map(([name, { data, shape }]) =>
            [name, new ort.Tensor("float32", data, shape)] as const
          ),
        );
        const outputs = await session.run(feeds);
        const output = outputs[session.outputNames[0]];
        const values = await output.getData() as Float32Array;
        output.dispose();
        return values;
      },
      close: () => session.release(),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EnvironmentError(`Cannot run ${path} in onnxruntime-web on ${provider}: ${reason}`);
  }
}
