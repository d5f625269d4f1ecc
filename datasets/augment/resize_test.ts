import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { type FlowField, type Mask, ndarray, packed, type Picture } from "../../base/arrays.ts";
import fixture from "./fixtures/resize.json" with { type: "json" };
import { resizedLength, resizeFlow, resizePicture, resizeSparseFlow } from "./resize.ts";

const numbers = (values: string) => values.split(" ").map(Number);
const picture: Picture = ndarray(
  Uint8Array.from(numbers(fixture.picture.input.values)),
  fixture.picture.input.shape,
);
const flow: FlowField = ndarray(
  Float32Array.from(numbers(fixture.flow.input.values)),
  fixture.flow.input.shape,
);

Deno.test("resizePicture() gives OpenCV's bytes", () => {
  for (const { factors, expected } of fixture.picture.cases) {
    const resized = resizePicture(picture, factors);
    assertEquals(resized.shape, expected.shape);
    assertEquals([...packed(resized)], numbers(expected.values), JSON.stringify(factors));
  }
});

Deno.test("resizeFlow() gives OpenCV's values times the factors", () => {
  for (const { factors, expected } of fixture.flow.cases) {
    const resized = resizeFlow(flow, factors);
    assertEquals(resized.shape, expected.shape);
    const values = numbers(expected.values);
    packed(resized).forEach((value, i) =>
      assertAlmostEquals(value, values[i] * (i % 2 === 0 ? factors.x : factors.y), 1e-5)
    );
  }
});

Deno.test("resizeFlow() keeps an affine flow affine, with pixel centres at half integers", () => {
  const [height, width] = [20, 30];
  const affine = (x: number, y: number) => [1 + 0.2 * x - 0.1 * y, -2 + 0.05 * x + 0.3 * y];
  const field: FlowField = ndarray(
    Float32Array.from(
      { length: height * width * 2 },
      (_, i) => affine((i >> 1) % width, Math.floor((i >> 1) / width))[i & 1],
    ),
    [height, width, 2],
  );
  const factors = { x: 1.6, y: 0.7 };
  const resized = resizeFlow(field, factors);
  const [rows, columns] = resized.shape;
  assertEquals([rows, columns], [14, 48]);
  for (let y = 1; y < rows - 1; y++) {
    for (let x = 1; x < columns - 1; x++) {
      const [u, v] = affine((x + 0.5) / factors.x - 0.5, (y + 0.5) / factors.y - 0.5);
      assertAlmostEquals(resized.get(y, x, 0), factors.x * u, 1e-4);
      assertAlmostEquals(resized.get(y, x, 1), factors.y * v, 1e-4);
    }
  }
});

Deno.test("resizing reads views and leaves its input alone", () => {
  const before = packed(picture).slice();
  const mirrored = picture.step(1, -1);
  const copy: Picture = ndarray(packed(mirrored).slice(), [...picture.shape]);
  const factors = { x: 1.3, y: 0.9 };
  assertEquals(packed(resizePicture(mirrored, factors)), packed(resizePicture(copy, factors)));
  assertEquals(packed(picture), before);
  const vectors = packed(flow).slice();
  resizeFlow(flow, factors);
  assertEquals(packed(flow), vectors);
});

Deno.test("resizedLength() rounds ties to even and refuses what leaves nothing", () => {
  assertEquals([resizedLength(5, 0.5), resizedLength(7, 0.5), resizedLength(10, 1.26)], [2, 4, 13]);
  for (const factor of [0, 0.04, -1, NaN, Infinity]) {
    assertThrows(() => resizedLength(10, factor), RangeError);
  }
});

/** Sparse flow of the given size with known vectors (10 + x, 20 + y) at the given (x, y). */
function sparse(height: number, width: number, points: [x: number, y: number][]) {
  const field: FlowField = ndarray(new Float32Array(2 * height * width).fill(NaN), [
    height,
    width,
    2,
  ]);
  const valid: Mask = ndarray(new Uint8Array(height * width), [height, width]);
  for (const [x, y] of points) {
    field.set(y, x, 0, 10 + x);
    field.set(y, x, 1, 20 + y);
    valid.set(y, x, 1);
  }
  return { field, valid };
}

/** Known vectors as [x, y, u, v], row by row; asserts that all others are zero. */
function known({ flow, valid }: { flow: FlowField; valid: Mask }): number[][] {
  const [height, width] = valid.shape;
  const found: number[][] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const vector = [flow.get(y, x, 0), flow.get(y, x, 1)];
      if (valid.get(y, x) === 1) found.push([x, y, ...vector]);
      else assertEquals(vector, [0, 0]);
    }
  }
  return found;
}

Deno.test("resizeSparseFlow() moves known vectors to their rounded places, times the factors", () => {
  const { field, valid } = sparse(6, 6, [[2, 1], [3, 4]]);
  const grown = resizeSparseFlow(field, valid, { x: 2, y: 1.5 });
  assertEquals(grown.flow.shape, [9, 12, 2]);
  // y = 1.5 is a tie and goes to the even row 2.
  assertEquals(known(grown), [[4, 2, 24, 31.5], [6, 6, 26, 36]]);
});

Deno.test("resizeSparseFlow() drops what lands on row 0, on column 0 or outside", () => {
  const { field, valid } = sparse(6, 6, [[0, 3], [3, 0], [1, 2], [5, 2], [2, 5], [4, 4]]);
  // Halves round to even: 1 goes to 0 and is dropped, 5 goes to 2.
  const shrunk = resizeSparseFlow(field, valid, { x: 0.5, y: 0.5 });
  assertEquals(known(shrunk), [[2, 1, 7.5, 11], [1, 2, 6, 12.5], [2, 2, 7, 12]]);
  // x = 5 goes to 3.5, then to 4, which is outside a length of round(4.2) = 4.
  const outside = resizeSparseFlow(field, valid, { x: 0.7, y: 1 });
  assert(known(outside).every(([x]) => x < 4));
  assertEquals(known(outside).map(([x, y]) => [x, y]), [[1, 2], [3, 4], [1, 5]]);
});

Deno.test("resizeSparseFlow() lets the last of colliding vectors in row-major order stay", () => {
  const { field, valid } = sparse(6, 8, [[3, 2], [4, 2], [5, 2]]);
  // 1.5, 2 and 2.5 all round to 2.
  assertEquals(known(resizeSparseFlow(field, valid, { x: 0.5, y: 0.5 })), [[2, 1, 7.5, 11]]);
});
