import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { type HostTensor, oracleOf } from "./kernel.ts";
import {
  assertClose,
  assertGradients,
  assertMatchesOracle,
  drawn,
  float64,
  FORWARD,
  GRADIENT,
  onDevice,
  take,
} from "./kernel_test_support.ts";
import { fitMotion, motionField, type MotionModel, motionModels } from "./motion_fit.ts";

const models = Object.entries(motionModels) as [MotionModel, number][];

/** Soft segments that add up to one. */
function softSegments(shape: readonly number[]): HostTensor {
  const { data } = drawn("logits", shape, 2);
  const segments = shape.at(-1)!;
  const out = new Float32Array(data.length);
  for (let at = 0; at < data.length; at += segments) {
    const all = Array.from(data.subarray(at, at + segments), Math.exp);
    const sum = all.reduce((a, b) => a + b);
    all.forEach((value, k) => out[at + k] = value / sum);
  }
  return { shape, data: out };
}

const CASES = [[1, 1, 1, 1], [2, 3, 17, 3], [3, 17, 3, 4], [1, 90, 70, 2]];

Deno.test("each kernel matches its oracle", async () => {
  for (const shape of CASES) {
    const [batch, height, width, segments] = shape;
    const masks = softSegments(shape), field = drawn("flow", [batch, height, width, 2], 3);
    for (const [, terms] of models) {
      const attributes = { terms, ridge: 1e-4 };
      await assertMatchesOracle("MotionMoments", { masks, field }, attributes, FORWARD);
      const moments = oracleOf("MotionMoments")(
        { masks: float64(masks), field: float64(field) },
        attributes,
      );
      // A system of few pixels is as badly conditioned as the ridge allows.
      const loose = height * width < 10 ? 1e-2 : GRADIENT;
      await assertMatchesOracle("MotionSolve", { moments }, attributes, loose);
      const theta = drawn("theta", [batch, segments, terms, 2]);
      const dy = drawn("d moments", moments.shape);
      await assertMatchesOracle(
        "MotionMomentsGradient",
        { dy, masks, field },
        attributes,
        GRADIENT,
      );
      const solved = { dy: drawn("d theta", theta.shape), moments };
      await assertMatchesOracle("MotionSolveGradient", solved, attributes, 10 * loose);
      await assertMatchesOracle("MotionField", { masks, theta }, attributes, FORWARD);
      const given = { dy: drawn("d field", field.shape), masks, theta };
      await assertMatchesOracle("MotionFieldMaskGradient", given, attributes, GRADIENT);
      await assertMatchesOracle("MotionFieldThetaGradient", given, attributes, GRADIENT);
    }
  }
});

/** The fitted field in double precision. */
function fittedOracle(model: MotionModel, ridge: number) {
  const attributes = { terms: motionModels[model], ridge };
  return ({ masks, field }: Readonly<Record<string, HostTensor>>): HostTensor => {
    const moments = oracleOf("MotionMoments")({ masks, field }, attributes);
    const theta = oracleOf("MotionSolve")({ moments }, attributes);
    return oracleOf("MotionField")({ masks, theta }, attributes);
  };
}

Deno.test("the gradient by the masks goes through the solution", async () => {
  for (const [model] of models) {
    for (const shape of [[2, 5, 7, 3], [1, 17, 3, 4]]) {
      const masks = softSegments(shape), field = drawn("flow", [...shape.slice(0, 3), 2], 3);
      await assertGradients(
        `${model} ${shape}`,
        ({ masks, field }) => {
          const soft = masks as tf.Tensor4D;
          return motionField(soft, fitMotion(soft, field as tf.Tensor4D, { model }));
        },
        fittedOracle(model, 1e-4),
        { masks, field },
        ["masks"],
      );
    }
  }
});

/** A flow that is one polynomial in each half of the picture, and the halves as segments. */
function halves(height: number, width: number, terms: number) {
  const coefficients = drawn("coefficients", [2, terms, 2], 4).data;
  const masks = new Float32Array(height * width * 2), flow = new Float32Array(height * width * 2);
  for (let pixel = 0; pixel < height * width; pixel++) {
    const x = (2 * (pixel % width) + 1) / width - 1;
    const y = (2 * Math.floor(pixel / width) + 1) / height - 1;
    const phi = [1, x, y, x * x, y * y, x * y].slice(0, terms);
    const half = x < 0 ? 0 : 1;
    masks[2 * pixel + half] = 1;
    phi.forEach((value, i) => {
      for (const c of [0, 1]) {
        flow[2 * pixel + c] += value * coefficients[(half * terms + i) * 2 + c];
      }
    });
  }
  const shape = [1, height, width, 2];
  return {
    masks: onDevice<tf.Tensor4D>({ shape, data: masks }),
    flow: onDevice<tf.Tensor4D>({ shape, data: flow }),
    coefficients: { shape: [1, 2, terms, 2], data: coefficients },
  };
}

Deno.test("polynomial fields are recovered exactly, parameters and all", async () => {
  for (const [model, terms] of models) {
    const { masks, flow, coefficients } = halves(32, 40, terms);
    const theta = fitMotion(masks, flow, { model, ridge: 1e-8 });
    assertClose(await take(motionField(masks, theta)), await take(flow), 1e-5, model);
    assertClose(await take(theta), coefficients, 1e-3, model);
  }
});

Deno.test("the usual ridge changes the fields of two halves by less than a hundredth", async () => {
  const { masks, flow } = halves(32, 40, 6);
  const fitted = motionField(masks, fitMotion(masks, flow, { model: "quadratic" }));
  assertClose(await take(fitted), await take(flow), 1e-2);
});

Deno.test("empty segments stand still, segments of one pixel match it, gradients stay finite", async () => {
  const height = 17, width = 9;
  // Segment 0: everything; 1: nothing; 2: one pixel; 3: so little that its square is 0 in float32.
  const masks = new Float32Array(height * width * 4);
  for (let pixel = 0; pixel < height * width; pixel++) masks.set([1, 0, 0, 1e-30], 4 * pixel);
  masks.set([0, 0, 1, 1e-30], 4 * 40);
  const soft = onDevice<tf.Tensor4D>({ shape: [1, height, width, 4], data: masks });
  const flow = onDevice<tf.Tensor4D>(drawn("flow", [1, height, width, 2], 5));
  const { data } = await take(tf.clone(flow));
  for (const [model, terms] of models) {
    const theta = fitMotion(soft, flow, { model });
    const parameters = (await take(tf.clone(theta))).data;
    assertEquals([...parameters.subarray(2 * terms, 4 * terms)], new Array(2 * terms).fill(0));
    assertEquals([...parameters.subarray(6 * terms)], new Array(2 * terms).fill(0));
    const alone = tf.mul(soft, [0, 0, 1, 0]) as tf.Tensor4D;
    const field = (await take(motionField(alone, theta))).data;
    for (const c of [0, 1]) assert(Math.abs(field[80 + c] - data[80 + c]) < 1e-3 * 5);
    const gradient = tf.grad((masks) => {
      const all = masks as tf.Tensor4D;
      return tf.sum(tf.square(tf.sub(flow, motionField(all, fitMotion(all, flow, { model })))));
    })(soft);
    assert((await take(gradient)).data.every(Number.isFinite), model);
  }
});
