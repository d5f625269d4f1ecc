/**
 * Guess What Moves as a replication: its recipes, what it is scored on, and how its parts fit the
 * contract.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { sha256 } from "../../base/files.ts";
import { randomStream } from "../../base/random.ts";
import type { SegmentationContender } from "../../benchmarks/contenders/segmentation.ts";
import { evaluateSegmentation } from "../../benchmarks/evaluate_segmentation.ts";
import { segmentationProtocol } from "../../benchmarks/protocols/segmentation.ts";
import { comparePublished } from "../../benchmarks/published.ts";
import { openMaskedVideos, splitVolume } from "../../datasets/registry.ts";
import { adamwDefaults } from "../../nn/optimizer_config.ts";
import { warmUpPolynomial } from "../../nn/schedules.ts";
import { readWeightsFile } from "../../nn/weights/load.ts";
import { openVideoFlow } from "../flow_cache.ts";
import { inTraining, stampOf, weightsFile } from "../model_stamp.ts";
import { papers } from "../papers.ts";
import type { DisposableJob, FlowOfVideos, Replication, Source } from "../replication.ts";
import {
  flowOfFrames,
  scoreSegmentation,
  segmentationBaseline,
  segmentationBaselines,
} from "../segmentation.ts";
import type { Stage } from "../training.ts";
import { recipeOfWeights } from "../weights_recipe.ts";
import { FrozenVit } from "./backbone.ts";
import { claims } from "./claims.ts";
import { GuessWhatMovesContender, Segmenter } from "./contender.ts";
import { trainingGigaflop } from "./cost.ts";
import { openFrames, type Source as Videos } from "./data.ts";
import { motionLoss } from "./loss.ts";
import { ownWeights } from "./model.ts";
import { PUBLISHED_BY_MODEL } from "./published.ts";
import { type GuessWhatMovesRecipe, recipes } from "./recipes.ts";
import { counterparts } from "./verdicts.ts";

/** A batch: what is trained on, and where dropout takes its choices from. */
interface Batch extends Readonly<Record<string, tf.Tensor>> {
  readonly pictures: tf.Tensor4D;
  readonly flow: tf.Tensor4D;
  readonly seed: tf.Tensor1D;
}

/** Maps of a frozen backbone lie in a batch as `map0`, `map1`, … */
const mapsIn = (batch: Batch): tf.Tensor4D[] | null => {
  const names = Object.keys(batch).filter((name) => name.startsWith("map")).sort();
  return names.length === 0 ? null : names.map((name) => batch[name] as tf.Tensor4D);
};

/** The one stage of a recipe as the training loop sees it. */
function stageOf(
  recipe: GuessWhatMovesRecipe,
  segmenter: Segmenter,
  sources: readonly Videos[],
  seed: number,
): Stage<Batch> {
  const frames = openFrames(recipe, sources, seed);
  const choices = randomStream(seed, "guess what moves", "dropout");
  return {
    name: "motion",
    steps: recipe.steps,
    optimizer: {
      ...adamwDefaults,
      weightDecay: recipe.weightDecay,
      clipNorm: recipe.clipNorm,
      multipliers: ({ name }) => ({
        learningRate: 1,
        weightDecay: /(^|\.)norm\d?\.|query_embed/.test(name) ? 0 : 1,
      }),
    },
    schedule: warmUpPolynomial({
      maximum: recipe.learningRate,
      warmUp: recipe.warmUp,
      firstFactor: 1e-6,
      decayOver: recipe.decayOver,
      power: 0.9,
    }),
    begin() {},
    async batch(step) {
      const { pictures, flow } = await frames(step);
      const seed = tf.tensor1d([choices.fork(step).integer(0, 2 ** 31)], "int32");
      const maps = segmenter.frozenMaps(pictures) ?? [];
      const named = Object.fromEntries(maps.map((map, i) => [`map${i}`, map]));
      return { pictures, flow, seed, ...named };
    },
    loss(batch) {
      segmenter.dropout.seed = recipe.head.decoder.dropout > 0 ? batch.seed : null;
      const logits = segmenter.logits(batch.pictures, mapsIn(batch));
      segmenter.dropout.seed = null;
      return motionLoss(logits, batch.flow, { model: recipe.motion });
    },
  };
}

/** The command that computes the flow of videos; it takes a run of RAFT as well. */
const howTo = (dataset: string) =>
  `deno task guess-what-moves flow --dataset ${dataset} --weights RAFT.pth`;

/** A recipe's videos, each with its flow. */
async function sourcesOf(
  { videos }: GuessWhatMovesRecipe,
  dataDir: string,
): Promise<Videos[]> {
  const sources: Videos[] = [];
  for (const name of videos) {
    const opened = await openMaskedVideos(name, dataDir);
    const flow = await openVideoFlow(opened, dataDir, howTo(name));
    sources.push({ videos: opened, flow, howTo: howTo(name) });
  }
  return sources;
}

