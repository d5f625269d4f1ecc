/**
 * The names a PyTorch state dict may use in its pickle, and what they stand for here: storages (runs
 * of elements kept outside the pickle) and tensors (strided views of a storage).
 *
 * Source: `torch/_utils.py` and `torch/serialization.py` of PyTorch 0.2 to 2.x. Every view is checked
 * against its storage when it is made, so that a tensor that exists can be read.
 *
 * @module
 */
import {
  describe,
  Discarded,
  OrderedDict,
  PickleFunction,
  PickleGlobal,
  PickleObject,
  PickleTuple,
  type PickleValue,
  quoted,
  Refusal,
  setItem,
} from "./pickle_values.ts";
import type { PickleWorld } from "./pickle.ts";
import { type Dtype, elementBytes, elementCount } from "./tensor_file.ts";

/** Elements kept outside the pickle, known by a key. */
export class TorchStorage extends PickleObject {
  /** For messages. */
  readonly name = "a storage";

  /**
   * A storage that the pickle mentions.
   *
   * @param key Names the storage within its file.
   * @param dtype Type of its elements.
   * @param length Number of elements.
   */
  constructor(readonly key: string, readonly dtype: Dtype, readonly length: number) {
    super();
  }

  /** Size in bytes. */
  get bytes(): number {
    return this.length * elementBytes(this.dtype);
  }
}

/** A strided view of a storage: in range, and no element twice. Offset and strides count elements. */
export class TorchTensor extends PickleObject {
  /** For messages. */
  readonly name = "a tensor";

  /**
   * A checked view.
   *
   * @param storage Where the elements are.
   * @param offset The first element.
   * @param shape Lengths of the axes.
   * @param stride Steps of the axes.
   * @throws {Refusal} When the view does not fit the storage.
   */
  constructor(
    readonly storage: TorchStorage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly stride: readonly number[],
  ) {
    super();
    checkView(this);
  }

  /** Size in bytes. */
  get bytes(): number {
    return elementCount(this.shape) * elementBytes(this.storage.dtype);
  }
}

/** The world of a state dict; collects the storages that the pickle mentions. */
export class TorchWorld implements PickleWorld {
  /** Storages by key. */
  readonly storages: Map<string, TorchStorage> = new Map();
  readonly globals: ReadonlyMap<string, PickleGlobal> = GLOBALS;

  /** The storage that `("storage", type, key, location, length[, view])` names. */
  persistent(id: PickleValue): TorchStorage {
    const [kind, type, key, location, length, view = null] = id instanceof PickleTuple
      ? id.items
      : [];
    if (kind === "module") throw new Refusal("it holds a whole module with its source code");
    const known = kind === "storage" && type instanceof StorageType && typeof key === "string" &&
      typeof location === "string" && isSize(length);
    if (!known) throw new Refusal("it refers to outside data that is no storage");
    if (view !== null) throw new Refusal("it has a view of a storage, as PyTorch 0.1 wrote");
    const storage = this.storages.get(key) ?? new TorchStorage(key, type.dtype, length);
    if (storage.dtype !== type.dtype || storage.length !== length) {
      throw new Refusal(`it describes storage ${quoted(key)} in two ways`);
    }
    this.storages.set(key, storage);
    return storage;
  }
}

/** An open checkpoint, its storages known to fit the file but not read yet. */
export interface PthContainer {
  /** The unpickled object. */
  readonly root: PickleValue;
  /** Reads a storage's bytes. */
  read(storage: TorchStorage): Promise<Uint8Array>;
}

/** A class such as `torch.FloatStorage`, which a persistent id names. */
class StorageType extends PickleGlobal {
  constructor(name: string, readonly dtype: Dtype) {
    super(name);
  }
}

/** More axes than any tensor PyTorch makes. */
const MAX_AXES = 64;

/** `_rebuild_tensor(storage, offset, size, stride)`, of PyTorch before 0.4. */
function rebuildTensor(args: readonly PickleValue[]): TorchTensor {
  const [storage, offset, shape, stride] = args;
  const sound = args.length === 4 && storage instanceof TorchStorage && isSize(offset) &&
    isIntegers(shape) && isIntegers(stride);
  if (!sound) throw new Refusal("it has a tensor without storage, offset, shape and strides");
  return new TorchTensor(storage, offset, shape.items, stride.items);
}

