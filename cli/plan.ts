/**
 * What a recipe would cost, without running it.
 *
 * @module
 */
import { join } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { exists } from "../base/files.ts";
import type { AdapterSummary } from "../nn/backend.ts";
import { findDataset, splitVolume } from "../datasets/registry.ts";
import { recipeId } from "../replications/claim.ts";
import type { PlannedStage, Recipe } from "../replications/replication.ts";
import { bytes } from "../reports/format.ts";
import { prepareBackend, type Setting } from "./runs.ts";
import { textTable } from "./text_table.ts";

/** Where the hours are estimated for. */
export interface Device {
  /** Adapter or backend, for people. */
  readonly name: string;
  /** Training speed in 10⁹ floating-point operations a second. */
  readonly gigaflops: number;
}

/** A recipe's cost; what `train --plan --json` prints. */
export interface Plan {
  readonly recipe: string;
  readonly scale: string;
  readonly notes: readonly string[];
  readonly device: Device;
  /** The stages, each with its training time on the device. */
  readonly stages: readonly (PlannedStage & { readonly seconds: number })[];
  /** Arithmetic of all stages, in 10⁹ floating-point operations. */
  readonly gigaflop: number;
  /** Training time of all stages on the device. */
  readonly seconds: number;
  /** Bytes of all pairs that are read; see {@link PlannedStage.bytesRead}. */
  readonly bytesRead: number;
  /** Bytes of the complete datasets' splits, each pair once, before compression. */
  readonly bytesStored: number;
  /** Datasets that are not at hand. */
  readonly missing: readonly { readonly dataset: string; readonly homepage: string }[];
}

/** Plans a recipe for the adapter in use. */
export async function planRecipe(
  recipe: Recipe,
  stages: readonly PlannedStage[],
  setting: Setting,
): Promise<Plan> {
  const { adapter } = await prepareBackend(setting);
  const device = { name: nameOf(adapter, setting.backend), gigaflops: await trainingSpeed() };
  return await planFor(device, recipe, stages, setting.dataDir);
}

const nameOf = (adapter: AdapterSummary | null, backend: string) =>
  adapter?.description || adapter?.device || backend;

/**
 * Training speed of this adapter in 10⁹ floating-point operations a second: a 3×3 convolution with 64
 * channels on 64×128, forward and backward, the median of three.
 */
async function trainingSpeed(): Promise<number> {
  const x = tf.ones<tf.Rank.R4>([1, 64, 128, 64]);
  const filter = tf.ones<tf.Rank.R4>([3, 3, 64, 64]);
  const gradients = tf.grads((x, filter) =>
    tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, "same")
  );
  const seconds: number[] = [];
  for (let i = 0; i < 4; i++) {
    const started = performance.now();
    const both = gradients([x, filter]);
    await both[1].data();
    seconds.push((performance.now() - started) / 1000);
    tf.dispose(both);
  }
  tf.dispose([x, filter]);
  const [, median] = seconds.slice(1).sort((a, b) => a - b); // the first one compiles
  return 3 * 2 * 64 * 128 * 9 * 64 * 64 / median / 1e9;
}

/** Plans a recipe for a device whose speed is known. */
export async function planFor(
  device: Device,
  recipe: Recipe,
  stages: readonly PlannedStage[],
  dataDir: string,
): Promise<Plan> {
  const names = [...new Set(stages.flatMap((stage) => stage.datasets))];
  const stored = names.map(splitVolume).map(({ pairs, bytesPerPair }) => pairs * bytesPerPair);
  const missing: { dataset: string; homepage: string }[] = [];
  for (const dataset of new Set(names.map((name) => name.split(":")[0]))) {
    if (await exists(join(dataDir, dataset))) continue;
    missing.push({ dataset, homepage: findDataset(dataset).homepage });
  }
  const gigaflop = sum(stages.map((stage) => stage.steps * stage.gigaflop));
  return {
    ...{ recipe: recipeId(recipe), scale: recipe.scale, notes: recipe.notes, device },
    stages: stages.map((stage) => ({
      ...stage,
      seconds: stage.steps * stage.gigaflop / device.gigaflops,
    })),
    gigaflop,
    seconds: gigaflop / device.gigaflops,
    bytesRead: sum(stages.map((stage) => stage.bytesRead)),
    bytesStored: sum(stored),
    missing,
  };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

const hours = (seconds: number) =>
  seconds < 3600
    ? `${(seconds / 60).toFixed(0)} min`
    : `${Math.round(seconds / 3600).toLocaleString("en")} h`;

/** The plan for people: a row a stage, the arithmetic, the data, and what of it is missing. */
export function planText(plan: Plan): string {
  const { device, gigaflop, missing } = plan;
  const [{ samples = "pairs" }] = plan.stages;
  const rows = [
    ["stage", "steps", "batch", "crop", "peak rate", samples, "reads", "time here", "data"],
    ...plan.stages.map((s) => [
      s.name,
      s.steps.toLocaleString("en"),
      String(s.batch),
      s.crop,
      s.learningRate.toExponential(2),
      (s.steps * s.batch).toLocaleString("en"),
      bytes(s.bytesRead),
      hours(s.seconds),
      s.data,
    ]),
  ];
  const teraflop = (gigaflop / 1e3).toLocaleString("en", { maximumFractionDigits: 0 });
  return [
    `${plan.recipe}: ${plan.scale}`,
    ...plan.notes.map((note) => `- ${note}`),
    "",
    textTable(rows),
    "",
    `Time: ${hours(plan.seconds)} for ${teraflop} TFLOP at the ${device.gigaflops.toFixed(1)} ` +
    `GFLOP/s measured on ${device.name}. A GPU that sustains 10 TFLOP/s would take ` +
    `${hours(gigaflop / 1e4)}.`,
    `Data: ${bytes(plan.bytesStored)} of ${samples}, of which training reads ${
      bytes(plan.bytesRead)
    }, ` +
    (samples === "pairs"
      ? "each pair as often as it is drawn. Pairs are read whole and cropped then; bytes are before " +
        "compression (two 8-bit pictures, float32 flow and a mask: 15 a pixel)."
      : "each as often as it is drawn; bytes are before compression, and flow comes on top."),
    ...missing.length === 0
      ? ["All data is here."]
      : ["Missing data:", ...missing.map(({ dataset, homepage }) => `  ${dataset}: ${homepage}`)],
  ].join("\n");
}
