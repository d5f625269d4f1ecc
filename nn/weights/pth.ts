/**
 * PyTorch checkpoints (`.pth`, `.pt`, `.th`, `.tar`, `.bin`) as tensors, without Python.
 *
 * Both containers of `torch.save` are read, and their pickles by a machine that cannot execute
 * anything (see `pickle.ts`). A checkpoint's other entries (epoch, optimizer) are skipped unread.
 *
 * @module
 */
import { ndarray, packed } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";
import { type ByteSource, FileSource } from "./byte_source.ts";
import { EXPORT_WEIGHTS } from "./pickle.ts";
import { describe, type PickleDict, type PickleValue, quoted } from "./pickle_values.ts";
import { openLegacy } from "./pth_legacy.ts";
import { openZip } from "./pth_zip.ts";
import { elementsOf, type StateDict, type StoredTensor, type TensorData } from "./tensor_file.ts";
import { type TorchStorage, TorchTensor } from "./torch_pickle.ts";
import { weightsFormat } from "./weights_format.ts";

/**
 * Where training scripts put the weights beside other things. Of a teacher and a student, as DINO
 * keeps them, the teacher is the model.
 */
const STATE_KEYS = ["state_dict", "model", "model_state_dict", "teacher"];

/** Tensors may share storages, but a file must not unfold to many times its storages. */
const MAX_UNFOLDING = 8;

/**
 * Reads a PyTorch checkpoint: a state dict, or a dict that has one as `state_dict`, `model`,
 * `model_state_dict` or `teacher`. Tensors are contiguous; those that shared a storage may share memory. The
 * names of entries that are no tensors are in `ignored`.
 *
 * @throws {DataError} When the file is absent, damaged, big-endian, no checkpoint, or asks for
 *   anything but tensors; the reason names it.
 */
export async function readPth(path: string): Promise<StateDict> {
  using source = FileSource.open(path);
  return await decodePth(source);
}

/** Reads a PyTorch checkpoint from a source. See {@link readPth}. */
export async function decodePth(source: ByteSource): Promise<StateDict> {
  const format = weightsFormat(source);
  if (format === "safetensors") {
    throw new DataError(source.path, "it is a safetensors file, not a PyTorch checkpoint");
  }
  const container = format === "pth zip" ? await openZip(source) : openLegacy(source);
  const { tensors, ignored } = findStateDict(container.root, source.path);
  checkUnfolding(tensors, source.path);

  const read = new Map<TorchStorage, TensorData>();
  const state: StateDict = new Map();
  for (const [name, tensor] of tensors) {
    const { storage } = tensor;
    const data = read.get(storage) ?? elementsOf(storage.dtype, await container.read(storage));
    read.set(storage, data);
    state.set(name, contiguous(tensor, data));
  }
  return Object.assign(state, { ignored });
}

interface Found {
  tensors: Map<string, TorchTensor>;
  ignored: string[];
}

function findStateDict(root: PickleValue, path: string): Found {
  if (!(root instanceof Map)) {
    throw new DataError(path, `it holds ${describe(root)}, not a state dict`, EXPORT_WEIGHTS);
  }
  const bare = sortOut(root, path);
  const keys = STATE_KEYS.filter((key) => root.get(key) instanceof Map);
  // A checkpoint may hold tensors beside its weights, such as the last loss.
  const within = keys.filter((key) => sortOut(root.get(key) as PickleDict, path).tensors.size > 0);
  if (bare.tensors.size > 0 && within.length === 0) return bare;
  if (keys.length > 1) {
    throw new DataError(path, `it holds several state dicts: ${keys.join(", ")}`, EXPORT_WEIGHTS);
  }
  const inner = sortOut(keys.length === 0 ? root : root.get(keys[0]) as PickleDict, path);
  if (inner.tensors.size === 0) {
    const names = bare.ignored.slice(0, 10).map(quoted).join(", ") || "nothing";
    throw new DataError(path, `it holds no state dict, but ${names}`, EXPORT_WEIGHTS);
  }
  const ignored = [...root.keys()].map(String).filter((name) => name !== keys[0]);
  return { tensors: inner.tensors, ignored: [...ignored, ...inner.ignored] };
}

function sortOut(dict: PickleDict, path: string): Found {
  const tensors = new Map<string, TorchTensor>();
  const ignored: string[] = [];
  for (const [key, value] of dict) {
    if (!(value instanceof TorchTensor)) ignored.push(String(key));
    else if (typeof key === "string") tensors.set(key, value);
    else {throw new DataError(
        path,
        `a tensor has the name ${key}, which is no string`,
        EXPORT_WEIGHTS,
      );}
  }
  return { tensors, ignored };
}

function checkUnfolding(tensors: ReadonlyMap<string, TorchTensor>, path: string): void {
  let unfolded = 0, stored = 0;
  for (const tensor of tensors.values()) unfolded += tensor.bytes;
  for (const storage of new Set([...tensors.values()].map((tensor) => tensor.storage))) {
    stored += storage.bytes;
  }
  if (unfolded <= MAX_UNFOLDING * stored) return;
  throw new DataError(path, `its ${stored} bytes of data unfold to ${unfolded}`, EXPORT_WEIGHTS);
}

function contiguous(tensor: TorchTensor, data: TensorData): StoredTensor {
  const shape = [...tensor.shape];
  // ndarray handles every typed array; its types keep numbers and bigints apart.
  const view = ndarray(data as Float32Array, shape, [...tensor.stride], tensor.offset);
  return { dtype: tensor.storage.dtype, shape, data: packed(view) };
}
