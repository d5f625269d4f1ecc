/**
 * A pickle reader that cannot execute anything.
 *
 * A pickle is a program for a small stack machine, and Python's machine can call any function. This
 * one knows only the opcodes that a `torch.save` state dict is made of (protocols 2 to 4 of
 * https://docs.python.org/3/library/pickletools.html), builds only plain data, and resolves names
 * only in a list its caller gives. Whatever else a file asks for is refused by name. Opcodes, memo,
 * depth and unfolded size are limited, so that a hostile file costs little.
 *
 * @module
 */
import { DataError } from "../../base/errors.ts";
import type { ByteCursor } from "./byte_source.ts";
import {
  checkUnfolded,
  describe,
  Discarded,
  MAX_DEPTH,
  OrderedDict,
  PickleFunction,
  type PickleGlobal,
  PickleTuple,
  type PickleValue,
  quoted,
  Refusal,
  setItem,
} from "./pickle_values.ts";

/** All that a pickle can reach outside itself. */
export interface PickleWorld {
  /** The names it may use. */
  readonly globals: ReadonlyMap<string, PickleGlobal>;
  /** The value a persistent id stands for; throws {@link Refusal}. */
  persistent(id: PickleValue): PickleValue;
}

/** A world of plain data: no names, no persistent ids. */
export const PLAIN_DATA: PickleWorld = {
  globals: new Map(),
  persistent() {
    throw new Refusal("it refers to data outside its pickle");
  },
};

const MAX_OPCODES = 1_000_000;
const MAX_MEMO = 100_000;
const MAX_NAME_BYTES = 256;
const MAX_INTEGER_BYTES = 16;

/** What to do about a file that holds more than tensors. */
export const EXPORT_WEIGHTS =
  'Export the weights alone from Python: torch.save(model.state_dict(), "weights.pth").';

/**
 * Reads one pickle and leaves the cursor behind it.
 *
 * @throws {DataError} When the pickle is damaged, exceeds a limit, contains itself, or asks for an
 *   opcode or a name that tensors do not need.
 */
export function readPickle(cursor: ByteCursor, world: PickleWorld): PickleValue {
  try {
    const value = new Machine(cursor, world).run();
    checkUnfolded(value);
    return value;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new DataError(cursor.source.path, error.message, EXPORT_WEIGHTS);
  }
}

class Machine {
  stack: PickleValue[] = [];
  private readonly marks: PickleValue[][] = [];
  private readonly memo = new Map<number, PickleValue>();

  constructor(readonly cursor: ByteCursor, readonly world: PickleWorld) {}

  run(): PickleValue {
    const [proto, protocol] = this.cursor.bytes(2);
    if (proto !== 0x80 || protocol < 2 || protocol > 4) {
      throw new Refusal("it is no pickle of protocol 2, 3 or 4");
    }
    for (let count = 0; count < MAX_OPCODES; count++) {
      const opcode = String.fromCharCode(this.cursor.uint8());
      if (opcode === ".") return this.pop();
      const step = STEPS[opcode];
      if (step === undefined) this.refuse(opcode);
      step(this);
    }
    throw new Refusal(`its pickle has more than ${MAX_OPCODES} steps`);
  }

  push(value: PickleValue): void {
    this.stack.push(value);
  }

  pop(): PickleValue {
    const value = this.stack.pop();
    if (value === undefined) throw this.damaged("the stack is empty");
    return value;
  }

  /** The topmost value, which stays where it is. */
  top(): PickleValue {
    const value = this.stack.at(-1);
    if (value === undefined) throw this.damaged("the stack is empty");
    return value;
  }

  mark(): void {
    if (this.marks.length === MAX_DEPTH) throw new Refusal(`it nests deeper than ${MAX_DEPTH}`);
    this.marks.push(this.stack);
    this.stack = [];
  }

