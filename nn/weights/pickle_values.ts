/**
 * What an unpickled object is made of.
 *
 * @module
 */

/** What a pickle may hold. Dicts become Maps; a Python int becomes a bigint beyond 2^53. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleValue[]
  | PickleTuple
  | PickleDict
  | PickleObject;

/** A Python dict. */
export type PickleDict = Map<PickleValue, PickleValue>;

/** A Python tuple. */
export class PickleTuple {
  /** A tuple of these items. */
  constructor(readonly items: readonly PickleValue[]) {}
}

/** A `collections.OrderedDict`. */
export class OrderedDict extends Map<PickleValue, PickleValue> {}

/** Base of the values that the caller's names and persistent ids stand for. */
export abstract class PickleObject {
  /** What it is, for messages. */
  abstract readonly name: string;
}

/** A value known by a dotted Python name, for example `torch.FloatStorage`. */
export class PickleGlobal extends PickleObject {
  /** The value of this dotted Python name. */
  constructor(readonly name: string) {
    super();
  }
}

/** A function that a pickle may call. */
export class PickleFunction extends PickleGlobal {
  /**
   * A function by its dotted Python name.
   *
   * @param name Dotted Python name.
   * @param call Turns the arguments into a value, or throws {@link Refusal}.
   */
  constructor(name: string, readonly call: (args: readonly PickleValue[]) => PickleValue) {
    super(name);
  }
}

/** Something that is no tensor and of which nothing is kept, such as a NumPy array. */
export class Discarded extends PickleObject {
  /** What it was, for messages. */
  constructor(readonly name: string) {
    super();
  }
}

/** Why a value is refused; `readPickle` turns it into a DataError with the file's name. */
export class Refusal extends Error {}

/** How deep a value may nest. */
export const MAX_DEPTH = 64;
/** Values after unfolding: one object reached twice counts twice. */
const MAX_UNFOLDED = 1_000_000;

/** What a value is, in a word or two, for messages. */
export function describe(value: PickleValue): string {
  if (value === null) return "None";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Map) return "a dict";
  if (value instanceof PickleTuple) return "a tuple";
  if (value instanceof PickleObject) return value.name;
  return typeof value === "string" ? "a string" : "a number";
}

/** Quotes text of a file for a message: short, and without control characters. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/** Sets a key of a dict under construction; each key once. */
export function setItem(dict: PickleDict, key: PickleValue, value: PickleValue): void {
  if (typeof key === "object" && key !== null) {
    throw new Refusal(`it has a dict with ${describe(key)} for a key`);
  }
  if (dict.has(key)) throw new Refusal(`it has a dict with the key ${quoted(String(key))} twice`);
  dict.set(key, value);
}

/**
 * Refuses a value that contains itself, nests too deep, or is small in memory but huge when walked
 * (a list of ten times a list of ten times ...). Each container is visited once.
 */
export function checkUnfolded(root: PickleValue): void {
  const leaf = { height: 0, size: 1 };
  const measured = new Map<PickleValue, typeof leaf | "open">();
  const measure = (value: PickleValue, depth: number): typeof leaf => {
    const children = childrenOf(value);
    if (children === null) return leaf;
    const known = measured.get(value);
    if (known === "open") throw new Refusal("its data contains itself");
    if (known !== undefined) return known;
    if (depth > MAX_DEPTH) throw new Refusal(`it nests deeper than ${MAX_DEPTH}`);
    measured.set(value, "open");
    let height = 0, size = 1;
    for (const child of children) {
      const inner = measure(child, depth + 1);
      height = Math.max(height, inner.height + 1);
      size += inner.size;
    }
    if (height > MAX_DEPTH) throw new Refusal(`it nests deeper than ${MAX_DEPTH}`);
    if (size > MAX_UNFOLDED) throw new Refusal(`it unfolds to more than ${MAX_UNFOLDED} values`);
    measured.set(value, { height, size });
    return { height, size };
  };
  measure(root, 1);
}

/** The values inside a container; null where there are none. */
function childrenOf(value: PickleValue): Iterable<PickleValue> | null {
  if (Array.isArray(value)) return value.length > 0 ? value : null;
  if (value instanceof PickleTuple) return value.items;
  return value instanceof Map && value.size > 0 ? value.values() : null;
}
