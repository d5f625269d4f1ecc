/**
 * Random damage to small valid files: each copy either decodes or is refused with a DataError, never
 * another error and never a hang. `REFLOW_FUZZ` sets the number of copies.
 */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { DataError } from "../../base/errors.ts";
import { type RandomStream, randomStream } from "../../base/random.ts";
import { bytesSource } from "./byte_source.ts";
import { decodePth } from "./pth.ts";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts";
import { elementCount, type StateDict } from "./tensor_file.ts";
import {
  dict,
  fixture,
  joined,
  latin1,
  pickle,
  storage,
  tensor,
  zipCheckpoint,
} from "./test_support.ts";

const COPIES = Number(Deno.env.get("REFLOW_FUZZ") ?? 2000);

/** A copy with one to four random faults: bits, bytes, missing, repeated and inserted pieces. */
function damaged(original: Uint8Array, random: RandomStream): Uint8Array {
  let bytes = original.slice();
  for (let faults = random.integer(1, 5); faults > 0; faults--) {
    const at = random.integer(0, bytes.length);
    const end = Math.min(bytes.length, at + random.integer(1, 40));
    const before = bytes.subarray(0, at), piece = bytes.subarray(at, end);
    switch (random.integer(0, 6)) {
      case 0:
        bytes[at] ^= 1 << random.integer(0, 8);
        break;
      case 1:
        bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.integer(0, 256)]);
        break;
      case 2:
        bytes.subarray(at, at + 4).fill(random.pick([0, 0xff]));
        break;
      case 3:
        bytes = joined(before, bytes.subarray(end));
        break;
      case 4:
        bytes = joined(before, piece, piece, bytes.subarray(end));
        break;
      default:
        bytes = random.chance(0.3) ? bytes.slice(0, at) : joined(before, latin1("\0"), piece);
    }
    if (bytes.length === 0) break;
  }
  return bytes;
}

async function fuzz(
  name: string,
  original: Uint8Array,
  decode: (bytes: Uint8Array) => StateDict | Promise<StateDict>,
  copies: number,
): Promise<void> {
  const random = randomStream(20, "weights", name);
  let decoded = 0;
  for (let copy = 0; copy < copies; copy++) {
    try {
      const state = await decode(damaged(original, random));
      for (const { shape, data } of state.values()) assertEquals(data.length, elementCount(shape));
      decoded++;
    } catch (error) {
      assertInstanceOf(error, DataError, `copy ${copy}: ${(error as Error).stack}`);
    }
  }
  // Damage that never is noticed, or always is, would test nothing.
  assert(decoded > 0 && decoded < copies / 2, `${decoded} of ${copies} decoded`);
}

const decode = (bytes: Uint8Array) => decodePth(bytesSource("x.pth", bytes));

Deno.test("fuzz: zip container", async () => {
  await fuzz("zip", await Deno.readFile(fixture("small_zip.pth")), decode, COPIES);
});

Deno.test("fuzz: deflated zip container", async () => {
  const data = pickle(dict({ w: tensor(storage("0", 64), 0, [8, 8], [1, 8]) }));
  const floats = new Uint8Array(Float32Array.from({ length: 64 }, (_, i) => i % 5).buffer);
  await fuzz("deflate", await zipCheckpoint(data, { "0": floats }, 9), decode, COPIES / 4);
});

Deno.test("fuzz: legacy container", async () => {
  await fuzz("legacy", await Deno.readFile(fixture("kinds_legacy.pth")), decode, COPIES);
});

Deno.test("fuzz: legacy container, protocol 4", async () => {
  await fuzz("legacy4", await Deno.readFile(fixture("kinds_protocol4_legacy.pth")), decode, COPIES);
});

Deno.test("fuzz: safetensors", async () => {
  const file = encodeSafetensors(
    new Map([
      ["a", { dtype: "F32", shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
      ["b", { dtype: "I64", shape: [], data: BigInt64Array.of(9n) }],
      ["c", { dtype: "BF16", shape: [0, 4], data: new Uint16Array() }],
    ]),
    { format: "pt" },
  );
  await fuzz("safetensors", file, (bytes) => decodeSafetensors(bytes, "x").tensors, COPIES);
});
