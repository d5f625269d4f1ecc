import { assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { ByteCursor, bytesSource } from "./byte_source.ts";
import { PLAIN_DATA, readPickle } from "./pickle.ts";
import { OrderedDict, PickleTuple, type PickleValue } from "./pickle_values.ts";
import { dict, int, pickle, reasonOf, storage, text, tuple } from "./test_support.ts";
import { TorchWorld } from "./torch_pickle.ts";

function read(opcodes: string, protocol = 2): PickleValue {
  const source = bytesSource("x.pth", pickle(opcodes, protocol));
  return readPickle(new ByteCursor(source), new TorchWorld());
}

const refused = (opcodes: string, protocol = 2) => reasonOf(() => read(opcodes, protocol));
const ORDERED_DICT = "ccollections\nOrderedDict\n";

Deno.test("readPickle() builds plain data", () => {
  assertEquals(
    read(tuple("N", "\x88", "\x89", "K\xff", "M\xff\xff", int(-5))),
    new PickleTuple([null, true, false, 255, 65535, -5]),
  );
  assertEquals(read("G\x3f\xf8\0\0\0\0\0\0"), 1.5);
  assertEquals(read("\x8a\0"), 0);
  assertEquals(read("\x8a\x01\xff"), -1);
  assertEquals(read("\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\0"), 2n ** 64n - 1n);
  assertEquals(read("](K\x01K\x02eK\x03a"), [1, 2, 3]);
  assertEquals(read("K\x01K\x02K\x03\x87\x85"), new PickleTuple([new PickleTuple([1, 2, 3])]));
  assertEquals(
    read(dict({ a: "K\x01", b: "]" })),
    new Map<PickleValue, PickleValue>([["a", 1], ["b", []]]),
  );
  assertEquals(read("X\x02\0\0\0\xc3\xa9"), "é");
  assertEquals(read("U\x01a"), "a");
});

Deno.test("readPickle() knows protocol 4: short strings, memoize, frames, names from the stack", () => {
  assertEquals(read("\x95\x09\0\0\0\0\0\0\0\x8c\x01a\x94h\0\x86", 4), new PickleTuple(["a", "a"]));
  assertInstanceOf(read("\x8c\x0bcollections\x8c\x0bOrderedDict\x93)R", 4), OrderedDict);
});

Deno.test("readPickle() reads the OrderedDict of Python 2 and drops a module's _metadata", () => {
  const pairs = `${ORDERED_DICT}](](U\x01aK\x01e](U\x01bK\x02ee\x85R`;
  assertEquals([...read(pairs) as OrderedDict], [["a", 1], ["b", 2]]);
  const dressed = read(`${ORDERED_DICT})R${dict({ _metadata: `${ORDERED_DICT})R` })}b`);
  assertEquals(dressed, new OrderedDict());
});

Deno.test("readPickle() stops behind its pickle, so that several may follow each other", () => {
  const cursor = new ByteCursor(bytesSource("x", pickle("K\x05.\x80\x02K\x06")));
  assertEquals([readPickle(cursor, PLAIN_DATA), readPickle(cursor, PLAIN_DATA)], [5, 6]);
});

Deno.test("readPickle() refuses each way to reach code, by name, and runs nothing", async () => {
  const folder = await Deno.makeTempDir();
  const command = `${text(`touch ${folder}/owned`)}\x85`;
  const business = (name: string) => `it asks for ${name}, which is not a tensor file's business`;
  const attacks: [string, string, number?][] = [
    [`cposix\nsystem\n${command}R`, business("posix.system")],
    [`cos\nsystem\n${command}R`, business("os.system")],
    [`\x8c\x08builtins\x8c\x04eval\x93${command}R`, business("builtins.eval"), 4],
    // A name may be reached through a module that is allowed, or have more than one dot.
    ["ctorch\nserialization.os.system\n", business("torch.serialization.os.system")],
    [
      "ctorch._utils\n_rebuild_tensor_v2.__globals__\n",
      business("torch._utils._rebuild_tensor_v2.__globals__"),
    ],
    ["ccollections\ndeque\n", business("collections.deque")],
    ["cargparse\nNamespace\n", business("argparse.Namespace")],
    ["c__builtin__\neval\n", business("__builtin__.eval")],
    ["cposix\nsys\x1b[2Jtem\n", business('"posix.sys\\u001b[2Jtem"')],
    [`c${"m".repeat(200)}\nx\n`, business(`"${"m".repeat(80)}…"`)],
    [`(${command}iposix\nsystem\n`, business("posix.system")],
    [`(${ORDERED_DICT}o`, "its pickle uses OBJ, which no state dict needs"],
    [`${ORDERED_DICT})\x81`, "its pickle uses NEWOBJ, which no state dict needs"],
    [`${ORDERED_DICT})}\x92`, "its pickle uses NEWOBJ_EX, which no state dict needs", 4],
    ["\x82\x01", "its pickle uses EXT1, which no state dict needs"],
    ["\x83\x01\0", "its pickle uses EXT2, which no state dict needs"],
    ["\x84\x01\0\0\0", "its pickle uses EXT4, which no state dict needs"],
    ["Pid\n", "its pickle uses PERSID, which no state dict needs"],
    [`${storage("0", 1)}${dict({ key: text("1") })}b`, "it sets attributes of a storage (BUILD)"],
    [
      `ctorch\nFloatStorage\n${dict({ a: "N" })}b`,
      "it sets attributes of torch.FloatStorage (BUILD)",
    ],
    [`${ORDERED_DICT})RK\x01b`, "it sets attributes of a dict (BUILD)"],
    [`}${dict({ a: "N" })}b`, "it sets attributes of a dict (BUILD)"],
    ["ctorch\nFloatStorage\n)R", "it calls torch.FloatStorage"],
    [`${storage("0", 1)})R`, "it calls a storage"],
    [`${text("eval")})R`, "it calls a string"],
    [`${ORDERED_DICT}]R`, "its pickle is damaged at byte 29: arguments are no tuple"],
    [`${ORDERED_DICT}${ORDERED_DICT}\x85R`, "it has an odd OrderedDict"],
    [`${tuple(text("module"), text("m"))}Q`, "it holds a whole module with its source code"],
    [`${text("0")}Q`, "it refers to outside data that is no storage"],
  ];
  for (const [opcodes, reason, protocol] of attacks) {
    assertEquals(await refused(opcodes, protocol), reason);
  }
  assertEquals([...Deno.readDirSync(folder)], []);
  await Deno.remove(folder);
});

