/**
 * PWC-Net's two losses (Sun et al. 2018, section 3), and the way they count KITTI's sparse truth
 * (section 4).
 *
 * Details of the losses are the released Caffe network's for FlyingChairs. Those of KITTI's are not:
 * see {@link sparseLoss}.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { shrinkFlow } from "../../nn/kernels/shrink_flow.ts";
import { concatChannels } from "../../nn/kernels/concat_channels.ts";
import { type Penalty, vectorError } from "../../nn/kernels/vector_error.ts";
import { resample } from "../../nn/resample.ts";
import { FINEST, FLOW_SCALE } from "./model.ts";

/** Weights α of levels 2 to 6. */
export const LEVEL_WEIGHTS = [0.005, 0.01, 0.02, 0.08, 0.32];

/** Pre-training: an error's length, √(|w − w_gt|² + 0.01) as Caffe's loss layer has it. */
export const LENGTH: Penalty = { of: "squares", epsilon: 0.01, power: 0.5 };

/** Fine-tuning: (|w − w_gt|₁ + 0.01)^0.4, which cares less about outliers. */
export const ROBUST: Penalty = { of: "absolutes", epsilon: 0.01, power: 0.4 };

/**
 * `Σ_l α_l Σ_x ρ(w_l(x) − w_gt,l(x))`, summed over pixels and averaged over the batch.
 *
 * Ground truth is divided by 20 and shrunk to each level; what is unknown there doesn't count.
 *
 * @param flows By level, from the finest on, as `PwcNet.flows` gives them.
 * @param truth Ground truth in pixels, [batch, H, W, 2].
 * @param valid 1 where it is known, [batch, H, W, 1].
 * @param weights α, of the finest level first.
 */
export function multiScaleLoss(
  flows: readonly tf.Tensor4D[],
  truth: tf.Tensor4D,
  valid: tf.Tensor4D,
  penalty: Penalty,
  weights: readonly number[] = LEVEL_WEIGHTS,
): tf.Scalar {
  return overLevels(flows, weights, (flow) => {
    const [, height, width] = flow.shape;
    const wanted = shrinkFlow(truth, valid, height, width, 1 / FLOW_SCALE);
    return vectorError(flow, wanted, penalty);
  });
}

/**
 * The same for truth that is known here and there, as KITTI's is: each level's flow is enlarged
 * bilinearly to the truth's resolution and counts where that is known.
 *
 * The paper's text says no more than that. That it holds for every level, each with its own α and
 * summed over the pixels of the full resolution, is mmflow's reading. The network that was released
 * for KITTI (PWC-Net+, `train_12_15.prototxt`) has another loss: on levels 6 to 3 truth is shrunk, with
 * weights of 0.08, 0.02, 0.005 and 0.0025; the flow of level 2 alone is enlarged, with 0.001; and
 * the penalty's power is 0.2.
 */
export function sparseLoss(
  flows: readonly tf.Tensor4D[],
  truth: tf.Tensor4D,
  valid: tf.Tensor4D,
  penalty: Penalty,
  weights: readonly number[] = LEVEL_WEIGHTS,
): tf.Scalar {
  const [, height, width] = truth.shape;
  const wanted = concatChannels([tf.mul<tf.Tensor4D>(truth, 1 / FLOW_SCALE), valid]);
  return overLevels(
    flows,
    weights,
    (flow) => vectorError(resample(flow, height, width, "bilinear"), wanted, penalty),
  );
}

/** Sum of each level's error by its weight, averaged over the batch. */
function overLevels(
  flows: readonly tf.Tensor4D[],
  weights: readonly number[],
  error: (flow: tf.Tensor4D) => tf.Scalar,
): tf.Scalar {
  return flows.slice(FINEST)
    .map((flow, i) => tf.mul(error(flow), weights[i] / flow.shape[0]))
    .reduce((sum, term) => tf.add(sum, term)) as tf.Scalar;
}
