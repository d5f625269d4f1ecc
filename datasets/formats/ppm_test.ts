import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { packed } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";
import { decodePpm, encodePpm, readPpm, writePpm } from "./ppm.ts";
import { anyPicture } from "./test_arbitraries.ts";

function ppm(header: string, samples: number[]): Uint8Array {
  return Uint8Array.of(...new TextEncoder().encode(header), ...samples);
}

Deno.test("decodePpm() reads colour, grey and comments", () => {
  const colour = decodePpm(ppm("P6\n2 1\n255\n", [1, 2, 3, 4, 5, 6]), "f");
  assertEquals([colour.shape, ...colour.data], [[1, 2, 3], 1, 2, 3, 4, 5, 6]);
  const grey = decodePpm(ppm("P5\n1 2\n255\n", [7, 8]), "f");
  assertEquals([grey.shape, ...grey.data], [[2, 1, 3], 7, 7, 7, 8, 8, 8]);
  const commented = ppm("P5 # made by hand\n#\n1\t\n#2 2\n 1 255 ", [35]);
  assertEquals([...decodePpm(commented, "f").data], [35, 35, 35]);
});

Deno.test("PPM pictures come back exactly, views included", () => {
  fc.assert(fc.property(anyPicture, (picture) => {
    const back = decodePpm(encodePpm(picture), "f");
    assertEquals(back.shape, picture.shape);
    assertEquals(back.data, picture.data);
    const flipped = picture.step(-1, 1, 1);
    assertEquals(decodePpm(encodePpm(flipped), "f").data, packed(flipped));
  }));
});

Deno.test("decodePpm() refuses any other length", () => {
  const whole = ppm("P6\n2 1\n255\n", [1, 2, 3, 4, 5, 6]);
  for (let length = 0; length < whole.length; length++) {
    assertThrows(() => decodePpm(whole.subarray(0, length), "f"), DataError);
  }
  assertThrows(() => decodePpm(Uint8Array.of(...whole, 0), "f"), DataError, "but 2x1 P6 takes 17");
});

Deno.test("decodePpm() says what is wrong with a header", () => {
  const cases = [
    ["P3\n1 1\n255\n", "not a binary PPM"],
    ["P65\n1 1\n255\n", "magic number"],
    ["P6\n1 1\n65535\n", "16-bit samples"],
    ["P6\n1 1\n15\n", "largest value 15"],
    ["P6\n0 1\n255\n", "0x1 pixels"],
    ["P6\n1 -1\n255\n", `"-1" as height`],
    ["P6\n999999999 1\n255\n", "999999999x1 pixels"],
    [`P6\n${"1".repeat(40)} 1\n255\n`, "overlong"],
    ["P6 # no end", "cut short"],
  ];
  for (const [header, reason] of cases) {
    assertThrows(() => decodePpm(ppm(header, [0, 0, 0]), "f"), DataError, reason);
  }
});

Deno.test("decodePpm() gives a picture or a DataError for any bytes", () => {
  const anyFile = fc.tuple(fc.constantFrom("P5", "P6"), fc.string(), fc.uint8Array());
  fc.assert(fc.property(anyFile, ([magic, text, rest]) => {
    try {
      decodePpm(ppm(magic + text, [...rest]), "f");
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
    }
  }));
});

Deno.test("writePpm() and readPpm() agree", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [picture] = fc.sample(anyPicture, { numRuns: 1, seed: 1 });
    await writePpm(`${folder}/a.ppm`, picture);
    assertEquals((await readPpm(`${folder}/a.ppm`)).data, picture.data);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