Deno.test("PLAIN_DATA refuses every name and every persistent id", async () => {
  const plain = (opcodes: string) =>
    reasonOf(() => readPickle(new ByteCursor(bytesSource("x", pickle(opcodes))), PLAIN_DATA));
  assertMatch(await plain(`${ORDERED_DICT})R`), /^it asks for collections.OrderedDict/);
  assertEquals(await plain("NQ"), "it refers to data outside its pickle");
});

Deno.test("readPickle() bounds what a short file can cost", async () => {
  // Ten times ten times ... through the memo: 31 levels would be 10^31 values.
  let laughs = "]q\0";
  for (let level = 1; level < 32; level++) {
    const below = `h${String.fromCharCode(level - 1)}`;
    laughs += `](${below.repeat(10)}eq${String.fromCharCode(level)}`;
  }
  assertEquals(await refused(`${laughs}`), "it unfolds to more than 1000000 values");
  assertMatch(await refused("]2a"), /uses DUP/);
  assertEquals(await refused("](".repeat(65)), "it nests deeper than 64");
  assertEquals(
    await refused(`)${"\x85".repeat(100_000)}`),
    "it nests deeper than 64",
  );
  // Neither of these two is deep alone, but one holds the other.
  const wraps = "\x85".repeat(40);
  assertEquals(await refused(`](N${wraps}q\0h\0${wraps}e`), "it nests deeper than 64");
  assertEquals(await refused("N\x85".repeat(600_000)), "its pickle has more than 1000000 steps");
  const memo = Array.from({ length: 100_001 }, () => "\x94").join("");
  assertEquals(await refused(`N${memo}`), "its memo has more than 100000 entries");
  assertEquals(await refused("]q\0h\0a"), "its data contains itself");
  assertEquals(await refused("}q\0K\x01h\0s"), "its data contains itself");
  assertEquals(await refused("]q\0h\0\x85a"), "its data contains itself");
  assertEquals(await refused("\x8a\x11"), "it has an integer of 17 bytes");
  assertMatch(await refused("X\xff\xff\xff\x7f"), /^it ends early/);
});

Deno.test("readPickle() refuses damaged pickles and odd dicts", async () => {
  const damage = (what: string, at: number) => `its pickle is damaged at byte ${at}: ${what}`;
  assertEquals(await refused(""), damage("the stack is empty", 3));
  assertEquals(await refused("K\x01e"), damage("there is no mark", 5));
  assertEquals(await refused("(K\x01e"), damage("the stack is empty", 6));
  assertEquals(await refused("h\0"), damage("there is no memo 0", 4));
  assertEquals(await refused("K\x01K\x02a"), damage("a number is no list", 7));
  assertEquals(await refused("}(K\x01u"), damage("a key has no value", 7));
  assertEquals(await refused("\xfe"), damage("there is no opcode 0xfe", 3));
  assertEquals(await refused("X\x01\0\0\0\xff"), damage("a string is not UTF-8", 8));
  assertEquals(await refused("N", 5), "it is no pickle of protocol 2, 3 or 4");
  assertEquals(await refused("}]Ns"), "it has a dict with a list for a key");
  assertEquals(await refused("}(K\x01NK\x01Nu"), 'it has a dict with the key "1" twice');
  assertMatch(await refused("K"), /^it ends early/);
});
