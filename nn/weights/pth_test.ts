import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { sharedData } from "../../tests/shared_data.ts";
import { bytesSource } from "./byte_source.ts";
import { decodePth, readPth } from "./pth.ts";
import type { StateDict } from "./tensor_file.ts";
import { elementCount, toFloat32 } from "./tensor_file.ts";
import {
  dict,
  fixture,
  joined,
  latin1,
  legacyCheckpoint,
  pickle,
  reasonOf,
  storage,
  tensor,
  text,
  zip,
  zipCheckpoint,
} from "./test_support.ts";

const decode = (bytes: Uint8Array) => decodePth(bytesSource("x.pth", bytes));
const refused = (bytes: Uint8Array) => reasonOf(() => decode(bytes));
const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);

type Expected = Record<string, { dtype: string; shape: number[]; values: (number | string)[] }>;
const expected: Record<string, Expected> = JSON.parse(
  Deno.readTextFileSync(fixture("expected.json")),
);

for (const [file, tensors] of Object.entries(expected)) {
  Deno.test(`readPth() reads ${file} as PyTorch does`, async () => {
    const state = await readPth(fixture(file));
    assertEquals([...state.keys()], Object.keys(tensors));
    for (const [name, { dtype, shape, values }] of Object.entries(tensors)) {
      const tensor = state.get(name)!;
      assertEquals([tensor.dtype, tensor.shape], [dtype, shape]);
      const read = dtype === "BF16" ? [...toFloat32(tensor)] : [...tensor.data as Iterable<number>];
      assertEquals(
        read.map((value) => typeof values[0] === "string" ? String(value) : value),
        values,
      );
    }
  });
}

Deno.test("readPth() finds the weights in a checkpoint and names what it left out", async () => {
  for (const container of ["zip", "legacy"]) {
    const { ignored } = await readPth(fixture(`checkpoint_${container}.pth`));
    assertEquals(ignored, ["epoch", "optimizer", "best"]);
    const beside = (await readPth(fixture(`detectron_${container}.pth`))).ignored;
    assertEquals(beside, ["random_state", "iteration", "loss", "iou"]);
  }
});

Deno.test("readPth() copies nothing where a tensor is contiguous", async () => {
  const state = await readPth(fixture("kinds_zip.pth"));
  assertStrictEquals(state.get("shared_head")!.data.buffer, state.get("shared_tail")!.data.buffer);
});

const raft = sharedData("raft-small/raft-small.pth");
Deno.test({
  name: "readPth() reads the authors' RAFT-small",
  ignore: raft === null,
  async fn() {
    const state = await readPth(raft!);
    assertEquals([state.size, parameters(state)], [106, 990_162]);
    const bias = state.get("module.fnet.conv1.bias")!;
    assertEquals(bias.shape, [32]);
    assertEquals(bias.data[0], Math.fround(-0.007113593630492687));
  },
});

const resnet = sharedData("resnet20-cifar/resnet20-12fca82f.th");
Deno.test({
  name: "readPth() reads ResNet-20 out of its checkpoint",
  ignore: resnet === null,
  async fn() {
    const state = await readPth(resnet!);
    assertEquals([state.size, parameters(state)], [97, 269_722 + 1_376]);
    assertEquals(state.ignored, ["best_prec1"]);
  },
});

function parameters(state: StateDict): number {
  return [...state.values()].reduce((sum, { shape }) => sum + elementCount(shape), 0);
}

const ONE = pickle(dict({ w: tensor(storage("0", 2), 0, [2], [1]) }));

Deno.test("decodePth() reads deflated entries, deep folders and a stated byte order", async () => {
  const deflated = await zipCheckpoint(ONE, { "0": floats(1, 2) }, 9);
  assertEquals((await decode(deflated)).get("w")!.data, Float32Array.of(1, 2));
  const deep = await zip({
    "runs/7/best/data.pkl": ONE,
    "runs/7/best/data/0": floats(3, 4),
    "runs/7/best/byteorder": latin1("little"),
    "runs/7/best/version": latin1("3\n"),
  });
  assertEquals((await decode(deep)).get("w")!.data, Float32Array.of(3, 4));
  const bare = await zip({ "data.pkl": ONE, "data/0": floats(5, 6), version: latin1("3") });
  assertEquals((await decode(bare)).get("w")!.data, Float32Array.of(5, 6));
});

Deno.test("decodePth() refuses the other things a zip may be", async () => {
  const tail = { "a/data/0": floats(1, 2), "a/version": latin1("3\n") };
  const refusedZip = async (entries: Record<string, Uint8Array>) => refused(await zip(entries));
  assertEquals(
    await refusedZip({ "word/document.xml": ONE }),
    "it is a zip archive, but not of torch.save",
  );
  assertMatch(await refusedZip({ "a/data.pkl": ONE, "b/data.pkl": ONE, ...tail }), /has 2 files/);
  assertMatch(
    await refusedZip({ "a/data.pkl": ONE, "a/constants.pkl": ONE, ...tail }),
    /TorchScript/,
  );
  assertEquals(
    await refusedZip({ "a/data.pkl": ONE, ...tail, "a/byteorder": latin1("big") }),
    'it is of the byte order "big", not little',
  );
  assertMatch(
    await refusedZip({ "a/data.pkl": ONE, ...tail, "a/version": latin1("11") }),
    /unknown version "11"/,
  );
  assertMatch(await refusedZip({ "a/data.pkl": ONE, "a/data/0": floats(1, 2) }), /no "a\/version"/);
  assertMatch(await refusedZip({ "a/data.pkl": ONE, "a/version": latin1("3") }), /no "a\/data\/0"/);
});

