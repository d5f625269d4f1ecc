/**
 * RAFT as a replication: its recipes, what it is scored on, and how its parts fit the contract.
 *
 * @module
 */
import { sha256 } from "../../base/files.ts";
import type { FlowContender } from "../../benchmarks/contenders/contender.ts";
import { flowCounterparts } from "../../benchmarks/flow_counterparts.ts";
import { comparePublished } from "../../benchmarks/published.ts";
import { oneCycle } from "../../nn/schedules.ts";
import { type FlowBatch, openBatches } from "../flow_batches.ts";
import { flowBaseline, flowBaselines, foreignFlow, predictFlow, scoreFlow } from "../flow.ts";
import { heldOutScore, planStage, withSteps } from "../flow_stages.ts";
import { inTraining, stampOf, weightsFile } from "../model_stamp.ts";
import { papers } from "../papers.ts";
import type { DisposableJob, Replication, Source } from "../replication.ts";
import type { Stage } from "../training.ts";
import { augment } from "./augment.ts";
import { RaftContender } from "./contender.ts";
import { trainingGigaflop } from "./cost.ts";
import { sequenceLoss } from "./loss.ts";
import { Raft } from "./model.ts";
import { PUBLISHED_BY_MODEL } from "./published.ts";
import { type RaftRecipe, type RaftStage, recipes } from "./recipes.ts";
import { readRaftWeights } from "./weights.ts";

/** One stage as the training loop sees it. */
async function stageOf(
  stage: RaftStage,
  { iterations, recompute = false }: RaftRecipe,
  raft: Raft,
  { seed, dataDir }: { seed: number; dataDir: string },
  validate: Stage["validate"],
): Promise<Stage<FlowBatch>> {
  const batches = await openBatches(stage, { paper: "raft", seed, dataDir, augment });
  return {
    name: stage.name,
    steps: stage.steps,
    optimizer: {
      kind: "adamw",
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: stage.weightDecay,
      clipNorm: 1,
    },
    schedule: oneCycle({
      maximum: stage.learningRate,
      totalSteps: stage.steps + stage.beyond,
      warmUp: 0.05,
    }),
    begin() {
      raft.batchNormMode.batchStatistics = stage.batchNorm === "batch";
      raft.memoryMode.recompute = recompute;
    },
    batch: batches,
    validate,
    loss: ({ image1, image2, flow, valid }) =>
      sequenceLoss(raft.predictions(image1, image2, iterations), flow, valid, stage.gamma),
  };
}

async function training(
  recipe: RaftRecipe,
  options: { seed: number; dataDir: string },
): Promise<DisposableJob> {
  const raft = new Raft(recipe.model, options.seed);
  const contender = new RaftContender(raft, inTraining(raft.network.size));
  const stages: Stage[] = [];
  for (const stage of recipe.stages) {
    const { heldOut: dataset } = stage;
    const validation = dataset === undefined ? undefined : await heldOutScore(
      contender,
      { ...recipe.heldOut, dataset, curve: `held-out EPE on ${dataset}` },
      options.dataDir,
    );
    const { run } = validation ?? {};
    stages.push(await stageOf(stage, recipe, raft, options, run) as unknown as Stage);
  }
  return {
    network: raft.network,
    stages,
    configHash: sha256(JSON.stringify({ recipe, seed: options.seed })),
    parameters: raft.network.size,
    validation: await heldOutScore(contender, recipe.heldOut, options.dataDir),
    dispose: () => raft.dispose(),
  };
}

/** A model from a run's or the user's weights, or a baseline. */
async function contender(source: Source): Promise<FlowContender> {
  if (source.kind === "baseline") return await flowBaseline(source.name);
  const path = weightsFile(source);
  const { dict, config } = await readRaftWeights(path);
  const recipe = source.kind === "run" ? source.record.training?.config as RaftRecipe | null : null;
  const raft = new Raft(recipe?.model ?? config);
  raft.network.load(dict, path);
  return new RaftContender(raft, await stampOf(source, "RAFT", raft.network.size));
}

/** RAFT's part of the command line. */
export const raft: Replication<RaftRecipe, FlowContender> = {
  paper: papers.raft,
  recipes,
  baselines: flowBaselines,
  evaluationOf: ({ heldOut }) => ({ dataset: heldOut.dataset, alsoAt: heldOut.alsoAt }),
  withSteps,
  plan: (recipe) =>
    recipe.stages.map((stage) => {
      const { crop } = stage.data[0].augmentation;
      return planStage(stage, trainingGigaflop(recipe, crop, stage.batch));
    }),
  training,
  contender,
  foreign: foreignFlow,
  evaluate: scoreFlow,
  compare: (scored, trainedOn) =>
    comparePublished(PUBLISHED_BY_MODEL, scored, trainedOn, flowCounterparts),
  predict: predictFlow,
};
