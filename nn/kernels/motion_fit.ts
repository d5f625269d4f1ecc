/**
 * Parametric motion of soft segments: the least-squares fit of a polynomial flow to each segment, and
 * the flow that the fitted segments add up to.
 *
 * A motion model is a number of terms of the basis 1, x, y, x², y², xy on pixel centres, both axes
 * from -1 to 1. For a segment with weights m the fit is θ = argmin Σ m²·|φᵀθ − f|² + ε·|θ|² with a
 * small ε, by its normal equations and Cholesky: moments are summed over the pixels, then each segment
 * solves a system of at most six unknowns. In these coordinates and with the ridge, single precision
 * suffices, empty segments and those of one pixel included. All sums run in a fixed order.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { type HostTensor, oracleOf } from "./kernel.ts";
import { fieldKernel } from "./motion/field.ts";
import { momentsKernel } from "./motion/moments.ts";
import { solveKernel } from "./motion/solve.ts";

/** How a segment may move, by the number of the basis' terms. */
export const motionModels = { constant: 1, affine: 3, quadratic: 6 } as const;

/** See {@link motionModels}. */
export type MotionModel = keyof typeof motionModels;

/** Settings of {@link fitMotion}. */
export interface MotionFit {
  readonly model: MotionModel;
  /**
   * Relative to a segment's mass Σm²; default 1e-4. It changes the field of a soft segment over the
   * whole picture by about a thousandth and that of a half by less than a hundredth.
   */
  readonly ridge?: number;
}

/**
 * The motion that fits each segment best.
 *
 * @param masks Soft segments, [batch, height, width, segments].
 * @param flow [batch, height, width, 2]. Not differentiable with respect to it.
 * @returns Parameters by term and component, [batch, segments, terms, 2]. Differentiable with respect
 * to the masks, through the solution.
 */
export function fitMotion(
  masks: tf.Tensor4D,
  flow: tf.Tensor4D,
  { model, ridge = 1e-4 }: MotionFit,
): tf.Tensor4D {
  const terms = motionModels[model];
  const moments = momentsKernel({ masks, field: flow }, { terms });
  return solveKernel({ moments }, { terms, ridge }) as tf.Tensor4D;
}

/**
 * The flow of the motion that fits one segment best, at every pixel, computed on the host.
 *
 * @param weights Of the segment, [height, width].
 * @param flow [height, width, 2].
 * @returns [height, width, 2].
 */
export function fittedFlow(
  weights: HostTensor,
  flow: HostTensor,
  { model, ridge = 1e-4 }: MotionFit,
): HostTensor["data"] {
  const [height, width] = weights.shape;
  const terms = motionModels[model], one = [1, height, width, 1];
  const on = (name: string, inputs: Record<string, HostTensor>, attributes: object) =>
    oracleOf(name)(inputs, attributes);
  const masks = { shape: one, data: weights.data };
  const field = { shape: [1, height, width, 2], data: flow.data };
  const moments = on("MotionMoments", { masks, field }, { terms });
  const theta = on("MotionSolve", { moments }, { terms, ridge });
  const whole = { shape: one, data: weights.data.map(() => 1) };
  return on("MotionField", { masks: whole, theta }, { terms }).data;
}

/**
 * The flow that segments and their motions add up to: Σ m·φᵀθ.
 *
 * @param masks [batch, height, width, segments].
 * @param theta {@link fitMotion}'s result.
 * @returns [batch, height, width, 2]. Differentiable with respect to both.
 */
export function motionField(masks: tf.Tensor4D, theta: tf.Tensor4D): tf.Tensor4D {
  return fieldKernel({ masks, theta }, { terms: theta.shape[2] }) as tf.Tensor4D;
}
