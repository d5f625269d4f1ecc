import { assertAlmostEquals, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ndarray } from "../../base/arrays.ts";
import { DataError, UsageError } from "../../base/errors.ts";
import { sharedData } from "../../tests/shared_data.ts";
import { decodeFlo, encodeFlo, readFlo, writeFlo } from "./flo.ts";
import { anyFlow } from "./test_arbitraries.ts";

const twoByOne = ndarray(Float32Array.of(1, -2, 0.5, 4), [1, 2, 2]);

Deno.test("encodeFlo() writes the bytes of the format", () => {
  const bytes = encodeFlo(twoByOne, ndarray(Uint8Array.of(1, 0), [1, 2]));
  assertEquals(new TextDecoder().decode(bytes.subarray(0, 4)), "PIEH");
  assertEquals([...bytes.subarray(4, 12)], [2, 0, 0, 0, 1, 0, 0, 0]);
  assertEquals([...bytes.subarray(12, 20)], [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
  assertEquals([...new Float32Array(bytes.slice(20).buffer)], [1e10, 1e10]);
});

Deno.test(".flo files give back every value and the mask", () => {
  const component = fc.float({ min: -1e9, max: 1e9, noNaN: true });
  fc.assert(fc.property(anyFlow(component), ({ flow, valid }) => {
    const back = decodeFlo(encodeFlo(flow, valid), "f");
    assertEquals(back.flow.shape, flow.shape);
    assertEquals(back.flow.data, flow.data);
    assertEquals(back.valid.data, valid.data);
  }));
});

Deno.test("decodeFlo() refuses any other length", () => {
  const whole = encodeFlo(twoByOne);
  for (let length = 0; length < whole.length; length++) {
    assertThrows(() => decodeFlo(whole.subarray(0, length), "f"), DataError, "bytes");
  }
  const longer = new Uint8Array(whole.length + 1);
  longer.set(whole);
  assertThrows(() => decodeFlo(longer, "f"), DataError, "29 bytes, but 2x1 flow takes 28");
});

Deno.test("decodeFlo() reads from the middle of a buffer", () => {
  const padded = new Uint8Array(33);
  padded.set(encodeFlo(twoByOne), 3);
  assertEquals(decodeFlo(padded.subarray(3, 31), "f").flow.data, twoByOne.data);
});

Deno.test("decodeFlo() says what is wrong with a header", () => {
  const changed = (change: (view: DataView) => void) => {
    const bytes = encodeFlo(twoByOne);
    change(new DataView(bytes.buffer));
    return () => decodeFlo(bytes, "f");
  };
  assertThrows(changed((v) => v.setFloat32(0, 202021.25)), DataError, "big-endian");
  assertThrows(changed((v) => v.setUint8(0, 0)), DataError, "not a .flo file");
  assertThrows(changed((v) => v.setInt32(4, -2, true)), DataError, "-2x1 pixels");
  assertThrows(changed((v) => v.setInt32(4, 2 ** 31 - 1, true)), DataError, "2147483647x1 pixels");
  assertThrows(changed((v) => v.setFloat32(20, NaN, true)), DataError, "column 1, row 0");
});

Deno.test("encodeFlo() refuses a known value that would not come back", () => {
  for (const wrong of [NaN, Infinity, 1e10]) {
    const flow = ndarray(Float32Array.of(0, 0, 0, wrong), [2, 1, 2]);
    assertThrows(() => encodeFlo(flow), UsageError, "column 0, row 1");
    encodeFlo(flow, ndarray(Uint8Array.of(1, 0), [2, 1]));
  }
});

Deno.test("writeFlo() and readFlo() agree, and nothing is left when writing fails", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await writeFlo(`${folder}/a.flo`, twoByOne);
    assertEquals((await readFlo(`${folder}/a.flo`)).flow.data, twoByOne.data);
    const wrong = ndarray(Float32Array.of(NaN, 0), [1, 1, 2]);
    await assertRejects(() => writeFlo(`${folder}/b.flo`, wrong), UsageError);
    assertEquals([...Deno.readDirSync(folder)].map((entry) => entry.name), ["a.flo"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

// Height, width, known pixels, and mean u and v over them, by NumPy.
const chairs = "FlyingChairs_release/data";
const real: [string, number, number, number, number, number][] = [
  [`flyingchairs/${chairs}/00001_flow.flo`, 384, 512, 196608, -2.158857, -0.418549],
  [`flyingchairs/${chairs}/00002_flow.flo`, 384, 512, 196608, -1.583046, -0.735365],
  [`flyingchairs-crop50/${chairs}/00001_flow.flo`, 50, 50, 2500, 0.245708, -1.515899],
  ["middlebury/other-gt-flow/Dimetrodon/flow10.flo", 388, 584, 215820, -1.879098, -0.313691],
  ["middlebury/other-gt-flow/Grove2/flow10.flo", 480, 640, 307200, -2.712759, 0.460458],
  ["middlebury/other-gt-flow/Hydrangea/flow10.flo", 388, 584, 211712, 2.778326, -0.15074],
  ["middlebury/other-gt-flow/RubberWhale/flow10.flo", 388, 584, 222970, 0.064149, -0.116117],
  ["middlebury/other-gt-flow/Urban2/flow10.flo", 480, 640, 307200, -6.880499, 2.662276],
  ["sintel/training/flow/alley_1/frame_0001.flo", 436, 1024, 446464, -2.743011, 0.196502],
];
for (const [file, height, width, known, meanU, meanV] of real) {
  const path = sharedData(file);
  Deno.test(`readFlo() reads ${file}`, { ignore: path === null }, async () => {
    const { flow, valid } = await readFlo(path!);
    assertEquals(flow.shape, [height, width, 2]);
    const sum = [0, 0];
    for (let i = 0; i < flow.data.length; i++) sum[i % 2] += flow.data[i];
    assertEquals(valid.data.reduce((n, flag) => n + flag, 0), known);
    assertAlmostEquals(sum[0] / known, meanU, 1e-6);
    assertAlmostEquals(sum[1] / known, meanV, 1e-6);
  });
}
