/**
 * ONNX models through onnxruntime-web.
 *
 * @module
 */
import { EnvironmentError } from "../../base/errors.ts";

/** Where onnxruntime-web runs a model. */
export type OnnxProvider = "webgpu" | "wasm";

/** A tensor to give to a model. */
export interface OnnxInput {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array;
}

/** A tensor that a model gave. */
export interface OnnxOutput {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A model ready to run. */
export interface OnnxModel {
  /** Names of its outputs, in the file's order. */
  readonly outputs: readonly string[];
  /**
   * Runs it and reads one float32 output back, the first unless told.
   *
   * @throws {EnvironmentError} When the runtime cannot run it on these inputs.
   */
  run(inputs: Readonly<Record<string, OnnxInput>>, output?: string): Promise<OnnxOutput>;
  close(): Promise<void>;
}

/**
 * Opens a model. The runtime is large, so it is loaded only here.
 *
 * @param model The file's path, or its bytes.
 * @param name Names the model in errors.
 * @throws {EnvironmentError} When the runtime cannot run it there.
 */
export async function openOnnx(
  model: string | Uint8Array,
  provider: OnnxProvider,
  name = String(model),
): Promise<OnnxModel> {
  const bytes = typeof model === "string" ? await Deno.readFile(model) : model;
  const ort = await import("onnxruntime-web/webgpu");
  ort.env.wasm.numThreads = 1; // its worker needs an address that Deno refuses
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new EnvironmentError(`Cannot run ${name} in onnxruntime-web on ${provider}: ${reason}`);
    }
  };
  const session = await attempt(() =>
    ort.InferenceSession.create(bytes, {
      executionProviders: [provider],
      logSeverityLevel: 3, // it warns of nodes that it runs on the CPU, as it should
    })
  );
  return {
    outputs: session.outputNames,
    run: (inputs, output = session.outputNames[0]) =>
      attempt(async () => {
        const feeds = Object.fromEntries(
          Object.entries(inputs).map(([name, { data, shape }]) =>
            [
              name,
              data instanceof Uint8Array
                ? new ort.Tensor("uint8", data, shape)
                : new ort.Tensor("float32", data, shape),
            ] as const
          ),
        );
        const { [output]: tensor } = await session.run(feeds, [output]);
        if (tensor.type !== "float32") throw new TypeError(`output ${output} is ${tensor.type}`);
        const data = await tensor.getData() as Float32Array;
        const shape = tensor.dims;
        tensor.dispose();
        return { shape, data };
      }),
    close: () => session.release(),
  };
}
