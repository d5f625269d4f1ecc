/**
 * PWC-Net's training recipes.
 *
 * @module
 */
import type { Penalty } from "../../nn/kernels/vector_error.ts";
import type { MixPart } from "../flow_batches.ts";
import type { HeldOut } from "../flow_stages.ts";
import type { Recipe } from "../replication.ts";
import { augmentation, cropsAndFlips, type PwcNetAugmentation } from "./augment.ts";
import { LENGTH, ROBUST } from "./loss.ts";
import { published, type PwcNetConfig } from "./model.ts";

/** One training stage: S_long, S_fine, or a round of fine-tuning (Sun et al. 2018, section 4). */
export interface PwcNetStage {
  readonly name: string;
  readonly data: readonly MixPart<PwcNetAugmentation>[];
  readonly steps: number;
  readonly batch: number;
  /** At the start. */
  readonly learningRate: number;
  /** Steps at which the learning rate is halved. */
  readonly halvings: readonly number[];
  /** γ: coupled, of filters alone. */
  readonly weightDecay: number;
  /** How errors count. */
  readonly penalty: Penalty;
  /** Whether predictions are enlarged to the sparse truth rather than dense truth shrunk to them. */
  readonly sparse: boolean;
  /** What weights after this stage were trained on, as `published.json` has it. */
  readonly trainedOn?: string;
}

/** A complete setup: model and stages. */
export interface PwcNetRecipe extends Recipe {
  readonly model: PwcNetConfig;
  readonly stages: readonly PwcNetStage[];
  readonly heldOut: HeldOut;
}

const part = (dataset: string, augmentation: PwcNetAugmentation): MixPart<PwcNetAugmentation> => ({
  ...{ dataset, repeat: 1, augmentation },
});

const tiny: PwcNetConfig = {
  pyramid: [16, 24, 32, 32],
  convolutions: 2,
  radius: 3,
  dense: [32, 32, 24, 16, 8],
  context: [32, 32, 32, 24, 16, 8],
  startsAtRest: true,
  standardFeatures: true,
};

/** What differs from the paper where {@link tiny} is trained, by its number of steps. */
const demoNotes = (steps: string): readonly string[] => [
  "Trained on the embedded moving-shapes videos instead of FlyingChairs and FlyingThings3D.",
  "Four pyramid levels instead of six, of 16, 24, 32 and 32 channels where the paper's first four have " +
  "16, 32, 64 and 96; two convolutions a level as in the paper, where the released model has three. " +
  "Decoders and the context network have a quarter of the channels, and the search range is 3 " +
  "instead of 4.",
  `${steps} steps of batch 4 on 64×64 crops at twenty times the learning rate, with no augmentation but ` +
  "crops and flips, and a weight decay of 1e-5 instead of 4e-4.",
  "Features are standardised before they are compared, and flows start at zero, so that a few hundred " +
  "steps suffice to learn matching.",
];

const demo: PwcNetRecipe = {
  name: "demo",
  scale:
    "PWC-Net with narrower layers and four of its six levels, trained for minutes on generated crops",
  notes: demoNotes("2,000"),
  trainedOn: "moving-shapes",
  checkpointEvery: 100,
  model: tiny,
  stages: [{
    name: "shapes",
    data: [part("moving-shapes:train", cropsAndFlips({ height: 64, width: 64 }))],
    steps: 2000,
    batch: 4,
    learningRate: 2e-3,
    halvings: [1000, 1350, 1600, 1750, 1900],
    weightDecay: 1e-5,
    penalty: LENGTH,
    sparse: false,
  }],
  heldOut: { dataset: "moving-shapes:test", samples: 12, every: 200 },
};

/** A round of fine-tuning; both losses' rounds have the same halvings (from mmflow's configuration). */
const fineTuning = {
  steps: 150_000,
  batch: 4,
  halvings: [45, 65, 85, 95, 97.5, 100, 110, 120, 130, 140].map((thousands) => 1000 * thousands),
  weightDecay: 4e-4,
  penalty: ROBUST,
} as const;

