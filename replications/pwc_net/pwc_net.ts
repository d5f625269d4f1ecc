/**
 * PWC-Net as a replication: its recipes, what it is scored on, and how its parts fit the contract.
 *
 * @module
 */
import { UsageError } from "../../base/errors.ts";
import { sha256 } from "../../base/files.ts";
import type { FlowContender } from "../../benchmarks/contenders/contender.ts";
import { flowCounterparts } from "../../benchmarks/flow_counterparts.ts";
import { comparePublished } from "../../benchmarks/published.ts";
import type { Parameter } from "../../nn/network.ts";
import type { Multipliers } from "../../nn/optimizer_config.ts";
import { halvings } from "../../nn/schedules.ts";
import { type FlowBatch, openBatches } from "../flow_batches.ts";
import { flowBaseline, flowBaselines, foreignFlow, predictFlow, scoreFlow } from "../flow.ts";
import { heldOutScore, planStage, withSteps } from "../flow_stages.ts";
import { inTraining, stampOf, weightsFile } from "../model_stamp.ts";
import { papers } from "../papers.ts";
import type { DisposableJob, Replication, Source } from "../replication.ts";
import type { Stage } from "../training.ts";
import { augment } from "./augment.ts";
import { PwcNetContender } from "./contender.ts";
import { trainingGigaflop } from "./cost.ts";
import { multiScaleLoss, sparseLoss } from "./loss.ts";
import { PwcNet } from "./model.ts";
import { PUBLISHED_BY_MODEL } from "./published.ts";
import { type PwcNetRecipe, type PwcNetStage, recipes } from "./recipes.ts";
import { readPwcNetWeights } from "./weights.ts";

/**
 * As the released Caffe network has it: weight decay on filters alone, and none on those of transposed
 * convolutions, whose biases stay at zero.
 */
function multipliers({ name }: Parameter): Multipliers {
  const transposed = /^(deconv|upfeat)/.test(name), bias = name.endsWith(".bias");
  return { learningRate: transposed && bias ? 0 : 1, weightDecay: transposed || bias ? 0 : 1 };
}

/** One stage as the training loop sees it. */
async function stageOf(
  stage: PwcNetStage,
  model: PwcNet,
  { seed, dataDir }: { seed: number; dataDir: string },
): Promise<Stage<FlowBatch>> {
  const lossOf = stage.sparse ? sparseLoss : multiScaleLoss;
  return {
    name: stage.name,
    steps: stage.steps,
    optimizer: {
      kind: "adam",
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: stage.weightDecay,
      clipNorm: Infinity,
      multipliers,
    },
    schedule: halvings(stage.learningRate, stage.halvings),
    begin() {},
    batch: await openBatches(stage, { paper: "pwc-net", seed, dataDir, augment }),
    loss: ({ image1, image2, flow, valid }) =>
      lossOf(model.flows(image1, image2), flow, valid, stage.penalty),
  };
}

async function training(
  recipe: PwcNetRecipe,
  options: { seed: number; dataDir: string },
): Promise<DisposableJob> {
  const model = new PwcNet(recipe.model, options.seed);
  const stages: Stage[] = [];
  for (const stage of recipe.stages) {
    stages.push(await stageOf(stage, model, options) as unknown as Stage);
  }
  const contender = new PwcNetContender(model, inTraining(model.network.size));
  return {
    network: model.network,
    stages,
    configHash: sha256(JSON.stringify({ recipe, seed: options.seed })),
    parameters: model.network.size,
    validation: await heldOutScore(contender, recipe.heldOut, options.dataDir, "pwc"),
    dispose: () => model.dispose(),
  };
}

/** A model from a run's or the user's weights, or a baseline. */
async function contender(source: Source): Promise<FlowContender> {
  if (source.kind === "baseline") return await flowBaseline(source.name);
  const path = weightsFile(source);
  const { dict, config } = await readPwcNetWeights(path);
  const recipe = source.kind === "run"
    ? source.record.training?.config as PwcNetRecipe | null
    : null;
  const model = new PwcNet(recipe?.model ?? config);
  model.network.load(dict, path);
  return new PwcNetContender(model, await stampOf(source, "PWC-Net", model.network.size));
}

/**
 * A request without update iterations, of which this method has none. The command line offers none;
 * a program may still ask for some.
 */
function onePass<R extends { readonly iterations?: number }>(request: R): R {
  if (request.iterations !== undefined && request.iterations !== 1) {
    throw new UsageError(
      `Cannot run ${request.iterations} iterations: PWC-Net estimates flow in one pass`,
      "Ask for no iterations.",
    );
  }
  return { ...request, iterations: undefined };
}

/** PWC-Net's part of the command line. */
export const pwcNet: Replication<PwcNetRecipe, FlowContender> = {
  paper: papers.pwcNet,
  recipes,
  baselines: flowBaselines,
  oneShot: true,
  evaluationOf: ({ heldOut }) => ({ dataset: heldOut.dataset }),
  withSteps(recipe, steps) {
    const total = recipe.stages.reduce((sum, stage) => sum + stage.steps, 0);
    const shorter = withSteps<PwcNetStage, PwcNetRecipe>(recipe, steps);
    const stages = shorter.stages.map((stage) => ({
      ...stage,
      halvings: stage.halvings.map((at) => Math.round(at * steps / total)),
    }));
    return { ...shorter, stages };
  },
  plan: (recipe) =>
    recipe.stages.map((stage) => {
      const { crop } = stage.data[0].augmentation;
      return planStage(stage, trainingGigaflop(recipe.model, crop, stage.batch));
    }),
  training,
  contender,
  foreign: foreignFlow,
  evaluate: (contender, request) => scoreFlow(contender, onePass(request), "pwc"),
  compare: (scored, trainedOn) =>
    comparePublished(PUBLISHED_BY_MODEL, scored, trainedOn, flowCounterparts),
  predict: (contender, request) => predictFlow(contender, { ...onePass(request), iterations: 1 }),
};
