import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { assertEquals } from "@std/assert";
import { BLOCK_WORKGROUP, blocksOf } from "./block.ts";
import { blockProgram } from "./conv2d/block.ts";
import { gradientBlockProgram, gradientBlocks } from "./conv2d/filter_gradient/block.ts";
import { type ConvInfo, featuresOf, pictureOf, windowValues } from "./conv2d/window.ts";
import { drawn, onDevice, take } from "./kernel_test_support.ts";
import { dispatch, type Program } from "./program.ts";

/** 65 pixels and 36 channels: three blocks by two, the last ones with rows and columns to spare. */
const info: ConvInfo = tf.backend_util.computeConv2DInfo(
  [1, 5, 13, 8],
  [3, 3, 8, 36],
  1,
  1,
  "same",
);
const [picture, features] = [[1, 5, 13, 8], [1, 5, 13, 36]];

/** The program by itself, with so many workgroups too many, adding to what is there. */
function padded(
  program: Program,
  operands: readonly [tf.Tensor, tf.Tensor],
  onto: tf.Tensor,
  values: readonly number[],
  workgroups: number,
): void {
  const backend = tf.backend() as WebGPUBackend;
  dispatch(backend, program, operands, onto, values, workgroups * BLOCK_WORKGROUP);
}

Deno.test("workgroups beyond the last block add nothing to a convolution's result", async () => {
  const program = blockProgram([4, 4], "forward", 32, {
    activation: null,
    twin: false,
    vectorOut: true,
  });
  const operands = [drawn("x", picture), drawn("filter", [3, 3, 8, 36])].map((x) => onDevice(x));
  const values = [...windowValues(info, pictureOf(info), featuresOf(info)), 1];
  const blocks = blocksOf(1, 65, 36, 32);
  const [exact, spare] = [0, 7].map((more) => {
    const onto = onDevice(drawn("before", features));
    padded(program, operands as [tf.Tensor, tf.Tensor], onto, values, blocks + more);
    return take(onto);
  });
  assertEquals((await spare).data, (await exact).data);
  tf.dispose(operands);
});

Deno.test("nor to a filter's gradient and its bias'", async () => {
  const program = gradientBlockProgram([4, 4], 32, { inParts: true, vectors: true });
  const operands = [drawn("x", picture), drawn("dy", features)].map((x) => onDevice(x));
  const segments = 2;
  const values = [
    ...windowValues(info, pictureOf(info), featuresOf(info)),
    ...[segments, info.inChannels, 1],
  ];
  const blocks = segments * gradientBlocks(9, 8, 36, 32);
  const [exact, spare] = [0, 7].map((more) => {
    const onto = onDevice(drawn("parts before", [segments, 9 * 8 * 36 + 36]));
    padded(program, operands as [tf.Tensor, tf.Tensor], onto, values, blocks + more);
    return take(onto);
  });
  assertEquals((await spare).data, (await exact).data);
  tf.dispose(operands);
});
