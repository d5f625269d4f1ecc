import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import {
  assertClose,
  assertGradients,
  assertMatchesOracle,
  drawn,
  drawnCoords,
  FORWARD,
  onDevice,
  repeated,
  SIZES,
  take,
} from "./kernel_test_support.ts";
import { oracleOf } from "./kernel.ts";
import { warpInside } from "./warp_inside.ts";

const least = 0.9999;

Deno.test("places match their oracle, inside, outside and far outside", async () => {
  for (const [height, width] of SIZES) {
    const flow = drawn("flow", [2, height, width, 2], 3);
    for (const scale of [1, 0.625]) {
      await assertMatchesOracle("WarpPlaces", { flow }, { scale, least }, FORWARD);
    }
    const far = { shape: flow.shape, data: flow.data.map((v) => 1e4 * v) };
    await assertMatchesOracle("WarpPlaces", { flow: far }, { scale: 5, least }, FORWARD);
  }
});

Deno.test("gradients of a warp are the slopes of its oracle", async () => {
  for (const [height, width] of [[3, 17], [17, 3], [6, 5]]) {
    // Off whole numbers, and by more than the step of the differences away from the border.
    const coords = drawnCoords([2, height, width], [height, width], true);
    const flow = {
      shape: coords.shape,
      data: coords.data.map((v, i) => {
        const pixel = i >> 1;
        return (v - (i % 2 ? Math.floor(pixel / width) % height : pixel % width)) / 2;
      }),
    };
    await assertGradients(
      `warp ${height}x${width}`,
      ({ image, flow }) => warpInside(image as tf.Tensor4D, flow as tf.Tensor4D, 2),
      ({ image, flow }) => {
        const coords = oracleOf("WarpPlaces")({ flow }, { scale: 2, least });
        return oracleOf("GridSample")({ image, coords }, {});
      },
      { image: drawn("image", [2, height, width, 3]), flow },
      ["image", "flow"],
    );
  }
});

Deno.test("zero flow gives the map back, borders included; whole pixels its shift over zeros", async () => {
  const image = drawn("image", [2, 3, 5, 3]);
  const x = onDevice<tf.Tensor4D>(image);
  assertClose(await repeated("warp", () => warpInside(x, tf.zeros([2, 3, 5, 2]), 1)), image, 0);
  const flow = tf.tile(tf.tensor4d([0.5, -1], [1, 1, 1, 2]), [2, 3, 5, 1]) as tf.Tensor4D;
  const shifted = tf.pad(tf.slice(x, [0, 0, 1, 0], [2, 1, 4, 3]), [[0, 0], [2, 0], [0, 1], [0, 0]]);
  assertClose(await take(warpInside(x, flow, 2)), await take(shifted), 0);
  tf.dispose([x, flow]);
});

Deno.test("a sample that lies outside in part is dropped whole, but for rounding", async () => {
  const x = tf.ones<tf.Rank.R4>([1, 1, 3, 1]);
  const moved = async (u: number, v: number) => {
    const flow = tf.tile(tf.tensor4d([u, v], [1, 1, 1, 2]), [1, 1, 3, 1]) as tf.Tensor4D;
    return [...(await take(warpInside(x, flow, 1))).data];
  };
  assertEquals(await moved(-0.5, 0), [0, 1, 1]);
  assertEquals(await moved(0.5, 0), [1, 1, 0]);
  assertEquals(await moved(0, 0.01), [0, 0, 0]);
  assertEquals(await moved(-5, -5), [0, 0, 0]);
  const onTheBorder = await moved(-1e-5, 1e-5);
  assertEquals(onTheBorder.map((v) => Math.round(v * 1000)), [1000, 1000, 1000]);
  const flow = tf.tile(tf.tensor4d([-0.25, 0], [1, 1, 1, 2]), [1, 1, 3, 1]) as tf.Tensor4D;
  assertEquals([...(await take(warpInside(x, flow, 1, 0.7))).data], [0.75, 1, 1]);
});
