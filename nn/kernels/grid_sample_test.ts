import * as tf from "@tensorflow/tfjs";
import { gridSample, pixelGrid, warp } from "./grid_sample.ts";
import { oracleOf } from "./kernel.ts";
import {
  assertClose,
  assertGradients,
  assertMatchesOracle,
  drawn,
  drawnCoords,
  FORWARD,
  onDevice,
  repeated,
  take,
} from "./kernel_test_support.ts";

Deno.test("image's and coordinates' gradients are the slopes of the oracle", async () => {
  for (const [height, width] of [[1, 1], [3, 17], [17, 3]]) {
    await assertGradients(
      `grid sample ${height}x${width}`,
      ({ image, coords }) => gridSample(image as tf.Tensor4D, coords as tf.Tensor4D),
      (host) => oracleOf("GridSample")(host, {}),
      {
        image: drawn("image", [2, height, width, 3]),
        coords: drawnCoords([2, 5, 5], [height, width], true),
      },
      ["image", "coords"],
    );
  }
});

Deno.test("thousands of samples of very unlike size add up exactly in one pixel", async () => {
  const shape = [1, 64, 64, 1];
  const dy = drawn("dy", shape);
  for (let i = 0; i < dy.data.length; i += 2) dy.data[i] *= 1e-4;
  const coords = drawn("near the middle", [1, 64, 64, 2], 0.4);
  const at = { height: 2, width: 2 };
  await assertMatchesOracle("GridSampleGradientImage", { dy, coords }, at, FORWARD);
});

Deno.test("the largest gradient sets the scale, wherever it lies among many", async () => {
  const shape = [1, 160, 128, 3]; // shares of four workgroups, the last one not full
  const coords = drawnCoords([1, 160, 128], [5, 7]);
  coords.data.fill(1.5, 0, 2); // a sample that is inside, first and last
  coords.data.fill(1.5, coords.data.length - 2);
  const at = { height: 5, width: 7 };
  for (const place of [0, -1]) {
    const dy = drawn("dy", shape, 1e-3);
    dy.data[(dy.data.length + place) % dy.data.length] = -1e4;
    await assertMatchesOracle("GridSampleGradientImage", { dy, coords }, at, FORWARD);
  }
});

Deno.test("a gradient of zeros stays zero", async () => {
  const coords = drawnCoords([1, 3, 3], [3, 3]);
  const dy = { shape: [1, 3, 3, 2], data: new Float32Array(18) };
  await assertMatchesOracle("GridSampleGradientImage", { dy, coords }, { height: 3, width: 3 }, 0);
});

Deno.test("warping by zero gives the image, by whole pixels its shift with zeros", async () => {
  const image = drawn("image", [2, 3, 5, 3]);
  const x = onDevice<tf.Tensor4D>(image);
  assertClose(await repeated("warp", () => warp(x, tf.zeros([2, 3, 5, 2]))), image, 0);
  const flow = tf.tile(tf.tensor4d([1, -2], [1, 1, 1, 2]), [2, 3, 5, 1]) as tf.Tensor4D;
  const shifted = tf.pad(tf.slice(x, [0, 0, 1, 0], [2, 1, 4, 3]), [[0, 0], [2, 0], [0, 1], [0, 0]]);
  assertClose(await take(warp(x, flow)), await take(shifted), 0);
});

Deno.test("the pixel grid holds x before y, row by row", async () => {
  const grid = await take(pixelGrid(2, 3));
  const data = Float32Array.of(0, 0, 1, 0, 2, 0, 0, 1, 1, 1, 2, 1);
  assertClose(grid, { shape: [1, 2, 3, 2], data }, 0);
});