async function training(
  recipe: GuessWhatMovesRecipe,
  { seed, dataDir }: { seed: number; dataDir: string },
): Promise<DisposableJob> {
  const sources = await sourcesOf(recipe, dataDir);
  const { heldOut } = recipe;
  const test = await openMaskedVideos(heldOut.dataset, dataDir);
  const flow = await flowOfFrames(test, dataDir, howTo(heldOut.dataset));
  const segmenter = await Segmenter.open(recipe, seed, dataDir);
  const parameters = segmenter.network.size;
  const stage = stageOf(recipe, segmenter, sources, seed);
  // Features for merging would cost more than a step; motion serves as a sign of life.
  const contender = new GuessWhatMovesContender(segmenter, inTraining(parameters), null);
  return {
    network: segmenter.network,
    stages: [stage as unknown as Stage],
    configHash: sha256(JSON.stringify({
      recipe,
      seed,
      flow: sources.map(({ flow }) => flow.made?.digest ?? null),
    })),
    parameters,
    data: sources.flatMap(({ videos, flow }) =>
      flow.made === null ? [] : [{
        dataset: `${videos.id} flow`,
        split: videos.split,
        digest: flow.made.digest,
        samples: flow.made.flows,
        licence: "as the videos",
        source: flow.made.by,
      }]
    ),
    validation: {
      every: heldOut.every,
      async run() {
        const { evaluation } = await evaluateSegmentation({
          contender,
          videos: test,
          flow,
          protocol: segmentationProtocol(heldOut.protocol),
          flowCommand: howTo(heldOut.dataset),
          limit: heldOut.samples,
          spread: true,
          gallery: 0,
        });
        const curve = recipe.heldBack > 0 ? "held-out J" : "J of frames that are trained on";
        return {
          [curve]: evaluation.metrics.jFree!,
          [`${curve}, best group`]: evaluation.metrics.j!,
        };
      },
    },
    dispose: () => segmenter.dispose(),
  };
}

/** A trained run or its weights, official weights (with DINO's beside them), or a baseline. */
async function contender(
  source: Source,
  { dataDir }: { dataDir: string } = { dataDir: "data" },
): Promise<SegmentationContender> {
  if (source.kind === "baseline") return segmentationBaseline(source.name);
  const path = weightsFile(source);
  const { tensors, metadata } = await readWeightsFile(path);
  const recipe = source.kind === "run"
    ? source.record.training!.config as unknown as GuessWhatMovesRecipe
    : recipeOfWeights<GuessWhatMovesRecipe>(
      metadata,
      { paper: papers.guessWhatMoves, recipes },
      path,
    ) ?? recipes.paper;
  const segmenter = await Segmenter.open(recipe, 0, dataDir);
  segmenter.network.load(ownWeights(tensors), path);
  const { merging } = recipe;
  const looks = merging.kind === "features"
    ? await FrozenVit.open(merging.weights, dataDir, merging.stride)
    : null;
  const stamp = await stampOf(source, "Guess What Moves", segmenter.network.size);
  return new GuessWhatMovesContender(segmenter, stamp, looks);
}

/**
 * Guess What Moves' part of the command line.
 *
 * @param flowPaper Whose weights and runs compute the videos' flow.
 */
export function guessWhatMoves(
  flowPaper: FlowOfVideos["maker"],
): Replication<GuessWhatMovesRecipe, SegmentationContender> {
  return {
    paper: papers.guessWhatMoves,
    recipes,
    baselines: segmentationBaselines,
    oneShot: true,
    claims,
    evaluationOf: ({ heldOut: { dataset, protocol } }) => ({ dataset, protocol }),
    withSteps: (recipe, steps) => ({
      ...recipe,
      steps,
      warmUp: Math.min(recipe.warmUp, Math.ceil(steps / 10)),
      decayOver: Math.ceil(recipe.decayOver * steps / recipe.steps),
    }),
    plan: (recipe) => {
      const volumes = recipe.videos.map(splitVolume);
      const frames = volumes.reduce((sum, { pairs }) => sum + pairs, 0);
      const bytes = volumes.reduce((sum, { pairs, bytesPerPair }) => sum + pairs * bytesPerPair, 0);
      return [{
        name: "motion",
        data: recipe.videos.join(" + "),
        steps: recipe.steps,
        batch: recipe.batch,
        crop: `${recipe.picture.height}×${recipe.picture.width}`,
        learningRate: recipe.learningRate,
        gigaflop: trainingGigaflop(recipe),
        bytesRead: frames === 0 ? 0 : recipe.steps * recipe.batch * bytes / frames,
        samples: "frames",
        datasets: recipe.videos,
      }];
    },
    training,
    contender,
    evaluate: (contender, request) => scoreSegmentation(contender, request, howTo(request.dataset)),
    compare: (scored, trainedOn) =>
      comparePublished(PUBLISHED_BY_MODEL, scored, trainedOn, counterparts),
    flow: {
      maker: flowPaper,
      iterations: 20,
      gapsOf: (dataset) => dataset.startsWith("fbms-59") ? [1, 3, 6, -3, -6] : [1, 2, -1, -2],
    },
  };
}