const sintel = [
  part("sintel-clean:train", augmentation.sintel),
  part("sintel-final:train", augmentation.sintel),
];
const kitti = [
  part("kitti-2012:train", augmentation.kitti),
  part("kitti-2015:train", augmentation.kitti),
];

const paper: PwcNetRecipe = {
  name: "paper",
  scale: "PWC-Net as published: 2,400,000 steps on Chairs, Things, Sintel and KITTI",
  notes: [
    "The paper fine-tunes for Sintel and for KITTI apart, each from the weights after FlyingThings3D; here " +
    "one follows the other.",
    "Trained on C+T+S+K, the result compares with no published number: those are of models after C, after " +
    "C+T, or fine-tuned for one benchmark. The README beside this recipe says which can be reached, and " +
    "how.",
    "Both rounds on Sintel mix the clean and the final pass; the authors' last round is on the final pass " +
    "alone.",
    "Steps and rates of fine-tuning are mmflow's: the paper doesn't state them.",
    "On KITTI, every level's flow is enlarged to the truth with its own weight, as mmflow reads the " +
    "paper. The network released for KITTI shrinks the truth to levels 6 to 3 and has other weights " +
    "and a power of 0.2.",
    "On KITTI, numbers of the augmentation are drawn with the probabilities of the network released for " +
    "it, and noise is added as there.",
    "A pair of FlyingThings3D with flow of more than 1000 pixels anywhere counts as unknown throughout, " +
    "instead of being left out: its batch is smaller by one.",
    "Training can stall from the start, as the authors say: where the EPE on FlyingChairs stays at 11 " +
    "to 12, start again with another seed.",
    "Colours change relative to each picture's own statistics instead of the batch's, and the mean " +
    "colour is not taken off, as in the released models.",
  ],
  trainedOn: "C+T+S+K",
  checkpointEvery: 1000,
  model: published,
  stages: [
    {
      name: "chairs",
      data: [part("flying-chairs:train", augmentation.chairs)],
      steps: 1_200_000,
      batch: 8,
      learningRate: 1e-4,
      halvings: [400_000, 600_000, 800_000, 1_000_000],
      weightDecay: 4e-4,
      penalty: LENGTH,
      sparse: false,
      trainedOn: "C",
    },
    {
      name: "things",
      data: [part("flying-things-clean:train", augmentation.things)],
      steps: 600_000,
      batch: 4,
      learningRate: 1e-5,
      halvings: [200_000, 300_000, 400_000, 500_000],
      weightDecay: 4e-4,
      penalty: LENGTH,
      sparse: false,
      trainedOn: "C+T",
    },
    { name: "sintel 1", data: sintel, learningRate: 3e-5, ...fineTuning, sparse: false },
    {
      ...{ name: "sintel 2", data: sintel, learningRate: 2e-5, ...fineTuning, sparse: false },
      trainedOn: "C+T, then Sintel",
    },
    { name: "kitti 1", data: kitti, learningRate: 3e-5, ...fineTuning, sparse: true },
    { name: "kitti 2", data: kitti, learningRate: 2e-5, ...fineTuning, sparse: true },
  ],
  heldOut: { dataset: "flying-chairs:val", samples: 64, every: 5000 },
};

const small: PwcNetRecipe = {
  ...demo,
  name: "small",
  scale:
    "PWC-Net with narrower layers and four of its six levels, trained for about an hour on generated crops",
  notes: [
    ...demoNotes("16,000"),
    "The demo's schedule, eight times as long; never run to its end.",
  ],
  stages: demo.stages.map((stage) => ({
    ...stage,
    steps: 8 * stage.steps,
    halvings: stage.halvings.map((step) => 8 * step),
  })),
};

/** The recipes by name. */
export const recipes = { demo, small, paper } as const;