/** `_rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks[, metadata])`. */
function rebuildTensorV2(args: readonly PickleValue[]): TorchTensor {
  const [, , , , requiresGrad, hooks, metadata = null] = args;
  if (args.length > 7 || typeof requiresGrad !== "boolean" || !isEmpty(hooks)) {
    throw new Refusal("it has a tensor with hooks");
  }
  // A conjugated or negated view would need its values changed.
  if (!isEmpty(metadata)) throw new Refusal("it has a tensor with metadata");
  return rebuildTensor(args.slice(0, 4));
}

/** `_rebuild_parameter(data, requires_grad, hooks)`: the tensor itself. */
function rebuildParameter(args: readonly PickleValue[]): TorchTensor {
  const [data, requiresGrad, hooks] = args;
  const sound = args.length === 3 && data instanceof TorchTensor &&
    typeof requiresGrad === "boolean" && isEmpty(hooks);
  if (!sound) throw new Refusal("it has a parameter that is not a plain tensor");
  return data;
}

/** `OrderedDict()`, or Python 2's `OrderedDict([[key, value], ...])`. */
function orderedDict(args: readonly PickleValue[]): OrderedDict {
  const dict = new OrderedDict();
  const [pairs = []] = args;
  if (args.length > 1 || !Array.isArray(pairs)) throw new Refusal("it has an odd OrderedDict");
  for (const pair of pairs) {
    const items = pair instanceof PickleTuple ? pair.items : pair;
    if (!Array.isArray(items) || items.length !== 2) {
      throw new Refusal(`it has an OrderedDict of ${describe(pair)}`);
    }
    setItem(dict, items[0], items[1]);
  }
  return dict;
}

/**
 * What training scripts save beside the weights: NumPy's arrays and scalars (a best score, the state
 * of a random generator), and the bytes in them. Nothing of it is built or kept.
 */
const DISCARDED: readonly PickleGlobal[] = [
  new PickleGlobal("numpy.ndarray"),
  ...["numpy.core", "numpy._core"].flatMap((numpy) =>
    ["_reconstruct", "scalar"].map((name) => `${numpy}.multiarray.${name}`)
  ).concat("numpy.dtype").map((name) =>
    new PickleFunction(name, () => new Discarded("a NumPy value"))
  ),
  new PickleFunction("_codecs.encode", () => new Discarded("bytes")),
];

const STORAGE_DTYPES: Readonly<Record<string, Dtype>> = {
  DoubleStorage: "F64",
  FloatStorage: "F32",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
};

const GLOBALS: ReadonlyMap<string, PickleGlobal> = new Map(
  [
    new PickleFunction("collections.OrderedDict", orderedDict),
    new PickleFunction("torch._utils._rebuild_tensor", rebuildTensor),
    new PickleFunction("torch._utils._rebuild_tensor_v2", rebuildTensorV2),
    new PickleFunction("torch._utils._rebuild_parameter", rebuildParameter),
    ...DISCARDED,
    ...Object.entries(STORAGE_DTYPES).map(([name, dtype]) =>
      new StorageType(`torch.${name}`, dtype)
    ),
  ].map((known) => [known.name, known]),
);

function isSize(value: PickleValue | undefined): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isIntegers(
  value: PickleValue | undefined,
): value is PickleTuple & { items: readonly number[] } {
  return value instanceof PickleTuple && value.items.every(Number.isSafeInteger);
}

function isEmpty(value: PickleValue | undefined): boolean {
  return value === null || value instanceof Map && value.size === 0;
}

function checkView({ storage, offset, shape, stride }: TorchTensor): void {
  const place = `shape [${shape.slice(0, MAX_AXES)}], strides [${stride.slice(0, MAX_AXES)}]`;
  const fail = (reason: string) => new Refusal(`it has a tensor that ${reason} (${place})`);
  if (shape.length !== stride.length) throw fail("has not one stride an axis");
  if (shape.length > MAX_AXES) throw fail(`has more than ${MAX_AXES} axes`);
  if (shape.some((length) => length < 0)) throw fail("has a negative length");
  if (stride.some((step) => step < 0)) throw fail("has a negative stride");
  if (offset > storage.length) throw fail("starts beyond its storage");
  if (shape.includes(0)) return;

  // From the shortest stride up, each step must pass over all that the shorter ones reach.
  const axes = shape.map((length, axis) => ({ length, step: stride[axis] }))
    .filter(({ length }) => length > 1).sort((a, b) => a.step - b.step);
  let reach = 0;
  for (const { length, step } of axes) {
    if (step <= reach) throw fail("overlaps itself");
    reach += (length - 1) * step;
  }
  if (offset + reach >= storage.length) throw fail("reaches beyond its storage");
}
