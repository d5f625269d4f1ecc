/**
 * What of the networks is worth timing: our kernels against those of TensorFlow.js.
 *
 * @module
 */
import type { SpeedGroup } from "../base/speed_case.ts";
import { convolutionCases } from "./speed/convolutions.ts";
import { activationCases, normalizationCases, updateCases } from "./speed/layers.ts";
import {
  correlationCases,
  matrixProductCases,
  samplingCases,
  transformerCases,
} from "./speed/operations.ts";
import { pwcNetConvolutions, resNet50Convolutions } from "./speed/shapes.ts";

export { convolutionCases, recordConvolutions } from "./speed/convolutions.ts";
export { GpuMeter } from "./speed/gpu_meter.ts";
export { type DeviceMemory, deviceMemory, MemoryMeter } from "./speed/memory_meter.ts";
export { asNew, kernelContest } from "./speed/kernel_contest.ts";
export { optimizerCase } from "./speed/operations.ts";

/** What all convolution groups compare. */
export const CONVOLUTIONS =
  "Each distinct convolution once, batch 1, on our kernels and on those " +
  "of TensorFlow.js. Backward means both gradients.";

/** The groups that no paper needs to be known for. */
export const kernelGroups: readonly SpeedGroup[] = [
  {
    id: "conv-pwc-net",
    title: "Convolutions of PWC-Net",
    about: `${CONVOLUTIONS} From the paper's tables, for 128×256 pictures.`,
    cases: () => convolutionCases(pwcNetConvolutions()),
  },
  {
    id: "conv-resnet-50",
    title: "Convolutions of ResNet-50",
    about: `${CONVOLUTIONS} At output stride 8 with FlowE's projector, for 128×256 pictures.`,
    cases: () => convolutionCases(resNet50Convolutions()),
  },
  {
    id: "matmul",
    title: "Matrix products",
    about: "One square product, those of a small vision transformer, and RAFT's all-pairs volume.",
    cases: matrixProductCases,
  },
  {
    id: "transformer",
    title: "Attention, layer norm and GELU",
    about: "What a vision transformer has besides its products, against a composition of " +
      "TensorFlow.js' operations.",
    cases: transformerCases,
  },
  {
    id: "norm",
    title: "Normalisation",
    about: "Mean, variance, standardisation and the ReLU behind them, against a composition of " +
      "TensorFlow.js' operations.",
    cases: normalizationCases,
  },
  {
    id: "activation",
    title: "Bias and activation",
    about: "What follows a convolution, by itself and in the convolution's own dispatch, against " +
      "a composition of TensorFlow.js' operations.",
    cases: activationCases,
  },
  {
    id: "update",
    title: "Residual blocks, gated units and losses",
    about: "What a flow network has between its convolutions, against a composition of " +
      "TensorFlow.js' operations.",
    cases: updateCases,
  },
  {
    id: "lookup",
    title: "Correlation lookup and sampling",
    about: "Operations without a counterpart in TensorFlow.js. The results of the lookup's two " +
      "forms are held against each other, the others against plain loops.",
    cases: () => [...correlationCases(), ...samplingCases()],
  },
];
