import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type FlowField, ndarray, packed } from "../../base/arrays.ts";
import { follows, forwardInterpolate } from "./warm_start.ts";

function field(height: number, width: number, at: (y: number, x: number) => number[]): FlowField {
  const flow = ndarray(new Float32Array(2 * height * width), [height, width, 2]);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) at(y, x).forEach((value, c) => flow.set(y, x, c, value));
  }
  return flow;
}

const us = (flow: FlowField) => [...packed(flow.pick(null, null, 0))];

Deno.test("forwardInterpolate() moves vectors to where they point, by hand", () => {
  // Only the middle row stays off row 0. The 3 at column 1 lands at 4; 0.5 at 2 lands at 2.5.
  const flow = field(
    3,
    5,
    (y, x) => y !== 1 ? [0, -9] : [[-9, 0], [3, 0], [0.5, 0], [9, 0], [-1, 0]][x],
  );
  // Landed on row 1: 3 at x 4, 0.5 at x 2.5, -1 at x 3.
  assertEquals(us(forwardInterpolate(flow)).slice(5, 10), [0.5, 0.5, 0.5, -1, 3]);
});

Deno.test("forwardInterpolate() drops what lands on row 0, on column 0 or outside", () => {
  assertEquals(us(forwardInterpolate(field(1, 3, () => [1, 0]))), [0, 0, 0], "all on row 0");
  assertEquals(us(forwardInterpolate(field(2, 2, (_y, x) => [-x, 0.5]))), [0, 0, 0, 0]);
  assertEquals(us(forwardInterpolate(field(2, 2, () => [2, 2]))), [0, 0, 0, 0]);
});

Deno.test("forwardInterpolate() takes the nearest vector, found the slow way", () => {
  const component = fc.float({ min: -6, max: 6, noNaN: true });
  const size = fc.integer({ min: 1, max: 7 });
  const flows = fc.tuple(size, size).chain(([h, w]) =>
    fc.array(component, { minLength: 2 * h * w, maxLength: 2 * h * w })
      .map((values) => ndarray(Float32Array.from(values), [h, w, 2]))
  );
  fc.assert(fc.property(flows, (flow) => {
    const [height, width] = flow.shape, vectors = packed(flow);
    const landed = Array.from({ length: height * width }, (_, i) => ({
      i,
      x: Math.fround(i % width + vectors[2 * i]),
      y: Math.fround(Math.floor(i / width) + vectors[2 * i + 1]),
    })).filter(({ x, y }) => x > 0 && x < width && y > 0 && y < height);
    const expected = Array.from({ length: height * width }, (_, at) => {
      const distance = ({ x, y }: { x: number; y: number }) =>
        (x - at % width) ** 2 + (y - Math.floor(at / width)) ** 2;
      const sorted = landed.toSorted((a, b) => distance(a) - distance(b) || a.i - b.i);
      return sorted.length === 0
        ? [0, 0]
        : [...vectors.slice(2 * sorted[0].i, 2 * sorted[0].i + 2)];
    });
    assertEquals([...packed(forwardInterpolate(flow))], expected.flat());
  }));
});

Deno.test("follows() knows the next frame of a sequence", () => {
  assertEquals(follows("alley_1/frame_0010", "alley_1/frame_0009"), true);
  for (
    const [id, previous] of [
      ["alley_1/frame_0010", "alley_1/frame_0008"],
      ["alley_1/frame_0009", "alley_1/frame_0010"],
      ["alley_2/frame_0010", "alley_1/frame_0009"],
      ["000001", "000000"],
      ["RubberWhale", "Grove2"],
    ]
  ) assertEquals(follows(id, previous), false, `${previous}, ${id}`);
});
