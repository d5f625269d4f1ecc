import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type FlowField, ndarray, packed } from "../../base/arrays.ts";
import { decodeKittiFlow, encodeKittiFlow } from "../../datasets/formats/kitti_flow.ts";
import { clipped, fillBackground } from "./background.ts";
import { flowProtocol } from "./protocol.ts";

const kitti = flowProtocol("kitti15-devkit").clipping!;

/** Rows of u, null where the prediction leaves the pixel out; v is u negated. */
function fill(rows: (number | null)[][]): number[][] | null {
  const flat = rows.flat();
  const flow = ndarray(Float32Array.from(flat.flatMap((u) => u === null ? [0, 0] : [u, -u])), [
    rows.length,
    rows[0].length,
    2,
  ]);
  const valid = ndarray(Uint8Array.from(flat, (u) => u === null ? 0 : 1), [
    rows.length,
    rows[0].length,
  ]);
  const filled = fillBackground(flow, valid);
  return filled && rows.map((_, y) => [...packed(filled.pick(y, null, 0))]);
}

Deno.test("fillBackground() fills rows as KITTI's devkit does, by hand", () => {
  const _ = null;
  assertEquals(fill([[_, 5, _, _, 2, _]]), [[5, 5, 2, 2, 2, 2]]);
  assertEquals(fill([[1, _, 3]]), [[1, 1, 3]]);
  assertEquals(fill([[_, _], [_, 7], [_, _]]), [[7, 7], [7, 7], [7, 7]]);
  assertEquals(fill([[4, _], [_, _], [_, 9]]), [[4, 4], [0, 0], [9, 9]], "an empty row between");
  assertEquals(fill([[1, 2], [3, 4]]), [[1, 2], [3, 4]]);
  assertEquals(fill([[_, _], [_, _]]), null);
});

Deno.test("fillBackground() takes the lesser of u and of v, each by itself", () => {
  const flow = ndarray(Float32Array.of(5, 1, 0, 0, 2, 8), [1, 3, 2]);
  const filled = fillBackground(flow, ndarray(Uint8Array.of(1, 0, 1), [1, 3]))!;
  assertEquals([...packed(filled)], [5, 1, 2, 1, 2, 8]);
  assertEquals([...packed(flow)], [5, 1, 0, 0, 2, 8], "the prediction itself is kept");
});

const field = (...us: number[]): FlowField =>
  ndarray(Float32Array.from(us.flatMap((u) => [u, 0])), [1, us.length, 2]);

Deno.test("clipped() cuts down to KITTI's steps and its range", () => {
  const step = 1 / 64;
  const cases = [
    [0, 0],
    [step, step],
    [1.9 * step, step],
    [1.999 * step, 2 * step], // single precision cannot tell 32769.999 from 32770, as in the devkit
    [-0.0005 * step, 0],
    [-0.1 * step, -step],
    [600, 512 - step],
    [-600, -512],
    [1e9, 512 - step],
  ];
  const got = packed(clipped(field(...cases.map(([from]) => from)), kitti));
  assertEquals(cases.map((_, i) => got[2 * i]), cases.map(([, to]) => to));
});

Deno.test("clipped() leaves what is not finite for the metrics to refuse", () => {
  const got = packed(clipped(field(NaN, Infinity, -Infinity), kitti));
  assertEquals([got[0], got[2], got[4]], [NaN, Infinity, -Infinity]);
});

Deno.test("clipped() gives what a KITTI file gives back, and changes it no more", () => {
  fc.assert(
    fc.property(
      fc.array(fc.float({ min: -700, max: 700, noNaN: true }), { minLength: 1 }),
      (us) => {
        const once = clipped(field(...us), kitti);
        const file = decodeKittiFlow(encodeKittiFlow(once), "a.png").flow;
        assertEquals([...packed(file)], [...packed(once)]);
        assertEquals([...packed(clipped(once, kitti))], [...packed(once)]);
      },
    ),
  );
});
