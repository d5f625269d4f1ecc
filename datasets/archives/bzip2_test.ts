import { assertEquals, assertRejects } from "@std/assert";
import { crc32 } from "node:zlib";
import { randomStream } from "../../base/random.ts";
import { bunzip2, Bzip2Error } from "./bzip2.ts";
import { joined } from "./forge.ts";

const FIXTURES = new URL("../../tests/reference/fixtures/bzip2/", import.meta.url);
const EXPECTED: Record<string, { length: number; crc32: number }> = JSON.parse(
  Deno.readTextFileSync(new URL("expected.json", FIXTURES)),
);

const packed = (name: string) => Deno.readFileSync(new URL(`${name}.bz2`, FIXTURES));

/** Unpacks bytes that come in pieces of a size, and sums them up as the fixtures do. */
async function unpacked(bytes: Uint8Array, piece = bytes.length) {
  const pieces = Array.from(
    { length: Math.ceil(bytes.length / piece) },
    (_, i) => bytes.subarray(i * piece, (i + 1) * piece),
  );
  const blocks = await Array.fromAsync(bunzip2(ReadableStream.from(pieces)));
  const whole = joined(blocks);
  return { blocks: blocks.length, sum: { length: whole.length, crc32: crc32(whole) } };
}

Deno.test("what libbzip2 packed is unpacked, however it comes", async () => {
  for (const [name, expected] of Object.entries(EXPECTED)) {
    const bytes = packed(name);
    for (const piece of [bytes.length, 1, 7, 1000]) {
      if (bytes.length > 300 * piece) continue;
      assertEquals((await unpacked(bytes, piece)).sum, expected, `${name}, ${piece} at a time`);
    }
  }
});

Deno.test("content that reads like a mark ends no block", async () => {
  assertEquals((await unpacked(packed("false_marks"))).blocks, 3);
});

Deno.test("a small file that unpacks to much comes block by block", async () => {
  const blocks = bunzip2(ReadableStream.from([packed("bomb_tar")]));
  const { value } = await blocks.next();
  await blocks.return(undefined);
  assertEquals(value!.length < EXPECTED.bomb_tar.length, true);
});

Deno.test("what is cut, damaged or something else is refused", async () => {
  const sound = packed("streams");
  const cases: [string, Uint8Array, string][] = [
    ["the last byte", sound.subarray(0, -1), "it was cut"],
    ["the end of a stream", sound.subarray(0, -9), "it was cut"],
    ["all but the beginning", sound.subarray(0, 3), "it was cut"],
    ["something behind it", joined([sound, new Uint8Array(8)]), "it is no bzip2"],
    ["another format", new TextEncoder().encode("PK\x03\x04".repeat(9)), "it is no bzip2"],
    ["a level that is none", new TextEncoder().encode("BZh0".repeat(9)), "it is no bzip2"],
    ["a block that is none", new TextEncoder().encode("BZh9".repeat(9)), "no beginning"],
  ];
  for (const [what, bytes, reason] of cases) {
    await assertRejects(() => unpacked(bytes), Bzip2Error, reason, what);
  }
});

Deno.test("no bit can turn unnoticed", async () => {
  const random = randomStream(5, "flips");
  const bytes = packed("streams"), { sum } = await unpacked(bytes);
  let refused = 0;
  for (let i = 0; i < 150; i++) {
    const flipped = Uint8Array.from(bytes);
    flipped[random.integer(0, flipped.length)] ^= 1 << random.integer(0, 8);
    try {
      // The bits that fill a stream's last byte mean nothing, nor does a smaller limit of a block.
      assertEquals((await unpacked(flipped)).sum, sum);
    } catch (error) {
      if (!(error instanceof Bzip2Error)) throw error;
      refused++;
    }
  }
  assertEquals(refused > 130, true, `${refused} of 150 were refused`);
});
