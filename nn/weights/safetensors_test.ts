import { assertEquals, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { join } from "@std/path";
import {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  writeSafetensors,
} from "./safetensors.ts";
import { type Dtype, DTYPE_ARRAYS, elementCount, elementsOf } from "./tensor_file.ts";
import { joined, latin1, reasonOf } from "./test_support.ts";

/** A file of this header text and as many data bytes. */
function file(header: string, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const length = new Uint8Array(BigUint64Array.of(BigInt(json.length)).buffer);
  return joined(length, json, new Uint8Array(dataBytes));
}

function refused(header: string, dataBytes: number): Promise<string> {
  return reasonOf(() => decodeSafetensors(file(header, dataBytes), "x.safetensors"));
}

const F32_PAIR = `{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`;

Deno.test("encodeSafetensors() writes the bytes of the reference implementation", () => {
  // The expected bytes are those of `test_empty` and `test_serialization_forced_alignement` there.
  const empty = joined(Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 0), latin1("{}      "));
  assertEquals(encodeSafetensors(new Map()), empty);
  const tagged = joined(
    Uint8Array.of(40, 0, 0, 0, 0, 0, 0, 0),
    latin1(`{"__metadata__":{"framework":"pt"}}     `),
  );
  assertEquals(encodeSafetensors(new Map(), { framework: "pt" }), tagged);
  const data = Float32Array.of(0, 1, 2, 3, 4, 5);
  const padded = joined(
    Uint8Array.of(72, 0, 0, 0, 0, 0, 0, 0),
    latin1(`{"attn0":{"dtype":"F32","shape":[1,1,2,3],"data_offsets":[0,24]}}       `),
    new Uint8Array(data.buffer),
  );
  assertEquals(
    encodeSafetensors(new Map([["attn0", { dtype: "F32", shape: [1, 1, 2, 3], data }]])),
    padded,
  );
});

Deno.test("safetensors: what was encoded comes back, whatever its order", () => {
  const tensor = fc.constantFrom(...Object.keys(DTYPE_ARRAYS) as Dtype[]).chain((dtype) =>
    fc.array(fc.nat(3), { maxLength: 4 }).chain((shape) => {
      const size = elementCount(shape) * DTYPE_ARRAYS[dtype].BYTES_PER_ELEMENT;
      return fc.uint8Array({ minLength: size, maxLength: size })
        .map((bytes) => ({ dtype, shape, data: elementsOf(dtype, bytes) }));
    })
  );
  const name = fc.string({ unit: "binary" }).filter((text) => !text.startsWith("__"));
  const named = fc.uniqueArray(fc.tuple(name, tensor), { maxLength: 6, selector: ([key]) => key });
  const tags = fc.dictionary(name, fc.string());
  fc.assert(fc.property(named, tags, (items, metadata) => {
    const bytes = encodeSafetensors(new Map(items), metadata);
    const back = decodeSafetensors(bytes, "x");
    assertEquals(back.tensors, new Map(items));
    assertEquals({ ...back.metadata }, { ...metadata });
    assertEquals(encodeSafetensors(new Map(items.toReversed()), metadata), bytes);
    for (const { data } of back.tensors.values()) assertStrictEquals(data.buffer, bytes.buffer);
  }));
});

Deno.test("decodeSafetensors() takes any key order, spaces and misaligned data", () => {
  const { tensors, metadata } = decodeSafetensors(
    file(
      ` {"b":{"data_offsets":[1,5],"shape":[],"dtype":"F32"}, "__metadata__":{"format":"pt"},
        "a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}} `.trimStart(),
      5,
    ),
    "x",
  );
  assertEquals([...tensors.keys()], ["a", "b"]);
  assertEquals(tensors.get("b"), { dtype: "F32", shape: [], data: Float32Array.of(0) });
  assertEquals(metadata, { format: "pt" });
});

