import { assert, assertEquals, assertThrows } from "@std/assert";
import { crc32, deflateSync } from "node:zlib";
import { encode } from "fast-png";
import fc from "fast-check";
import { packed } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";
import { decodePng, encodePng } from "./png.ts";
import { anyPicture } from "./test_arbitraries.ts";

type Bytes = ArrayLike<number>;

function chunk(type: string, data: Bytes): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(Uint8Array.from(data), 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

function ihdr(width: number, height: number, depth: number, type: number, interlace = 0) {
  const data = new Uint8Array(13);
  new DataView(data.buffer).setUint32(0, width);
  new DataView(data.buffer).setUint32(4, height);
  data.set([depth, type, 0, 0, interlace], 8);
  return chunk("IHDR", data);
}

/** A PNG out of chunks; its rows carry their filter bytes. */
function png(header: Uint8Array, rows: Bytes, ...before: Uint8Array[]): Uint8Array {
  return file(header, ...before, chunk("IDAT", deflateSync(Uint8Array.from(rows))), end);
}

function file(...chunks: Uint8Array[]): Uint8Array {
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  return Uint8Array.from([signature, ...chunks].flatMap((part) => [...part]));
}

const end = chunk("IEND", []);
const grey2x1 = png(ihdr(2, 1, 8, 0), [0, 10, 20]);

Deno.test("decodePng() reads every colour type as stored", () => {
  const read = (bytes: Uint8Array) => {
    const { width, height, channels, depth, samples } = decodePng(bytes, "f");
    return [[width, height, channels, depth], [...samples]];
  };
  assertEquals(read(grey2x1), [[2, 1, 1, 8], [10, 20]]);
  assertEquals(read(png(ihdr(1, 1, 8, 4), [0, 9, 255])), [[1, 1, 2, 8], [9, 255]]);
  assertEquals(read(png(ihdr(1, 2, 8, 2), [0, 1, 2, 3, 2, 4, 5, 6])), [[1, 2, 3, 8], [
    ...[1, 2, 3],
    ...[5, 7, 9],
  ]]);
  assertEquals(read(png(ihdr(1, 1, 8, 6), [0, 1, 2, 3, 4])), [[1, 1, 4, 8], [1, 2, 3, 4]]);
  assertEquals(read(png(ihdr(1, 1, 16, 0), [0, 0x12, 0x34])), [[1, 1, 1, 16], [0x1234]]);
});

Deno.test("decodePng() unpacks 1, 2 and 4 bits", () => {
  const nine = decodePng(png(ihdr(9, 2, 1, 0), [0, 0b10110001, 0x80, 0, 0, 0]), "f");
  assertEquals([...nine.samples], [1, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  const five = decodePng(png(ihdr(5, 1, 2, 0), [0, 0b00011011, 0b10000000]), "f");
  assertEquals([...five.samples], [0, 1, 2, 3, 2]);
  const palette = chunk("PLTE", [1, 2, 3, 4, 5, 6]);
  const three = decodePng(png(ihdr(3, 1, 4, 3), [0, 0x01, 0x10], palette), "f");
  assertEquals([[...three.samples], [...three.palette!]], [[0, 1, 1], [1, 2, 3, 4, 5, 6]]);
});

Deno.test("decodePng() reads interlaced pictures of 8 and 16 bits alone", () => {
  for (const depth of [8, 16] as const) {
    const data = depth === 8 ? new Uint8Array(270) : new Uint16Array(270);
    data.forEach((_, i) => data[i] = 241 * i);
    const image = { width: 10, height: 9, channels: 3, depth, data };
    assertEquals(decodePng(encode(image, { interlace: "Adam7" }), "f").samples, data);
  }
  assertThrows(
    () => decodePng(png(ihdr(1, 1, 1, 0, 1), [0, 0x80]), "f"),
    DataError,
    "interlaced 1-bit PNG",
  );
});

Deno.test("decodePng() joins IDAT chunks and passes over what it does not know", () => {
  const stream = deflateSync(Uint8Array.of(0, 10, 20));
  const parts = [stream.subarray(0, 5), stream.subarray(5)].map((part) => chunk("IDAT", part));
  const profile = chunk("iCCP", [...new TextEncoder().encode("x\0\0"), 1, 2, 3]);
  const text = chunk("tEXt", new TextEncoder().encode("__proto__\0polluted"));
  const whole = file(ihdr(2, 1, 8, 0), profile, text, ...parts, end);
  assertEquals([...decodePng(whole, "f").samples], [10, 20]);
});

Deno.test("encodePng() and decodePng() give back every picture, views included", () => {
  fc.assert(fc.property(anyPicture, (picture) => {
    const { width, height, samples } = decodePng(encodePng(picture), "f");
    assertEquals([height, width, 3], picture.shape);
    assertEquals(samples, picture.data);
    const flipped = picture.step(1, -1, 1);
    assertEquals(decodePng(encodePng(flipped), "f").samples, packed(flipped));
  }));
});

Deno.test("decodePng() finds every changed byte and every cut", () => {
  const text = chunk("tEXt", new TextEncoder().encode("Title\0x"));
  const whole = png(ihdr(2, 2, 8, 2), [0, 1, 2, 3, 4, 5, 6, 1, 7, 8, 9, 1, 2, 3], text);
  assertEquals(decodePng(whole, "f").samples.length, 12);
  for (let at = 0; at < whole.length; at++) {
    for (let bit = 1; bit < 256; bit *= 2) {
      assertThrows(() => decodePng(whole.with(at, whole[at] ^ bit), "f"), DataError);
    }
    assertThrows(() => decodePng(whole.subarray(0, at), "f"), DataError);
  }
  assertThrows(() => decodePng(Uint8Array.of(...whole, 0), "f"), DataError, "1 bytes follow");
});

Deno.test("decodePng() refuses pixels that do not fit the header, however well sealed", () => {
  const header = ihdr(2, 2, 8, 0);
  assertThrows(() => decodePng(png(header, [0, 1, 2]), "f"), DataError, "take 3 bytes, not 6");
  assertThrows(() => decodePng(file(header, end), "f"), DataError, "damaged PNG");
  const bomb = png(header, new Uint8Array(2 ** 20));
  assertThrows(() => decodePng(bomb, "f"), DataError, "damaged PNG");
  const badFilter = png(header, [0, 1, 2, 9, 1, 2]);
  assertThrows(() => decodePng(badFilter, "f"), DataError, "damaged PNG (Unsupported filter");
  const cutStream = chunk("IDAT", deflateSync(Uint8Array.of(0, 1, 2, 0, 3, 4)).subarray(0, -3));
  assertThrows(() => decodePng(file(header, cutStream, end), "f"), DataError, "damaged PNG");
});

Deno.test("decodePng() says what is wrong with a header", () => {
  const row = [0, 0, 0];
  const cases: [Uint8Array, string][] = [
    [Uint8Array.of(1, 2, 3), "not a PNG file"],
    [png(ihdr(2 ** 31, 1, 8, 0), row), "2147483648x1 pixels"],
    [png(ihdr(0, 1, 8, 0), row), "0x1 pixels"],
    [png(ihdr(2, 1, 4, 2), row), "no valid header"],
    [png(ihdr(2, 1, 8, 1), row), "no valid header"],
    [png(ihdr(2, 1, 8, 0, 2), row), "no valid header"],
    [png(chunk("IHDR", [1]), row), "no valid header"],
    [file(end), "no valid header"],
    [file(ihdr(2, 1, 8, 0), grey2x1.subarray(8)), "no valid header"],
    [png(ihdr(2, 1, 8, 3), row), "palette is missing"],
    [png(ihdr(2, 1, 8, 0), row, chunk("ABCD", [])), "unknown critical chunk ABCD"],
  ];
  for (const [bytes, reason] of cases) assertThrows(() => decodePng(bytes, "f"), DataError, reason);
});

Deno.test("encodePng() gives the same bytes each time", () => {
  const [picture] = fc.sample(anyPicture, { numRuns: 1, seed: 2 });
  assert(encodePng(picture).every((byte, i) => byte === encodePng(picture)[i]));
});
