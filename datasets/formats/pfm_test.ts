import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ndarray, packed } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";
import { decodePfm, decodePfmFlow, encodePfm, readPfm, readPfmFlow, writePfm } from "./pfm.ts";

/** A PFM file of one column, from its header and its floats. */
function pfm(header: string, values: number[], littleEndian: boolean): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(text.length + 4 * values.length);
  bytes.set(text);
  const view = new DataView(bytes.buffer, text.length);
  values.forEach((value, i) => view.setFloat32(4 * i, value, littleEndian));
  return bytes;
}

Deno.test("decodePfm() follows the scale's sign and turns the rows round", () => {
  assertEquals([...decodePfm(pfm("Pf\n1 3\n-1.0\n", [1, 2, 3], true), "f").data], [3, 2, 1]);
  assertEquals([...decodePfm(pfm("Pf 1 3 0.5\n", [1, 2, 3], false), "f").data], [3, 2, 1]);
  const colour = decodePfm(pfm("PF\n1 2\n-1e-2\n", [1, 2, 3, 4, 5, 6], true), "f");
  assertEquals(colour.shape, [2, 1, 3]);
  assertEquals([...colour.data], [4, 5, 6, 1, 2, 3]);
});

Deno.test("decodePfmFlow() drops the third channel and masks unknown flow", () => {
  const bytes = pfm("PF\n1 2\n-1\n", [1e10, 0, 9, 2, 3, 9], true);
  const { flow, valid } = decodePfmFlow(bytes, "f");
  assertEquals([...flow.data], [2, 3, 0, 0]);
  assertEquals([flow.shape, ...valid.data], [[2, 1, 2], 1, 0]);
  assertThrows(
    () => decodePfmFlow(pfm("PF\n1 1\n-1\n", [0, NaN, 0], true), "f"),
    DataError,
    "column 0, row 0",
  );
  assertThrows(() => decodePfmFlow(pfm("Pf\n1 1\n-1\n", [0], true), "f"), DataError, "one channel");
});

Deno.test("PFM files give back every bit, NaN and infinities included", () => {
  const shapes: number[][] = [[1, 1, 1], [1, 3, 3], [17, 3, 1], [3, 17, 3]];
  const anyMap = fc.constantFrom(...shapes).chain((shape) => {
    const length = shape[0] * shape[1] * shape[2];
    return fc.float32Array({ minLength: length, maxLength: length })
      .map((values) => ndarray(values, shape));
  });
  fc.assert(fc.property(anyMap, (map) => {
    const back = decodePfm(encodePfm(map), "f");
    assertEquals(back.shape, map.shape);
    assertEquals(back.data, map.data);
    const flipped = decodePfm(encodePfm(map.step(1, -1)), "f");
    assertEquals(flipped.data, packed(map.step(1, -1)));
  }));
});

Deno.test("decodePfm() refuses any other length", () => {
  const whole = encodePfm(ndarray(new Float32Array(6), [2, 1, 3]));
  for (let length = 0; length < whole.length; length++) {
    assertThrows(() => decodePfm(whole.subarray(0, length), "f"), DataError);
  }
  const longer = new Uint8Array(whole.length + 1);
  longer.set(whole);
  assertThrows(() => decodePfm(longer, "f"), DataError, "bytes, but 1x2 PF takes");
});

Deno.test("decodePfm() says what is wrong with a header", () => {
  const cases = [
    ["P6\n1 1\n255\n", "not a PFM file"],
    ["Pfx\n1 1\n-1\n", "magic number"],
    ["Pf\n0 1\n-1\n", "0x1 pixels"],
    ["Pf\n-1 1\n-1\n", `"-1" as width`],
    ["Pf\n1 99999\n-1\n", "1x99999 pixels"],
    ["Pf\n1 1\n0\n", `"0" as scale`],
    ["Pf\n1 1\nnan\n", `"nan" as scale`],
    ["Pf\n1 1\n0x1\n", `"0x1" as scale`],
  ];
  for (const [header, reason] of cases) {
    assertThrows(() => decodePfm(pfm(header, [0], true), "f"), DataError, reason);
  }
});

Deno.test("encodePfm() refuses other shapes", () => {
  assertThrows(() => encodePfm(ndarray(new Float32Array(2), [1, 1, 2])), TypeError);
});

Deno.test("writePfm(), readPfm() and readPfmFlow() agree", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const map = ndarray(Float32Array.of(1, 2, 0, 3, 4, 0), [2, 1, 3]);
    await writePfm(`${folder}/a.pfm`, map);
    assertEquals((await readPfm(`${folder}/a.pfm`)).data, map.data);
    assertEquals([...(await readPfmFlow(`${folder}/a.pfm`)).flow.data], [1, 2, 3, 4]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