Deno.test("decodeSafetensors() refuses a header that is none", async () => {
  const reasons: [Uint8Array, RegExp][] = [
    [new Uint8Array(7), /too short/],
    [new Uint8Array(8), /does not start with {/],
    [file(" {}", 0), /does not start with {/],
    [file("[]", 0), /does not start with {/],
    [file("{", 0), /not JSON/],
    [file(`{"a":`.repeat(50_000), 0), /not JSON/],
    [file("{}", 0).subarray(0, 9), /ends early, within the header/],
    [joined(file("{}", 0).subarray(0, 9), latin1("\xff")), /not UTF-8/],
    [joined(new Uint8Array(8).fill(255), latin1("{}")), /longer than 100 MB/],
    [joined(Uint8Array.of(1, 225, 245, 5, 0, 0, 0, 0), latin1("{}")), /longer than 100 MB/],
  ];
  for (const [bytes, reason] of reasons) {
    assertMatch(await reasonOf(() => decodeSafetensors(bytes, "x")), reason);
  }
});

Deno.test("decodeSafetensors() refuses what JSON.parse would hide", async () => {
  assertEquals(
    await refused(`{"a":${F32_PAIR},"a":${F32_PAIR}}`, 8),
    `its header has the key "a" twice`,
  );
  assertEquals(
    await refused(`{"a":${F32_PAIR},"\\u0061":${F32_PAIR}}`, 8),
    `its header has the key "a" twice`,
  );
  assertMatch(
    await refused(`{"a":{"dtype":"F64","dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8),
    /"dtype" twice/,
  );
  assertMatch(await refused(`{"__proto__":${F32_PAIR}}`, 8), /key __proto__/);
  assertMatch(await refused(`{"__metadata__":{"__proto__":"x"}}`, 0), /key __proto__/);
  for (const number of ["2.0", "2e0", "-2", "-0", "9007199254740992", "1e400"]) {
    const header = `{"a":{"dtype":"F32","shape":[${number}],"data_offsets":[0,8]}}`;
    assertEquals(
      await refused(header, 8),
      `its header has the number ${number}, which is not a size`,
    );
  }
  // Text in names is not mistaken for structure.
  const odd = `{"}{\\":[-1.5":${F32_PAIR}}`;
  assertEquals([...decodeSafetensors(file(odd, 8), "x").tensors.keys()], [`}{":[-1.5`]);
});

Deno.test("decodeSafetensors() refuses malformed tensors", async () => {
  const one = (fields: string) => refused(`{"a":${fields}}`, 8);
  assertMatch(await one(`{"dtype":"F31","shape":[2],"data_offsets":[0,8]}`), /unknown dtype "F31"/);
  assertMatch(await one(`{"dtype":"toString","shape":[2],"data_offsets":[0,8]}`), /unknown dtype/);
  assertMatch(await one(`{"shape":[2],"data_offsets":[0,8]}`), /unknown dtype undefined/);
  assertMatch(await one(`{"dtype":"F32","shape":2,"data_offsets":[0,8]}`), /no shape/);
  assertMatch(await one(`{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}`), /no shape/);
  assertMatch(await one(`{"dtype":"F32","shape":[2],"data_offsets":[0]}`), /no data_offsets/);
  assertMatch(await one(`{"dtype":"F32","shape":[2],"data_offsets":[8,0]}`), /ends before/);
  assertMatch(await one(`{"dtype":"F32","shape":[3],"data_offsets":[0,8]}`), /cannot take 8 bytes/);
  assertMatch(await one(`{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":0}`), /unknown field/);
  const huge = `[${"4294967296,".repeat(40)}1]`;
  assertMatch(await one(`{"dtype":"F32","shape":${huge},"data_offsets":[0,8]}`), /cannot take/);
  assertMatch(await one(`null`), /unknown dtype/);
  assertMatch(await refused(`{"__metadata__":{"a":1}}`, 0), /metadata is not text/);
  assertMatch(await refused(`{"__metadata__":null}`, 0), /metadata is not text/);
});

Deno.test("decodeSafetensors() refuses bytes that belong to no tensor or to two", async () => {
  const place = (begin: number, end: number) =>
    `{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;
  assertMatch(await refused(`{"a":${place(0, 5)},"b":${place(4, 8)}}`, 8), /"b" overlaps another/);
  assertMatch(await refused(`{"a":${place(0, 8)},"b":${place(0, 8)}}`, 8), /overlaps another/);
  assertEquals(
    await refused(`{"a":${place(0, 3)},"b":${place(4, 8)}}`, 8),
    "bytes 3 to 4 belong to no tensor",
  );
  assertMatch(await refused(`{"a":${place(1, 8)}}`, 8), /^bytes 0 to 1 belong/);
  assertEquals(await refused(`{"a":${place(0, 7)}}`, 8), "1 bytes follow the last tensor");
  assertMatch(await refused(`{"a":${place(0, 9)}}`, 8), /ends early, within tensor "a"/);
  assertEquals(await refused(`{}`, 8), "8 bytes follow the last tensor");
});

Deno.test("decodeSafetensors() survives a very long name", () => {
  const name = "n".repeat(5_000_000);
  const { tensors } = decodeSafetensors(file(`{"${name}":${F32_PAIR}}`, 8), "x");
  assertEquals(tensors.size, 1);
});

Deno.test("encodeSafetensors() refuses tensors that contradict themselves", () => {
  const data = Float32Array.of(1, 2);
  const encode = (name: string, dtype: Dtype, shape: number[]) => () =>
    encodeSafetensors(new Map([[name, { dtype, shape, data }]]));
  assertThrows(encode("a", "F32", [3]), TypeError, "not F32 of shape [3]");
  assertThrows(encode("a", "I32", [2]), TypeError, "not I32");
  assertThrows(encode("__metadata__", "F32", [2]), TypeError, "reserved");
  assertThrows(encode("__proto__", "F32", [2]), TypeError, "reserved");
});

Deno.test("writeSafetensors() leaves one whole file, which readSafetensors() reads", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "w.safetensors");
    const tensors = new Map([["w", {
      dtype: "F32" as const,
      shape: [2, 1],
      data: Float32Array.of(1, -1),
    }]]);
    await writeSafetensors(path, tensors, { step: "5" });
    assertEquals(await readSafetensors(path), { tensors, metadata: { step: "5" } });
    assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), ["w.safetensors"]);
    assertEquals(await reasonOf(() => readSafetensors(join(folder, "x"))), "there is no such file");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
