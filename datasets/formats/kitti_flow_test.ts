import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { encode } from "fast-png";
import fc from "fast-check";
import { ndarray } from "../../base/arrays.ts";
import { DataError, UsageError } from "../../base/errors.ts";
import { sharedData } from "../../tests/shared_data.ts";
import { decodeKittiFlow, encodeKittiFlow, readKittiFlow, writeKittiFlow } from "./kitti_flow.ts";
import { decodePng } from "./png.ts";
import { anyFlow } from "./test_arbitraries.ts";

Deno.test("encodeKittiFlow() writes R, G and B as the format says", () => {
  const flow = ndarray(Float32Array.of(0, 1, -512, 511.984375, 7, 7), [1, 3, 2]);
  const png = encodeKittiFlow(flow, ndarray(Uint8Array.of(1, 1, 0), [1, 3]));
  assertEquals(
    [...decodePng(png, "f").samples],
    [32768, 32832, 1, 0, 65535, 1, 0, 0, 0],
  );
});

Deno.test("KITTI flow that is a multiple of 1/64 comes back exactly, with its mask", () => {
  const component = fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }).map((n) => n / 64);
  fc.assert(fc.property(anyFlow(component), ({ flow, valid }) => {
    const bytes = encodeKittiFlow(flow, valid);
    const back = decodeKittiFlow(bytes, "f");
    assertEquals(back.flow.shape, flow.shape);
    assertEquals(back.flow.data, flow.data);
    assertEquals(back.valid.data, valid.data);
    assertEquals(encodeKittiFlow(back.flow, back.valid), bytes);
  }));
});

Deno.test("any other flow comes back rounded to 1/64 pixel", () => {
  const component = fc.float({ min: -512, max: 511, noNaN: true });
  fc.assert(fc.property(anyFlow(component), ({ flow, valid }) => {
    const back = decodeKittiFlow(encodeKittiFlow(flow, valid), "f");
    flow.data.forEach((value, i) => assertAlmostEquals(back.flow.data[i], value, 1 / 128));
  }));
});

Deno.test("encodeKittiFlow() refuses known flow beyond its range", () => {
  for (const wrong of [512, -512.01, NaN, Infinity]) {
    const flow = ndarray(Float32Array.of(0, 0, 0, wrong), [2, 1, 2]);
    assertThrows(() => encodeKittiFlow(flow), UsageError, "v at column 0, row 1");
    encodeKittiFlow(flow, ndarray(Uint8Array.of(1, 0), [2, 1]));
  }
});

Deno.test("decodeKittiFlow() refuses other PNGs and damaged ones", () => {
  const eightBit = encode({ width: 1, height: 1, channels: 3, depth: 8, data: new Uint8Array(3) });
  assertThrows(() => decodeKittiFlow(eightBit, "f"), DataError, "3 channels of 8 bits");
  const whole = encodeKittiFlow(ndarray(Float32Array.of(3, 4), [1, 1, 2]));
  for (let at = 0; at < whole.length; at++) {
    assertThrows(() => decodeKittiFlow(whole.with(at, whole[at] ^ 4), "f"), DataError);
    assertThrows(() => decodeKittiFlow(whole.subarray(0, at), "f"), DataError);
  }
});

// Height, width, known pixels, mean u and v over them, and the longest flow, by NumPy.
const real: [string, number, number, number, number, number, number][] = [
  ["kitti2015/training/flow_occ/000000_10.png", 375, 1242, 75453, -29.857323, 14.984259, 189.952],
  ["pwc-net/reference_frame_0010_pytorch.png", 436, 1024, 446464, 1.493428, 2.4043, 35.33355],
];
for (const [file, height, width, known, meanU, meanV, longest] of real) {
  const path = sharedData(file);
  Deno.test(`readKittiFlow() reads ${file}`, { ignore: path === null }, async () => {
    const { flow, valid } = await readKittiFlow(path!);
    assertEquals(flow.shape, [height, width, 2]);
    const sum = [0, 0];
    let furthest = 0;
    for (let i = 0; i < flow.data.length; i += 2) {
      sum[0] += flow.data[i];
      sum[1] += flow.data[i + 1];
      furthest = Math.max(furthest, Math.hypot(flow.data[i], flow.data[i + 1]));
    }
    assertEquals(valid.data.reduce((n, flag) => n + flag, 0), known);
    assertAlmostEquals(sum[0] / known, meanU, 1e-6);
    assertAlmostEquals(sum[1] / known, meanV, 1e-6);
    assertAlmostEquals(furthest, longest, 1e-4);
  });
}

Deno.test("writeKittiFlow() and readKittiFlow() agree", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const flow = ndarray(Float32Array.of(3.25, -4.5), [1, 1, 2]);
    await writeKittiFlow(`${folder}/a.png`, flow);
    assertEquals((await readKittiFlow(`${folder}/a.png`)).flow.data, flow.data);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