Deno.test("decodePth() refuses a storage whose size disagrees with the pickle", async () => {
  assertEquals(
    await refused(await zipCheckpoint(ONE, { "0": floats(1) })),
    'storage "0" has 4 bytes, not 8',
  );
  const huge = pickle(dict({ w: tensor(storage("0", 2 ** 31 - 1), 0, [2], [1]) }));
  assertMatch(await refused(await zipCheckpoint(huge, { "0": floats(1, 2) })), /not 8589934588$/);
  assertMatch(
    await refused(legacyCheckpoint(huge, ["0"], joined(count(2 ** 31 - 1), floats(1, 2)))),
    /ends early, within storage "0"/,
  );
  const view = pickle(dict({ w: tensor(storage("0", 2), 1, [2], [1]) }));
  assertMatch(await refused(await zipCheckpoint(view, { "0": floats(1, 2) })), /reaches beyond/);
});

Deno.test("decodePth() refuses zips whose headers lie", async () => {
  const stored = await zipCheckpoint(ONE, { "0": floats(1, 2) });
  const deflated = await zipCheckpoint(ONE, { "0": new Uint8Array(8) }, 9);
  const name = latin1("archive/data/0");
  const lied = (bytes: Uint8Array, field: "crc" | "packed" | "size", value: number) => {
    const copy = bytes.slice(), view = new DataView(copy.buffer);
    const at = { crc: 0, packed: 4, size: 8 }[field];
    for (const [place, fixed] of [[find(copy, name, 0), 30], [find(copy, name, 1), 46]]) {
      const crc = place - fixed + (fixed === 30 ? 14 : 16);
      view.setUint32(crc + at, value, true);
    }
    return copy;
  };
  assertMatch(await refused(lied(stored, "crc", 1)), /Invalid CRC32/);
  assertMatch(await refused(lied(stored, "packed", 2 ** 31)), /zip archive is damaged/);
  assertMatch(await refused(lied(deflated, "size", 2 ** 31)), /has 2147483648 bytes, not 8/);
  for (const claimed of [4, 12]) {
    const claim = pickle(dict({ w: tensor(storage("0", claimed / 4), 0, [1], [1]) }));
    const bytes = await zipCheckpoint(claim, { "0": new Uint8Array(8) }, 9);
    assertMatch(await refused(lied(bytes, "size", claimed)), /zip archive is damaged/);
  }
  const renamed = stored.slice();
  renamed[find(renamed, name, 0)] ^= 1;
  assertMatch(await refused(renamed), /Ambiguous archive/);
});

Deno.test("decodePth() refuses zip bombs before it makes room for them", async () => {
  const zeros = new Uint8Array(4e6);
  const pickled = await zipCheckpoint(joined(zeros, zeros, zeros), {}, 9);
  assertEquals(
    await refused(pickled),
    `its archive's "archive/data.pkl" unfolds to 12000000 bytes`,
  );
  // Each storage alone is within bounds.
  const keys = ["0", "1", "2", "3", "4", "5"];
  const tensors = keys.map((key) => [key, tensor(storage(key, 1e6), 0, [1], [1])]);
  const storages = Object.fromEntries(keys.map((key) => [key, zeros]));
  const many = await zipCheckpoint(pickle(dict(Object.fromEntries(tensors))), storages, 9);
  assertEquals(await refused(many), "its archive unfolds to 24000000 bytes");
});

Deno.test("decodePth() refuses a zip entry within another", async () => {
  const inner = (await zip({ "archive/data/1": floats(1, 2) })).subarray(0, 30 + 14 + 8);
  const data = pickle(dict({
    outer: tensor(storage("0", inner.length, "ByteStorage"), 0, [1], [1]),
    inner: tensor(storage("1", 2), 0, [2], [1]),
  }));
  const bytes = await zipCheckpoint(data, { "0": inner, "1": floats(1, 2) });
  await decode(bytes);
  // The central directory's entry of data/1 now leads to the copy inside data/0.
  const name = latin1("archive/data/1");
  const central = find(bytes, name, 2) - 46;
  new DataView(bytes.buffer).setUint32(central + 42, find(bytes, name, 0) - 30, true);
  assertMatch(await refused(bytes), /Overlapping entry/);
});

