/**
 * The official models with weights that the fixtures were made with.
 *
 * @module
 */
import type { StateDict } from "../../nn/weights/tensor_file.ts";
import { large, Raft, type RaftConfig, small } from "../../replications/raft/model.ts";
import { deterministicTensor } from "./deterministic_weights.ts";
import names from "./fixtures/raft/names.json" with { type: "json" };

/** Which of the two official models. */
export type ModelName = "large" | "small";

/** Their configurations. */
export const configs: Record<ModelName, RaftConfig> = { large, small };

/** Official names with shapes and torchvision's names. */
export const tensorsOf = (model: ModelName) =>
  Object.entries<{ shape: number[]; torchvision: string | null }>(names[`raft_${model}`].tensors);

/** Weights that Python regenerates alike, under official names. */
export function deterministicWeights(model: ModelName): StateDict {
  const dict: StateDict = new Map();
  for (const [name, { shape }] of tensorsOf(model)) {
    const own = name.replace(/downsample\.1/, model === "large" ? "norm3" : "norm4");
    const data = deterministicTensor(own, shape);
    const isCounter = name.endsWith("num_batches_tracked");
    dict.set(
      name,
      isCounter
        ? { dtype: "I64", shape: [], data: BigInt64Array.of(0n) }
        : { dtype: "F32", shape, data },
    );
  }
  return dict;
}

/** The model with these weights. */
export function deterministicModel(model: ModelName, largestVolume?: number): Raft {
  const raft = new Raft(configs[model], 0, largestVolume);
  raft.network.load(deterministicWeights(model), "deterministic weights");
  return raft;
}
