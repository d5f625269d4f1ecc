/**
 * What tests of kernels share: the device, drawn values, and comparisons with oracles.
 *
 * Importing this file makes `webgpu` the backend and puts our convolution in place, once a process.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import fc from "fast-check";
import { randomStream } from "../../base/random.ts";
import { useBackend } from "../backend.ts";
import { readSafetensors } from "../weights/safetensors.ts";
import { toFloat32 } from "../weights/tensor_file.ts";
import { type HostTensor, oracleOf } from "./kernel.ts";
import { type Tile, type Tiles, tilesInUse, tileTable, useTiles, workgroupTiles } from "./tiles.ts";

await useBackend("webgpu");

/** Largest error of a forward pass, relative to the result's largest value. */
export const FORWARD = 1e-5;
/** Largest error of a gradient, relative to its largest value. */
export const GRADIENT = 1e-4;

/** Lengths that hit the edges of tiles, windows and workgroups: heights and widths of maps. */
export const SIZES: readonly (readonly [number, number])[] = [1, 3, 17].flatMap((height) =>
  [1, 3, 17].map((width) => [height, width] as const)
);

/** Cases of a {@link sweep}. */
export const SWEPT = Deno.env.get("REFLOW_LONG") === "1" ? 500 : 12;

/** Checks {@link SWEPT} cases: first some given ones, then random ones, the same at every call. */
export async function sweep<T>(
  cases: fc.Arbitrary<T>,
  check: (one: T) => Promise<void>,
  first: readonly T[] = [],
): Promise<void> {
  const examples = first.map((one): [T] => [one]);
  await fc.assert(fc.asyncProperty(cases, check), { numRuns: SWEPT, seed: 20, examples });
}

/** The same tile for every shape. */
const always = (tile: Tile): Pick<Tiles, "convolution" | "filterGradient" | "product"> => ({
  convolution: [{ tile }],
  filterGradient: [{ tile }],
  product: [{ tile }],
});

/** Ways for convolutions and matrix products to go about their work: each class' and each tile's. */
export const ways: Readonly<Record<string, Tiles>> = {
  "on an unknown adapter": tileTable.unknown,
  // The software's tiles, which are the largest there are.
  "from buffers": { ...tileTable.software, operands: "buffers" },
  "from textures": tileTable.software,
  ...Object.fromEntries(workgroupTiles.map((side) => [
    `through blocks of ${side}`,
    { ...tileTable.discrete, ...always({ workgroup: side }) },
  ])),
};

/** Runs a test in one of the {@link ways}. */
export async function working(way: string, run: () => Promise<void>): Promise<void> {
  const before = tilesInUse();
  useTiles(ways[way]);
  try {
    await run();
  } finally {
    useTiles(before);
  }
}

/** Tensors by name. */
export type Named<T> = Readonly<Record<string, T>>;

/** N(0, deviation²) rounded to float32, the same at every call with the same label and shape. */
export function drawn(label: string, shape: readonly number[], deviation = 1): HostTensor {
  const stream = randomStream(20, "kernel tests", label, ...shape);
  const size = tf.util.sizeFromShape([...shape]);
  return { shape, data: Float32Array.from({ length: size }, () => stream.normal(0, deviation)) };
}

/**
 * Sampling coordinates (x, y) for a height × width map, [batch, h, w, 2]: inside, on the border, just
 * outside, far outside, whole and in between.
 *
 * @param smooth Only coordinates where bilinear sampling has a derivative: off whole numbers.
 */
export function drawnCoords(
  [batch, h, w]: readonly number[],
  [height, width]: readonly [number, number],
  smooth = false,
): HostTensor {
  const stream = randomStream(21, "coordinates", batch, h, w, height, width, String(smooth));
  const one = (length: number): number => {
    const inside = stream.uniform(-1.5, length + 0.5);
    if (smooth) return Math.floor(inside) + stream.uniform(0.05, 0.95);
    return stream.pick([
      inside,
      inside,
      inside,
      Math.round(inside),
      0,
      length - 1,
      -1,
      length,
      3e9,
      -3e9,
    ]);
  };
  const values = Array.from({ length: batch * h * w }, () => [one(width), one(height)]);
  return { shape: [batch, h, w, 2], data: Float32Array.from(values.flat()) };
}

/** The same values in double precision, so that oracles round nowhere. */
export function float64({ shape, data }: HostTensor): HostTensor {
  return { shape, data: Float64Array.from(data) };
}

const mapValues = <A, B>(named: Named<A>, change: (value: A) => B): Record<string, B> =>
  Object.fromEntries(Object.entries(named).map(([key, value]) => [key, change(value)]));

/** The tensor on the device. */
export function onDevice<T extends tf.Tensor = tf.Tensor>({ shape, data }: HostTensor): T {
  return tf.tensor(new Float32Array(data), [...shape], "float32") as T;
}

/** The tensor's values on the host; the tensor is disposed of. */
export async function take(tensor: tf.Tensor): Promise<HostTensor> {
  const data = await tensor.data() as Float32Array;
  const { shape } = tensor;
  tensor.dispose();
  return { shape, data };
}

/** Same shape, and nowhere further apart than `tolerance` times the largest expected value. */
export function assertClose(
  actual: HostTensor,
  expected: HostTensor,
  tolerance: number,
  what = "",
): void {
  assertEquals([...actual.shape], [...expected.shape], `${what}: shape`);
  let largest = 0, worst = 0, at = 0;
  expected.data.forEach((value, i) => {
    largest = Math.max(largest, Math.abs(value));
    const error = Math.abs(actual.data[i] - value);
    if (!(error <= worst)) at = i;
    worst = Math.max(worst, error); // NaN stays NaN
  });
  assert(
    worst <= tolerance * largest,
    `${what}: element ${at} is ${actual.data[at]}, expected ${expected.data[at]}; ` +
      `off by ${worst / largest} of the largest value, more than ${tolerance}`,
  );
}