Deno.test("decodePth() notices every flipped byte of a zipped storage and every truncation", async () => {
  const bytes = await Deno.readFile(fixture("small_zip.pth"));
  const payload = find(bytes, floats(1, 2, 3, 4), 0);
  for (let at = payload; at < payload + 16; at++) {
    const copy = bytes.slice();
    copy[at] ^= 0x10;
    assertMatch(await refused(copy), /Invalid CRC32/);
  }
  for (let size = 0; size < bytes.length; size += 13) await refused(bytes.subarray(0, size));
  assertMatch(await refused(joined(bytes, latin1("tail"))), /in two ways \(appended data\)/);
});

Deno.test("decodePth() refuses legacy files that do not add up", async () => {
  const data = joined(count(2), floats(1, 2));
  assertEquals(
    (await decode(legacyCheckpoint(ONE, ["0"], data))).get("w")!.data,
    Float32Array.of(1, 2),
  );
  const big = legacyCheckpoint(ONE, ["0"], data, "\x89");
  assertEquals(await refused(big), "it was written on a big-endian machine");
  assertMatch(await refused(legacyCheckpoint(ONE, ["0"], data, "N")), /not say its byte order/);
  assertMatch(await refused(legacyCheckpoint(ONE, [], data)), /has not the 1 keys/);
  assertMatch(await refused(legacyCheckpoint(ONE, ["1"], data)), /does not match its data/);
  const both = pickle(dict({
    a: tensor(storage("0", 2), 0, [2], [1]),
    b: tensor(storage("1", 2), 0, [2], [1]),
  }));
  assertMatch(await refused(legacyCheckpoint(both, ["0", "0"], data)), /does not match its data/);
  const three = joined(count(3), floats(1, 2, 3));
  assertEquals(
    await refused(legacyCheckpoint(ONE, ["0"], three)),
    'storage "0" has 3 elements, not 2',
  );
  assertEquals(
    await refused(legacyCheckpoint(ONE, ["0"], joined(count(-1), data))),
    'storage "0" has -1 elements, not 2',
  );
  assertMatch(await refused(legacyCheckpoint(ONE, ["0"], data.subarray(0, 15))), /ends early/);
  assertEquals(
    await refused(legacyCheckpoint(ONE, ["0"], joined(data, latin1("x")))),
    "1 bytes follow the last storage",
  );
  assertEquals(await refused(pickle("K\x01")), "it is a pickle, but not of torch.save");
});

Deno.test("decodePth() refuses what is no state dict, and ambiguous ones", async () => {
  const holds = (opcodes: string) => refused(legacyCheckpoint(pickle(opcodes)));
  assertEquals(await holds("](K\x01e"), "it holds a list, not a state dict");
  assertEquals(await holds("}"), "it holds no state dict, but nothing");
  assertEquals(await holds(dict({ epoch: "K\x01" })), 'it holds no state dict, but "epoch"');
  assertMatch(
    await holds(dict({ model: "}", state_dict: "}" })),
    /several state dicts: state_dict, model/,
  );
  const weights = tensor(storage("0", 2), 0, [2], [1]);
  const data = joined(count(2), floats(1, 2));
  const numbered = legacyCheckpoint(pickle(`}K\x01${weights}s`), ["0"], data);
  assertEquals(await refused(numbered), "a tensor has the name 1, which is no string");
});

Deno.test("decodePth() takes the teacher of a teacher and a student", async () => {
  const weights = (key: string) => dict({ w: tensor(storage(key, 2), 0, [2], [1]) });
  const both = pickle(dict({ student: weights("0"), teacher: weights("1"), epoch: "K\x01" }));
  const data = joined(count(2), floats(1, 2), count(2), floats(3, 4));
  const state = await decode(legacyCheckpoint(both, ["0", "1"], data));
  assertEquals(state.get("w")!.data, Float32Array.of(3, 4));
});

Deno.test("decodePth() refuses a small file whose tensors unfold to a large one", async () => {
  const names = Array.from(
    { length: 9 },
    (_, i) => [`w${i}`, tensor(storage("0", 4), 0, [2, 2], [1, 2])],
  );
  const bytes = legacyCheckpoint(
    pickle(dict(Object.fromEntries(names))),
    ["0"],
    joined(count(4), floats(1, 2, 3, 4)),
  );
  assertEquals(await refused(bytes), "its 16 bytes of data unfold to 144");
});

Deno.test("decodePth() carries the pickle machine's refusals out of both containers", async () => {
  const evil = pickle(`cposix\nsystem\n${text("true")}\x85R`);
  for (const bytes of [await zipCheckpoint(evil), legacyCheckpoint(evil)]) {
    assertMatch(await refused(bytes), /^it asks for posix.system/);
  }
});

/** A storage's element count in the legacy container. */
function count(value: number): Uint8Array {
  return new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
}

/** Where a piece occurs in bytes for the nth time. */
function find(bytes: Uint8Array, piece: Uint8Array, nth: number): number {
  for (let at = 0; at + piece.length <= bytes.length; at++) {
    if (piece.every((byte, i) => bytes[at + i] === byte) && nth-- === 0) return at;
  }
  throw new Error("no such piece");
}
