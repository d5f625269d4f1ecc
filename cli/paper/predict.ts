/**
 * `deno task <paper> predict`: runs the model on two pictures of the user's.
 *
 * @module
 */
import type { Command } from "commander";
import { resolve } from "@std/path";
import { UsageError } from "../../base/errors.ts";
import { requireWritable } from "../../base/files.ts";
import type { Recipe, Replication } from "../../replications/replication.ts";
import { kernelsOption, outputFile, printResult, stageOption, userPath } from "../command.ts";
import { prepareBackend } from "../runs.ts";
import { sourceOf } from "../scoring.ts";
import {
  addIterations,
  addPaperCommand,
  nothingToSave,
  type PaperOptions,
  settingOf,
} from "./options.ts";

interface PredictOptions extends PaperOptions {
  out: string;
  image?: string;
  run?: string;
  stage?: string;
  weights?: string;
  iterations?: number;
}

/** Adds `predict`, for a paper that can. */
export function addPredict<R extends Recipe, C extends { dispose?(): void }>(
  program: Command,
  replication: Replication<R, C>,
): void {
  const predict = addPaperCommand(program, "predict", "run the model on two pictures of yours", [
    "quiet",
  ])
    .argument("<first>", "picture 1: PNG, JPEG or PPM", userPath)
    .argument("<second>", "picture 2, of the same size", userPath)
    .requiredOption("--out <file>", "flow file to write (.flo)", outputFile(".flo"))
    .addOption(kernelsOption())
    .option("--image <file>", "colour picture of the flow to write (.png)", outputFile(".png"))
    .option("--run <id>", "a trained run; default the newest")
    .addOption(stageOption())
    .option("--weights <file>", "safetensors or PyTorch .pth", userPath)
    .action((first: string, second: string, options: PredictOptions) =>
      predictCommand(replication, first, second, options)
    );
  addIterations(predict, replication, "update iterations");
}

async function predictCommand<R extends Recipe, C extends { dispose?(): void }>(
  replication: Replication<R, C>,
  first: string,
  second: string,
  options: PredictOptions,
): Promise<void> {
  const { out, image, iterations } = options;
  if (image !== undefined && [first, second].some((path) => resolve(path) === resolve(image))) {
    throw new UsageError(`Cannot draw the flow over ${image}`, "Name another file with --image.");
  }
  const setting = settingOf(options, nothingToSave);
  const source = await sourceOf(replication, options, setting);
  for (const path of [out, image]) if (path !== undefined) await requireWritable(path);
  await prepareBackend(setting);
  const contender = await replication.contender(source, setting);
  try {
    const request = { pictures: [first, second] as const, out, image, iterations };
    const prediction = await replication.predict!(contender, request);
    const { width, height, seconds } = prediction;
    const count = `${prediction.iterations} iteration${prediction.iterations === 1 ? "" : "s"}`;
    printResult(
      options.json,
      prediction,
      `${width}×${height}, ${count}, ${seconds.toFixed(2)} s\n${out}`,
    );
  } finally {
    contender.dispose?.();
  }
}
