import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { chunksOnDevice, flat, type Layout, layouts, ODD } from "./flat_test_support.ts";
import {
  assertClose,
  float64,
  onDevice,
  repeated,
  sweep,
  SWEPT,
  take,
} from "./kernel_test_support.ts";
import { trustRatios, trustRatiosOracle, trustSquares, trustSquaresOracle } from "./trust.ts";

const WEIGHT_DECAY = 0.1;
const FACTOR = 0.5;
/** Float32 through a sum of thousands. */
const TOLERANCE = 1e-6;

async function check(layout: Layout): Promise<void> {
  const { stretches, table, ranges, multipliers } = layout;
  const [parameters, gradients] = [flat(layout, "parameters"), flat(layout, "gradients")];
  const chunks = chunksOnDevice(layout, 1);
  const [w, g, factors] = [parameters, gradients, multipliers].map((x) => onDevice(x));
  const clip = tf.tensor1d([FACTOR, 2]);
  const actual = await repeated("squares", () => {
    const sums = tf.fill([chunks.count + 1, 2], -1);
    trustSquares({ parameters: w, gradients: g }, chunks, factors, clip, WEIGHT_DECAY, sums);
    return sums;
  });
  const squares = trustSquaresOracle(
    { parameters: float64(parameters).data, gradients: float64(gradients).data },
    table,
    multipliers.data,
    FACTOR,
    WEIGHT_DECAY,
  );
  const expected = { shape: [chunks.count + 1, 2], data: Float64Array.of(-1, -1, ...squares) };
  assertClose(actual, expected, TOLERANCE, "squares");

  const sums = tf.tensor2d(Float32Array.from(squares), [chunks.count, 2]);
  const places = tf.tensor2d(ranges, [stretches.length, 2], "int32");
  const ratios = await repeated("ratios", () => {
    const result = tf.zeros([stretches.length]);
    trustRatios(sums, places, factors, 0.02, result);
    return result;
  });
  const exact = trustRatiosOracle(squares, ranges, multipliers.data, 0.02);
  assertClose(ratios, { shape: [stretches.length], data: exact }, TOLERANCE, "ratios");
  tf.dispose([w, g, factors, clip, sums, places, chunks.table]);
}

Deno.test(`squared lengths and trust ratios match their oracles in ${SWEPT} arrays`, () =>
  sweep(layouts, check, [ODD]));

Deno.test("tensors without decay, length or gradient keep their step", async () => {
  const squares = Float32Array.of(9, 4, 0, 4, 9, 0, 9, 4);
  const spans = Int32Array.of(0, 1, 1, 2, 2, 3, 3, 4);
  const factors = Float32Array.of(1, 1, 1, 1, 1, 1, 1, 0);
  const expected = [3, 1, 1, 1];
  assertEquals([...trustRatiosOracle(squares, spans, factors, 2)], expected);
  const tensors = [
    tf.tensor2d(squares, [4, 2]),
    tf.tensor2d(spans, [4, 2], "int32"),
    tf.tensor2d(factors, [4, 2]),
  ];
  const result = tf.zeros([4]);
  trustRatios(tensors[0], tensors[1], tensors[2], 2, result);
  assertEquals([...(await take(result)).data], expected);
  tf.dispose(tensors);
});
