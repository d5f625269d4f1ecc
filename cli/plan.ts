/**
 * What a recipe would cost, without running it.
 *
 * @module
 */
import { join } from "@std/path";
import * as tf from "@tensorflow/tfjs";
import { exists } from "../base/files.ts";
import { datasets } from "../datasets/registry.ts";
import type { PlannedStage, Recipe } from "../replications/replication.ts";
import { prepareBackend, type Setting } from "./runs.ts";

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

const hours = (seconds: number) =>
  seconds < 3600
    ? `${(seconds / 60).toFixed(0)} min`
    : `${Math.round(seconds / 3600).toLocaleString("en")} h`;

/** The plan as text: a row a stage, what data is missing, and the time on this adapter. */
export async function planText(
  recipe: Recipe,
  stages: readonly PlannedStage[],
  setting: Setting,
): Promise<string> {
  const { adapter } = await prepareBackend(setting);
  const speed = await trainingSpeed();
  const gigaflop = stages.reduce((sum, stage) => sum + stage.steps * stage.gigaflop, 0);
  const rows = [
    ["stage", "steps", "batch", "crop", "peak rate", "pairs", "time here", "data"],
    ...stages.map((s) => [
      s.name,
      s.steps.toLocaleString("en"),
      String(s.batch),
      s.crop,
      s.learningRate.toExponential(2),
      (s.steps * s.batch).toLocaleString("en"),
      hours(s.steps * s.gigaflop / speed),
      s.data,
    ]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const table = rows.map((row) =>
    row.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd()
  );
  const needed = [
    ...new Set(stages.flatMap((stage) => stage.datasets.map((d) => d.split(":")[0]))),
  ];
  const missing: string[] = [];
  for (const id of needed) {
    if (await exists(join(setting.dataDir, id))) continue;
    const known = datasets.find((dataset) => dataset.id === id);
    missing.push(known ? `${id} (from ${known.homepage})` : `${id} (no importer yet)`);
  }
  return [
    `${recipe.name}: ${recipe.scale}`,
    ...recipe.notes.map((note) => `- ${note}`),
    "",
    ...table,
    "",
    `${(gigaflop / 1e3).toLocaleString("en", { maximumFractionDigits: 0 })} TFLOP in all; at the ` +
    `${speed.toFixed(1)} GFLOP/s measured on ${
      adapter?.description || adapter?.device || setting.backend
    }: ` +
    `${hours(gigaflop / speed)}. A GPU that sustains 10 TFLOP/s would take ${
      hours(gigaflop / 1e4)
    }.`,
    missing.length === 0 ? "All data is here." : `Missing data: ${missing.join(", ")}`,
  ].join("\n");
}