  /** The values above the last mark. */
  popMark(): PickleValue[] {
    const items = this.stack;
    const below = this.marks.pop();
    if (below === undefined) throw this.damaged("there is no mark");
    this.stack = below;
    return items;
  }

  popTuple(length: number): PickleTuple {
    if (this.stack.length < length) throw this.damaged("the stack is empty");
    return new PickleTuple(this.stack.splice(-length));
  }

  append(items: readonly PickleValue[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw this.damaged(`${describe(list)} is no list`);
    for (const item of items) list.push(item);
  }

  setItems(items: readonly PickleValue[]): void {
    const dict = this.top();
    if (!(dict instanceof Map)) throw this.damaged(`${describe(dict)} is no dict`);
    if (items.length % 2 !== 0) throw this.damaged("a key has no value");
    for (let i = 0; i < items.length; i += 2) setItem(dict, items[i], items[i + 1]);
  }

  remember(index: number): void {
    this.memo.set(index, this.top());
    if (this.memo.size > MAX_MEMO) throw new Refusal(`its memo has more than ${MAX_MEMO} entries`);
  }

  rememberNext(): void {
    this.remember(this.memo.size);
  }

  recall(index: number): void {
    const value = this.memo.get(index);
    if (value === undefined) throw this.damaged(`there is no memo ${index}`);
    this.push(value);
  }

  /** A little-endian two's complement integer. */
  integer(length: number): number | bigint {
    if (length > MAX_INTEGER_BYTES) throw new Refusal(`it has an integer of ${length} bytes`);
    let value = 0n;
    for (const byte of this.cursor.bytes(length).toReversed()) value = value << 8n | BigInt(byte);
    value = BigInt.asIntN(8 * length, value);
    const small = Number(value);
    return Number.isSafeInteger(small) ? small : value;
  }

  text(length: number): string {
    const text = this.cursor.text(length);
    if (text === null) throw this.damaged("a string is not UTF-8");
    return text;
  }

  /** A module and a name, one a line. */
  nameLines(): string {
    const module = this.cursor.line(MAX_NAME_BYTES), name = this.cursor.line(MAX_NAME_BYTES);
    if (module === null || name === null) throw this.damaged("a name does not end");
    return `${module}.${name}`;
  }

  lookUp(name: string): void {
    const known = this.world.globals.get(name);
    if (known === undefined) throw notOurBusiness(name);
    this.push(known);
  }

  lookUpOnStack(): void {
    const [module, name] = this.popTuple(2).items;
    if (typeof module !== "string" || typeof name !== "string") {
      throw this.damaged("a name is no string");
    }
    this.lookUp(`${module}.${name}`);
  }

  /** Calls one of the world's functions; anything else is refused. */
  reduce(): void {
    const [callee, args] = this.popTuple(2).items;
    if (!(callee instanceof PickleFunction)) throw new Refusal(`it calls ${describe(callee)}`);
    if (!(args instanceof PickleTuple)) throw this.damaged("arguments are no tuple");
    this.push(callee.call(args.items));
  }

  /**
   * Drops the attributes of an OrderedDict (a module's `_metadata`) and of what is not kept anyway;
   * nothing else may have any.
   */
  build(): void {
    const state = this.pop(), target = this.top();
    if (target instanceof Discarded) return;
    if (!(target instanceof OrderedDict && state instanceof Map)) {
      throw new Refusal(`it sets attributes of ${describe(target)} (BUILD)`);
    }
  }

  damaged(what: string): Refusal {
    return new Refusal(`its pickle is damaged at byte ${this.cursor.at}: ${what}`);
  }

  refuse(opcode: string): never {
    if (opcode === "i") throw notOurBusiness(this.nameLines());
    const name = REFUSED_OPCODES[opcode];
    if (name !== undefined) throw new Refusal(`its pickle uses ${name}, which no state dict needs`);
    throw this.damaged(`there is no opcode 0x${opcode.charCodeAt(0).toString(16)}`);
  }
}

function notOurBusiness(name: string): Refusal {
  const shown = /^[\w.]{1,80}$/.test(name) ? name : quoted(name);
  return new Refusal(`it asks for ${shown}, which is not a tensor file's business`);
}

/** What each opcode does, under its byte as a character. */
const STEPS: Readonly<Record<string, ((m: Machine) => void) | undefined>> = {
  "(": (m) => m.mark(),
  ")": (m) => m.push(new PickleTuple([])),
  "t": (m) => m.push(new PickleTuple(m.popMark())),
  "\x85": (m) => m.push(m.popTuple(1)),
  "\x86": (m) => m.push(m.popTuple(2)),
  "\x87": (m) => m.push(m.popTuple(3)),
  "]": (m) => m.push([]),
  "a": (m) => m.append([m.pop()]),
  "e": (m) => m.append(m.popMark()),
  "}": (m) => m.push(new Map()),
  "s": (m) => m.setItems(m.popTuple(2).items),
  "u": (m) => m.setItems(m.popMark()),
  "N": (m) => m.push(null),
  "\x88": (m) => m.push(true),
  "\x89": (m) => m.push(false),
  "K": (m) => m.push(m.cursor.uint8()),
  "M": (m) => m.push(m.cursor.view(2).getUint16(0, true)),
  "J": (m) => m.push(m.cursor.view(4).getInt32(0, true)),
  "\x8a": (m) => m.push(m.integer(m.cursor.uint8())),
  "G": (m) => m.push(m.cursor.view(8).getFloat64(0, false)),
  "X": (m) => m.push(m.text(m.cursor.view(4).getUint32(0, true))),
  "\x8c": (m) => m.push(m.text(m.cursor.uint8())),
  // Python 2's strings, which hold ASCII in old checkpoints.
  "U": (m) => m.push(m.text(m.cursor.uint8())),
  "T": (m) => m.push(m.text(m.cursor.view(4).getUint32(0, true))),
  "q": (m) => m.remember(m.cursor.uint8()),
  "r": (m) => m.remember(m.cursor.view(4).getUint32(0, true)),
  "\x94": (m) => m.rememberNext(),
  "h": (m) => m.recall(m.cursor.uint8()),
  "j": (m) => m.recall(m.cursor.view(4).getUint32(0, true)),
  "c": (m) => m.lookUp(m.nameLines()),
  "\x93": (m) => m.lookUpOnStack(),
  "Q": (m) => m.push(m.world.persistent(m.pop())),
  "R": (m) => m.reduce(),
  "b": (m) => m.build(),
  // A frame only helps readers that buffer.
  "\x95": (m) => m.cursor.bytes(8),
};

/** Python's other opcodes: what builds objects, what only text pickles or sets use. */
const REFUSED_OPCODES: Readonly<Record<string, string | undefined>> = {
  "o": "OBJ",
  "\x81": "NEWOBJ",
  "\x92": "NEWOBJ_EX",
  "\x82": "EXT1",
  "\x83": "EXT2",
  "\x84": "EXT4",
  "P": "PERSID",
  "0": "POP",
  "1": "POP_MARK",
  "2": "DUP",
  "I": "INT",
  "L": "LONG",
  "\x8b": "LONG4",
  "F": "FLOAT",
  "S": "STRING",
  "V": "UNICODE",
  "\x8d": "BINUNICODE8",
  "B": "BINBYTES",
  "C": "SHORT_BINBYTES",
  "\x8e": "BINBYTES8",
  "\x96": "BYTEARRAY8",
  "\x97": "NEXT_BUFFER",
  "\x98": "READONLY_BUFFER",
  "d": "DICT",
  "l": "LIST",
  "g": "GET",
  "p": "PUT",
  "\x8f": "EMPTY_SET",
  "\x90": "ADDITEMS",
  "\x91": "FROZENSET",
  "\x80": "PROTO twice",
};
