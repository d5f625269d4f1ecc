/**
 * `deno task <paper> flow`: the flow of videos, computed before training and kept.
 *
 * @module
 */
import { type Command, InvalidArgumentError } from "commander";
import { UsageError } from "../../base/errors.ts";
import { Progress } from "../../base/progress.ts";
import { MOST_ITERATIONS } from "../../benchmarks/protocols/protocol.ts";
import { findSplit, openMaskedVideos } from "../../datasets/registry.ts";
import { buildFlowCache } from "../../replications/flow_cache.ts";
import type { FlowOfVideos } from "../../replications/replication.ts";
import { interruptSignal, kernelsOption, printResult, userPath, wholeNumber } from "../command.ts";
import { prepareBackend } from "../runs.ts";
import { sourceOf } from "../scoring.ts";
import { addPaperCommand, type PaperOptions, settingOf } from "./options.ts";

interface FlowOptions extends PaperOptions {
  dataset: string;
  run?: string;
  weights?: string;
  iterations?: number;
  gaps?: readonly number[];
  replace: boolean;
}

/** Adds `flow`. */
export function addFlow(program: Command, flow: FlowOfVideos): void {
  addPaperCommand(
    program,
    "flow",
    `compute the flow of videos with ${flow.maker.paper.id}, for training; Ctrl-C keeps what there is`,
  )
    .requiredOption("--dataset <id[:split]>", "whose videos")
    .addOption(kernelsOption())
    .option("--weights <file>", "safetensors or PyTorch .pth of the flow model", userPath)
    .option("--run <id>", `a trained run of ${flow.maker.paper.id}; default the newest`)
    .option("--iterations <n>", "update iterations", wholeNumber(1, MOST_ITERATIONS))
    .option(
      "--gaps <list>",
      "offsets from the first frame to the second, as 1,-1; default the paper's",
      gapList,
    )
    .option("--replace", "compute over what is there", false)
    .action((options: FlowOptions) => flowCommand(flow, options));
}

/** Whole numbers but 0, separated by commas. */
function gapList(text: string): readonly number[] {
  const gaps = text.split(",").map(Number);
  if (gaps.every((gap) => Number.isSafeInteger(gap) && gap !== 0)) return [...new Set(gaps)];
  throw new InvalidArgumentError("Give whole numbers but 0, with commas between, as 1,-1.");
}

async function flowCommand(flow: FlowOfVideos, options: FlowOptions): Promise<void> {
  const { dataset } = findSplit(options.dataset);
  if (!dataset.size.frames) {
    throw new UsageError(`Cannot compute flow of ${dataset.id}: it has flow of its own`);
  }
  const setting = settingOf(options, interruptSignal());
  const videos = await openMaskedVideos(options.dataset, options.data);
  const source = await sourceOf(flow.maker, options, setting);
  await prepareBackend(setting);
  const contender = await flow.maker.contender(source);
  const progress = { bar: null as Progress | null };
  try {
    const made = await buildFlowCache({
      ...{ videos, contender, dataDir: options.data, replace: options.replace },
      iterations: options.iterations ?? flow.iterations,
      gaps: options.gaps ?? flow.gapsOf(dataset.id),
      signal: setting.signal,
      onFlow(done, total, note) {
        progress.bar ??= new Progress("flow", total, setting.sink);
        progress.bar.update(done, note);
      },
    });
    printResult(options.json, made, `${made.flows} flows of ${options.dataset}\n${made.path}`);
  } finally {
    progress.bar?.end();
    contender.dispose?.();
  }
}
