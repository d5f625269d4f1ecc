import { assertAlmostEquals, assertEquals } from "@std/assert";
import { type Affine, around, compose, rotation } from "../../base/affine.ts";
import { type FlowField, type Mask, ndarray, packed, type Picture } from "../../base/arrays.ts";
import { randomStream } from "../../base/random.ts";
import { through, transformFlow, transformPicture } from "./transform.ts";

const stream = () => randomStream(3, "transform");

function picture(height: number, width: number): Picture {
  const draws = stream();
  const data = Uint8Array.from({ length: height * width * 3 }, () => draws.integer(0, 256));
  return ndarray(data, [height, width, 3]);
}

const all = (height: number, width: number): Mask =>
  ndarray(new Uint8Array(height * width).fill(1), [height, width]);

Deno.test("whole moves copy pixels, half moves average two, the border repeats", () => {
  const source = picture(5, 7);
  const at = (y: number, x: number, c: number) => source.get(y, x, c);
  const moved = transformPicture(source, [1, 0, 2, 0, 1, 1], { height: 3, width: 4 });
  assertEquals([moved.get(1, 3, 2), moved.get(0, 0, 0)], [at(2, 5, 2), at(1, 2, 0)]);
  const between = transformPicture(source, [1, 0, 0.5, 0, 1, 0], { height: 5, width: 6 });
  assertAlmostEquals(between.get(4, 2, 1), (at(4, 2, 1) + at(4, 3, 1)) / 2, 1e-4);
  const beyond = transformPicture(source, [1, 0, -3, 0, 1, 4], { height: 2, width: 4 });
  assertEquals([beyond.get(0, 0, 1), beyond.get(1, 3, 1)], [at(4, 0, 1), at(4, 0, 1)]);
});

Deno.test("mirroring maps reverse rows and columns", () => {
  const source = picture(3, 4);
  const mirrored = transformPicture(source, [-1, 0, 3, 0, -1, 2], { height: 3, width: 4 });
  const data = packed(source);
  const pixels = Array.from({ length: 12 }, (_, i) => [...data.slice(3 * i, 3 * i + 3)]).reverse();
  assertEquals([...mirrored.data], pixels.flat());
});

Deno.test("flow under one map for both pictures turns and scales, under two takes up the second", () => {
  const flow: FlowField = ndarray(
    Float32Array.from({ length: 40 }, (_, i) => i % 2 ? -1 : 2),
    [4, 5, 2],
  );
  const map: Affine = around(2, 1.5, compose(rotation(Math.PI / 2), [0.5, 0, 0, 0, 0.5, 0]));
  const size = { height: 4, width: 5 };
  const turned = transformFlow(flow, all(4, 5), map, map, size);
  // Half as large a view a quarter turn on: (2, -1) becomes twice (-1, -2).
  assertAlmostEquals(turned.flow.get(1, 2, 0), -2, 1e-5);
  assertAlmostEquals(turned.flow.get(1, 2, 1), -4, 1e-5);
  const still: Affine = [1, 0, 0, 0, 1, 0];
  const second = transformFlow(flow, all(4, 5), still, [1, 0, 3, 0, 1, 0.5], size).flow;
  assertEquals([second.get(0, 0, 0), second.get(3, 4, 1)], [-1, -1.5]);
});

Deno.test("a point and its match stay a point and its match, whatever the maps", () => {
  const draws = stream();
  const [height, width] = [9, 11];
  const flow: FlowField = ndarray(
    Float32Array.from({ length: 2 * height * width }, () => draws.uniform(-3, 3)),
    [height, width, 2],
  );
  const first: Affine = [0.8, 0.1, 1, -0.2, 0.9, 2], second: Affine = [0.7, -0.1, 2, 0.1, 1.1, 1];
  const size = { height: 6, width: 7 };
  const { flow: seen, valid } = transformFlow(flow, all(height, width), first, second, size);
  for (let y = 0; y < size.height; y++) {
    for (let x = 0; x < size.width; x++) {
      if (!valid.get(y, x)) continue;
      const [px, py] = through(first, x, y);
      const column = Math.floor(px + 0.5), row = Math.floor(py + 0.5);
      const [mx, my] = through(second, x + seen.get(y, x, 0), y + seen.get(y, x, 1));
      assertAlmostEquals(mx - px, flow.get(row, column, 0), 1e-4);
      assertAlmostEquals(my - py, flow.get(row, column, 1), 1e-4);
    }
  }
});

Deno.test("what is unknown or outside stays unknown, and zero", () => {
  const flow: FlowField = ndarray(new Float32Array(18).fill(7), [3, 3, 2]);
  const valid = all(3, 3);
  valid.set(1, 1, 0);
  const map: Affine = [1, 0, 1, 0, 1, 0];
  const seen = transformFlow(flow, valid, map, map, { height: 3, width: 3 });
  assertEquals([...seen.valid.data], [1, 1, 0, 0, 1, 0, 1, 1, 0]);
  assertEquals([...seen.flow.data].map((v) => Math.round(v)), [
    ...[7, 7, 7, 7, 0, 0],
    ...[0, 0, 7, 7, 0, 0],
    ...[7, 7, 7, 7, 0, 0],
  ]);
});
