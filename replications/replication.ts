/**
 * The contract each paper fulfils.
 *
 * The command line, the training loop and the reports know papers only through this: recipes to train,
 * contenders to score, published numbers to compare with. `C` is what the paper's protocols score: for
 * the flow papers a flow contender.
 *
 * @module
 */
import type { ScoredModel } from "../benchmarks/published.ts";
import type { Evaluation, PublishedComparison, RunRecord } from "../benchmarks/record.ts";
import type { SampleResults } from "../benchmarks/samples.ts";
import type { FlowContender } from "../benchmarks/contenders/contender.ts";
import type { TrainingJob } from "./training.ts";

/** The names every paper's recipes have. */
export const recipeNames = ["demo", "small", "paper"] as const;
/** See {@link recipeNames}. */
export type RecipeName = (typeof recipeNames)[number];

/** A complete training setup. What a paper adds must be plain data: it is stored and hashed. */
export interface Recipe {
  readonly name: RecipeName;
  /** What is trained and at which scale, in words; reports open with it. */
  readonly scale: string;
  /** What differs from the paper. */
  readonly notes: readonly string[];
  /** Training data in the field's shorthand ("C+T") or our name for it ("moving-shapes"). */
  readonly trainedOn: string;
  /** Steps between checkpoints. */
  readonly checkpointEvery: number;
  /** Id of the arm it was changed into to test a claim; absent from recipes as they are. */
  readonly arm?: string;
  /**
   * Where it is trained for another number of steps in all than its own: the number asked for, and
   * its own. Absent from recipes as they are.
   */
  readonly otherSteps?: { readonly asked: number; readonly own: number };
}

/** One stage of a recipe's plan. */
export interface PlannedStage {
  readonly name: string;
  /** Data mix, for people. */
  readonly data: string;
  readonly steps: number;
  readonly batch: number;
  /** Crop as "368×496". */
  readonly crop: string;
  /** Peak learning rate. */
  readonly learningRate: number;
  /** Arithmetic of a training step, in 10⁹ floating-point operations. */
  readonly gigaflop: number;
  /**
   * Bytes of the pairs the stage reads, over all its steps: whole pairs, as stores hold them before
   * compression, each as often as it is drawn.
   */
  readonly bytesRead: number;
  /** What a sample is where it is no pair of pictures with flow: for example "frames". */
  readonly samples?: string;
  /** Dataset names with split that must be at hand. */
  readonly datasets: readonly string[];
  /**
   * What weights after this stage were trained on, in the words of published numbers ("C+T"); absent
   * where no published model stopped there.
   */
  readonly trainedOn?: string;
}

/** Where a contender's weights come from. */
export type Source =
  | {
    readonly kind: "run";
    readonly id: string;
    readonly path: string;
    readonly record: RunRecord;
    /** The stage whose last weights are meant; those after all stages where absent. */
    readonly stage?: string;
  }
  | { readonly kind: "weights"; readonly path: string }
  | { readonly kind: "baseline"; readonly name: string };

/** A contender that was made elsewhere: no model of the paper's, but scored as one. */
export type ForeignSource =
  | {
    readonly kind: "onnx";
    readonly path: string;
    /** Whether it runs on the CPU rather than on WebGPU. */
    readonly onCpu: boolean;
    /** Range of values and order of channels it wants, where the file doesn't say it. */
    readonly pixels?: string;
    readonly channels?: string;
  }
  | { readonly kind: "folder"; readonly path: string };

/** What to score on, and how. */
export interface EvaluationRequest {
  /** `id` or `id:split`. */
  readonly dataset: string;
  readonly dataDir: string;
  /** Protocol id; the dataset's usual one where absent. */
  readonly protocol?: string;
  /** Overrides the protocol's update iterations. */
  readonly iterations?: number;
  /** Further iteration counts to score at. */
  readonly alsoAt?: readonly number[];
  /** Scores only the first so many samples. */
  readonly limit?: number;
  /** Folder to keep every prediction in, in one of its own for the dataset. */
  readonly saveTo?: string;
  readonly signal?: AbortSignal;
  /** Hears of each sample that is scored; the note is its id. */
  onSample?(done: number, total: number, note: string): void;
}

/** A scored contender. */
export interface Scored {
  readonly evaluation: Evaluation;
  readonly samples: SampleResults;
  readonly data: RunRecord["data"][number];
  /** What a reader must know of how the contender came to its predictions. */
  readonly notes?: readonly string[];
}

