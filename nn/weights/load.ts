/**
 * Weights from a file of any format that can be read.
 *
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import { FileSource } from "./byte_source.ts";
import { decodePth } from "./pth.ts";
import { decodeSafetensors, type SafetensorsFile } from "./safetensors.ts";
import type { StateDict } from "./tensor_file.ts";
import { weightsFormat } from "./weights_format.ts";

/**
 * Reads a safetensors file or a PyTorch checkpoint; which it is, its content says.
 *
 * @throws {DataError} When the file is absent, damaged, of another kind, or asks for anything but
 *   tensors; the reason names it.
 */
export async function readWeights(path: string): Promise<StateDict> {
  return (await readWeightsFile(path)).tensors;
}

/**
 * As {@link readWeights}, with what a safetensors file says beside its tensors; a PyTorch checkpoint
 * says nothing.
 */
export async function readWeightsFile(path: string): Promise<SafetensorsFile> {
  using source = FileSource.open(path);
  if (weightsFormat(source) !== "safetensors") {
    return { tensors: await decodePth(source), metadata: {} };
  }
  return decodeSafetensors(source.read(0, source.size), path);
}

/**
 * The same tensors with `prefix` taken off the names that start with it, for example `module.`,
 * which PyTorch's DataParallel puts before each.
 *
 * @throws {UsageError} When two tensors would get one name.
 */
export function stripPrefix(dict: StateDict, prefix: string): StateDict {
  const { ignored } = dict;
  const stripped: StateDict = new Map();
  for (const [name, tensor] of dict) {
    const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
    if (stripped.has(bare)) {
      throw new UsageError(`Cannot strip "${prefix}": "${bare}" is there twice`);
    }
    stripped.set(bare, tensor);
  }
  return ignored === undefined ? stripped : Object.assign(stripped, { ignored });
}