/**
 * Runs a computation four times: the bits must be equal, and nothing but the result may stay behind.
 *
 * @returns The result.
 */
export async function repeated(what: string, compute: () => tf.Tensor): Promise<HostTensor> {
  const buffers = () => tf.backend().numDataIds();
  const before = buffers();
  const tensors = Array.from({ length: 4 }, () => tf.tidy(compute));
  assertEquals(buffers() - before, tensors.length, `${what}: leaves buffers behind`);
  const runs = await Promise.all(tensors.map(take)); // at once: each read waits 10 ms on its own
  const bits = runs.map(({ data }) => new Uint8Array(data.buffer));
  for (const other of bits.slice(1)) assertEquals(other, bits[0], `${what}: differs when repeated`);
  return runs[0];
}

/**
 * Runs an operation and its gradients four times and compares all of it.
 *
 * @param expected By name: the result, then the gradient of each input.
 */
export async function assertValueAndGradients(
  what: string,
  operation: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly HostTensor[],
  dy: HostTensor,
  expected: Named<HostTensor>,
): Promise<void> {
  const tensors = inputs.map((tensor) => onDevice(tensor));
  const seed = onDevice(dy);
  const parts = Object.entries(expected);
  const all = await repeated(what, () => {
    const { value, grads } = tf.valueAndGrads(operation)(tensors, seed);
    const results = [value, ...grads];
    assertEquals(results.map(({ shape }) => shape), parts.map(([, { shape }]) => [...shape]), what);
    return tf.concat(results.map((tensor) => tf.reshape(tensor, [tensor.size])));
  });
  tf.dispose([...tensors, seed]);
  let start = 0;
  for (const [i, [name, part]] of parts.entries()) {
    const data = all.data.slice(start, start += part.data.length);
    const tolerance = i === 0 ? FORWARD : GRADIENT;
    assertClose({ shape: part.shape, data }, part, tolerance, `${what} ${name}`);
  }
}

/** Runs a kernel on the device, four times, and compares it with its oracle. */
export async function assertMatchesOracle(
  name: string,
  inputs: Named<HostTensor>,
  attributes: object,
  tolerance: number,
): Promise<void> {
  const what = `${name} ${Object.values(inputs).map(({ shape }) => `[${shape}]`).join(" ")}`;
  const tensors = mapValues(inputs, (tensor) => onDevice(tensor));
  const run = () =>
    tf.engine().runKernel(name, tensors, attributes as tf.NamedAttrMap) as tf.Tensor;
  const actual = await repeated(what, run);
  tf.dispose(tensors);
  assertClose(actual, oracleOf(name)(mapValues(inputs, float64), attributes), tolerance, what);
}

function dot(a: HostTensor, b: HostTensor): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += a.data[i] * b.data[i];
  return sum;
}

/**
 * Compares the gradients that `tf.grads` finds through an operation on the device with central
 * differences of its oracle along random directions.
 *
 * @param inputs What operation and oracle take.
 * @param wrt Names of the inputs to differentiate by.
 */
export async function assertGradients(
  what: string,
  operation: (inputs: Named<tf.Tensor>) => tf.Tensor,
  oracle: (inputs: Named<HostTensor>) => HostTensor,
  inputs: Named<HostTensor>,
  wrt: readonly string[],
): Promise<void> {
  const step = 1e-4;
  const seed = drawn(`${what} output gradient`, oracle(inputs).shape);
  const fixed = mapValues(inputs, (tensor) => onDevice(tensor));
  const exact = mapValues(inputs, float64);
  const gradients = tf.tidy(() =>
    tf.grads((...values: tf.Tensor[]) =>
      operation({ ...fixed, ...Object.fromEntries(wrt.map((key, i) => [key, values[i]])) })
    )(wrt.map((key) => fixed[key]), onDevice(seed))
  );
  tf.dispose(fixed);
  for (const [i, key] of wrt.entries()) {
    const gradient = await take(gradients[i]);
    assertEquals([...gradient.shape], [...inputs[key].shape], `${what}: gradient of ${key}`);
    const length = Math.sqrt(dot(gradient, gradient));
    for (let trial = 0; trial < 2; trial++) {
      const direction = drawn(`${what} direction ${trial}`, gradient.shape);
      const moved = (by: number) => {
        const data = exact[key].data.map((x, j) => x + by * direction.data[j]);
        return dot(oracle({ ...exact, [key]: { shape: gradient.shape, data } }), seed);
      };
      const slope = (moved(step) - moved(-step)) / (2 * step);
      const error = Math.abs(dot(gradient, direction) - slope);
      assert(
        error <= GRADIENT * length,
        `${what}: gradient of ${key} gives slope ${dot(gradient, direction)}, ` +
          `differences give ${slope} (gradient's length ${length})`,
      );
    }
  }
}

/** A fixture of `tests/reference/fixtures/raft`, float32, with its metadata. */
export async function fixture(
  name: string,
): Promise<{ tensors: Named<HostTensor>; metadata: Record<string, string> }> {
  const file = new URL(`../../tests/reference/fixtures/raft/${name}.safetensors`, import.meta.url);
  const { tensors, metadata } = await readSafetensors(fromFileUrl(file));
  const entries = [...tensors].map(([key, tensor]) =>
    [key, { shape: tensor.shape, data: toFloat32(tensor) }] as const
  );
  return { tensors: Object.fromEntries(entries), metadata };
}