/** A training job that frees its tensors. */
export interface DisposableJob extends TrainingJob {
  /** Trainable numbers. */
  readonly parameters: number;
  /** What was computed of the datasets beforehand and is trained on as well, such as flow. */
  readonly data?: RunRecord["data"];
  /** Frees the model and the optimizer. */
  dispose(): void;
}

/** What a paper predicts for two pictures of the user's. */
export interface PredictionRequest {
  /** The two picture files, in order. */
  readonly pictures: readonly [string, string];
  /** File to write the prediction to. */
  readonly out: string;
  /** Picture file to draw it into. */
  readonly image?: string;
  readonly iterations?: number;
}

/** What {@link Replication.predict} did; printed with `--json`. */
export interface Prediction {
  readonly out: string;
  readonly image: string | null;
  readonly width: number;
  readonly height: number;
  readonly iterations: number;
  /** The model's time, warm: pipelines are compiled before the clock starts. */
  readonly seconds: number;
}

/** How a paper that learns from motion gets the flow of its videos. */
export interface FlowOfVideos {
  /** The flow paper whose weights or runs compute it. */
  readonly maker: {
    readonly paper: { readonly id: string };
    contender(source: Source): Promise<FlowContender>;
  };
  /** Update iterations, where the user names none. */
  readonly iterations: number;
  /** Gaps between frames that a dataset needs flow for. */
  gapsOf(dataset: string): readonly number[];
}

/** One side of a claim: the recipe changed in one thing, or as it is. */
export interface Arm<R extends Recipe = Recipe> {
  /**
   * Part of its runs' names: letters, digits and hyphens. Arms of one id are one, whatever claims they
   * stand in, and are trained once a seed.
   */
  readonly id: string;
  /** For people, as a claim sees it: "affine motion". */
  readonly name: string;
  /** What the paper reports of it, in the claim's metric; null where that could not be read. */
  readonly published: number | null;
  /** The recipe that is trained; the very one it is given where the arm changes nothing. */
  of(recipe: R): R;
}

/**
 * A statement of the paper that holds between two arms. It can be tested at small scale, where absolute
 * numbers compare with nothing published.
 */
export interface Claim<R extends Recipe = Recipe> {
  /** For tables and scripts: "quadratic-over-affine". */
  readonly id: string;
  /** In our words, as one sentence. */
  readonly statement: string;
  /** Where the paper says so; where published values are missing, why. */
  readonly source: string;
  /** Name of the metric that decides, as records spell it. */
  readonly metric: string;
  /** The arm that is claimed to be better. */
  readonly favoured: Arm<R>;
  readonly other: Arm<R>;
}

/** One paper. */
export interface Replication<R extends Recipe = Recipe, C extends { dispose?(): void } = never> {
  readonly paper: RunRecord["paper"];
  readonly recipes: Readonly<Record<RecipeName, R>>;
  /** Baselines scored beside the paper's model, the trivial one first. */
  readonly baselines: readonly string[];
  /** Statements to test between arms of a recipe; absent where none are written down. */
  readonly claims?: readonly Claim<R>[];
  /** What a finished training run is scored on. */
  evaluationOf(recipe: R): Pick<EvaluationRequest, "dataset" | "protocol" | "alsoAt">;
  /**
   * The recipe with another number of steps in all, divided among its stages as before; what it calls
   * itself is not touched, see `withOtherSteps`.
   */
  withSteps(recipe: R, steps: number): R;
  /** What training a recipe takes, stage by stage; runs nothing. */
  plan(recipe: R): PlannedStage[];
  /** A model with first values and the stages that train it; datasets must be at hand. */
  training(recipe: R, options: { seed: number; dataDir: string }): Promise<DisposableJob>;
  /** True where the model has no update iterations to choose. */
  readonly oneShot?: boolean;
  /** Flow of videos that training needs beside the datasets; absent where a paper needs none. */
  readonly flow?: FlowOfVideos;
  /**
   * Loads what can be scored; the backend must be in use.
   *
   * @param options Where data lies, such as the weights of a frozen part; default `data`.
   */
  contender(source: Source, options?: { readonly dataDir: string }): Promise<C>;
  /** Loads a contender that was made elsewhere; absent where a paper's protocols score no such. */
  foreign?(source: ForeignSource): Promise<C>;
  /** Scores a contender on a dataset under a protocol. */
  evaluate(contender: C, request: EvaluationRequest): Promise<Scored>;
  /** Published numbers beside an evaluation of this paper's model. */
  compare(scored: readonly ScoredModel[], trainedOn: string): PublishedComparison[];
  /** Predicts for two picture files and writes the result; absent where a paper has no such use. */
  predict?(contender: C, request: PredictionRequest): Promise<Prediction>;
}
