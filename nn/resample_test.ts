import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import {
  assertClose,
  drawn,
  FORWARD,
  GRADIENT,
  onDevice,
  take,
} from "./kernels/kernel_test_support.ts";
import { resample, resamplingMatrix } from "./resample.ts";

Deno.test("bilinear rows: halves, doubles, and a length that is kept", () => {
  assertEquals([...resamplingMatrix(4, 2, "bilinear")], [0.5, 0.5, 0, 0, 0, 0, 0.5, 0.5]);
  assertEquals([...resamplingMatrix(2, 4, "bilinear")], [1, 0, 0.75, 0.25, 0.25, 0.75, 0, 1]);
  assertEquals([...resamplingMatrix(2, 2, "bilinear")], [1, 0, 0, 1]);
});

Deno.test("bicubic rows add up to one and are PyTorch's at a half", () => {
  // F.interpolate of unit vectors, mode "bicubic", factor 2: the taps at a quarter, A = -0.75.
  const row = [...resamplingMatrix(5, 10, "bicubic").subarray(4 * 5, 5 * 5)];
  assertEquals(row.map((value) => Number(value.toFixed(6))), [
    -0.035156,
    0.261719,
    0.878906,
    -0.105469,
    0,
  ]);
  const matrix = resamplingMatrix(5, 7, "bicubic", 7.1 / 5);
  for (let i = 0; i < 7; i++) {
    const sum = matrix.subarray(i * 5, (i + 1) * 5).reduce((a, b) => a + b);
    assertEquals(Math.abs(sum - 1) < 1e-6, true);
  }
});

for (const [h, w, height, width] of [[1, 1, 3, 17], [3, 17, 1, 5], [5, 7, 17, 3]]) {
  Deno.test(`${h}×${w} to ${height}×${width}: rows and columns mix as their matrices say`, async () => {
    const x = drawn("x", [2, h, w, 3]), dy = drawn("dy", [2, height, width, 3]);
    const rows = resamplingMatrix(h, height, "bilinear");
    const columns = resamplingMatrix(w, width, "bilinear");
    const expected = new Float64Array(2 * height * width * 3),
      back = new Float64Array(x.data.length);
    for (let b = 0; b < 2; b++) {
      for (let i = 0; i < height * width; i++) {
        for (let j = 0; j < h * w; j++) {
          const [y, column] = [Math.floor(i / width), i % width];
          const [sy, sx] = [Math.floor(j / w), j % w];
          const weight = rows[y * h + sy] * columns[column * w + sx];
          for (let c = 0; c < 3; c++) {
            expected[(b * height * width + i) * 3 + c] += weight * x.data[(b * h * w + j) * 3 + c];
            back[(b * h * w + j) * 3 + c] += weight * dy.data[(b * height * width + i) * 3 + c];
          }
        }
      }
    }
    const { value, grad } = tf.valueAndGrad((x) =>
      resample(x as tf.Tensor4D, height, width, "bilinear")
    )(onDevice(x), onDevice(dy));
    assertClose(await take(value), { shape: dy.shape, data: expected }, FORWARD);
    assertClose(await take(grad), { shape: x.shape, data: back }, GRADIENT);
  });
}
