/**
 * RAFT as a replication: its recipes, what it is scored on, and how its parts fit the contract.
 *
 * @module
 */
import { basename, join } from "@std/path";
import { sha256, sha256File } from "../../base/files.ts";
import { evaluateFlow } from "../../benchmarks/evaluate.ts";
import type { FlowContender } from "../../benchmarks/contenders/contender.ts";
import { defaultProtocol } from "../../benchmarks/protocols/protocol.ts";
import { comparePublished } from "../../benchmarks/published.ts";
import { openDataset } from "../../datasets/registry.ts";
import { oneCycle } from "../../nn/schedules.ts";
import { type FlowBatch, openBatches } from "../flow_batches.ts";
import {
  bytesPerDraw,
  flowBaseline,
  flowBaselines,
  foreignFlow,
  predictFlow,
  scoreFlow,
} from "../flow.ts";
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
    loss: ({ image1, image2, flow, valid }) =>
      sequenceLoss(raft.predictions(image1, image2, iterations), flow, valid, stage.gamma),
  };
}

async function training(
  recipe: RaftRecipe,
  options: { seed: number; dataDir: string },
): Promise<DisposableJob> {
  const { heldOut } = recipe;
  const test = await openDataset(heldOut.dataset, options.dataDir);
  const raft = new Raft(recipe.model, options.seed);
  const stages: Stage[] = [];
  for (const stage of recipe.stages) {
    stages.push(await stageOf(stage, recipe, raft, options) as unknown as Stage);
  }
  const contender = new RaftContender(raft, {
    kind: "run",
    name: "in training",
    digest: null,
    parameters: raft.network.size,
  });
  return {
    network: raft.network,
    stages,
    configHash: sha256(JSON.stringify({ recipe, seed: options.seed })),
    parameters: raft.network.size,
    validation: {
      every: heldOut.every,
      async run() {
        const protocol = defaultProtocol(test.id);
        const options = { contender, dataset: test, protocol, limit: heldOut.samples, gallery: 0 };
        const { evaluation } = await evaluateFlow(options);
        return { "held-out EPE": evaluation.metrics.epe! };
      },
    },
    dispose: () => raft.dispose(),
  };
}

/** A model from a run's or the user's weights, or a baseline. */
async function contender(source: Source): Promise<FlowContender> {
  if (source.kind === "baseline") return await flowBaseline(source.name);
  const path = source.kind === "run" ? join(source.path, "weights.safetensors") : source.path;
  const { dict, config } = await readRaftWeights(path);
  const recipe = source.kind === "run" ? source.record.training?.config as RaftRecipe | null : null;
  const raft = new Raft(recipe?.model ?? config);
  raft.network.load(dict, path);
  return new RaftContender(raft, {
    kind: source.kind,
    name: source.kind === "run"
      ? `RAFT (${source.record.training?.recipe} recipe)`
      : basename(path),
    digest: await sha256File(path),
    parameters: raft.network.size,
  });
}

/** RAFT's part of the command line. */
export const raft: Replication<RaftRecipe, FlowContender> = {
  paper: {
    id: "raft",
    title: "RAFT: Recurrent All-Pairs Field Transforms for Optical Flow",
    authors: "Zachary Teed and Jia Deng",
    venue: "ECCV",
    year: 2020,
    arxiv: "2003.12039",
  },
  recipes,
  baselines: flowBaselines,
  evaluationOf: ({ heldOut }) => ({ dataset: heldOut.dataset, alsoAt: heldOut.alsoAt }),
  withSteps(recipe, steps) {
    const total = recipe.stages.reduce((sum, stage) => sum + stage.steps, 0);
    let before = 0, assigned = 0;
    const stages = recipe.stages.map((stage) => {
      before += stage.steps;
      const upTo = Math.round(steps * before / total);
      const own = upTo - assigned;
      assigned = upTo;
      return { ...stage, steps: own };
    });
    return { ...recipe, stages };
  },
  plan: (recipe) =>
    recipe.stages.map((stage) => {
      const { crop } = stage.data[0].augmentation;
      return {
        name: stage.name,
        data: stage.data.map(({ dataset, repeat }) =>
          repeat === 1 ? dataset : `${repeat}×${dataset}`
        )
          .join(" + "),
        steps: stage.steps,
        batch: stage.batch,
        crop: `${crop.height}×${crop.width}`,
        learningRate: stage.learningRate,
        gigaflop: trainingGigaflop(recipe, crop, stage.batch),
        bytesRead: stage.steps * stage.batch * bytesPerDraw(stage.data),
        datasets: stage.data.map(({ dataset }) => dataset),
      };
    }),
  training,
  contender,
  foreign: foreignFlow,
  evaluate: scoreFlow,
  compare: (scored, trainedOn) => comparePublished(PUBLISHED_BY_MODEL, scored, trainedOn),
  predict: predictFlow,
};
