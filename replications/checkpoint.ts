/**
 * Checkpoints of a training run: weights, buffers, optimiser moments and the step, in one safetensors
 * file `checkpoints/step-NNNNNNNN.safetensors`.
 *
 * A file is written aside, synced and renamed, and the two newest stay. Safetensors has no checksum,
 * so the header carries the digest of all tensors: a damaged checkpoint is passed over, said so, and
 * the one before it is taken.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { join } from "@std/path";
import { z } from "zod";
import { DataError } from "../base/errors.ts";
import type { RunFolder } from "../benchmarks/run_folder.ts";
import { readSafetensors, writeSafetensors } from "../nn/weights/safetensors.ts";
import type { StateDict } from "../nn/weights/tensor_file.ts";

/** What a checkpoint holds. */
export interface CheckpointState {
  /** Finished steps over all stages. */
  readonly step: number;
  /** Loss of the last step. */
  readonly loss: number | null;
  /** Training time so far. */
  readonly seconds: number;
  /** Times the run had been resumed. */
  readonly resumed: number;
  readonly configHash: string;
  /** Official names. */
  readonly network: StateDict;
  /** Updates of the current stage's optimiser. */
  readonly optimizerStep: number;
  /**
   * What the optimiser remembers by parameter name, device layout: AdamW's two moments, [2, size],
   * or one velocity, [1, size].
   */
  readonly moments: ReadonlyMap<string, Float32Array>;
}

/** A checkpoint and the file it came from. */
export interface Checkpoint extends CheckpointState {
  readonly path: string;
}

const GENERATIONS = 2;
const NAME = /^step-(\d{8})\.safetensors$/;

const Header = z.object({
  step: z.coerce.number().int(),
  loss: z.string().transform((text) => text === "" ? null : Number(text)),
  seconds: z.coerce.number(),
  resumed: z.coerce.number().int(),
  configHash: z.string(),
  optimizerStep: z.coerce.number().int(),
  digest: z.string(),
});

/** SHA-256 over names, dtypes, shapes and bytes, whatever their order in the file. */
function digestOf(tensors: StateDict): string {
  const hash = createHash("sha256");
  for (const name of [...tensors.keys()].sort()) {
    const { dtype, shape, data } = tensors.get(name)!;
    hash.update(`${name}\0${dtype}\0${shape}\0`);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}

/** Steps of the checkpoints in a folder, newest first. */
async function checkpointSteps(folder: string): Promise<number[]> {
  const steps: number[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      const match = NAME.exec(name);
      if (match) steps.push(Number(match[1]));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return steps.sort((a, b) => b - a);
}

const fileOf = (folder: string, step: number) =>
  join(folder, `step-${String(step).padStart(8, "0")}.safetensors`);

/** Saves a checkpoint and removes those older than the last two. */
export async function saveCheckpoint(run: RunFolder, state: CheckpointState): Promise<void> {
  const folder = join(run.path, "checkpoints");
  const tensors: StateDict = new Map();
  for (const [name, tensor] of state.network) tensors.set(`network.${name}`, tensor);
  for (const [name, data] of state.moments) {
    const size = state.network.get(name)!.data.length;
    tensors.set(`moments.${name}`, { dtype: "F32", shape: [data.length / size, size], data });
  }
  await writeSafetensors(fileOf(folder, state.step), tensors, {
    step: String(state.step),
    loss: state.loss === null ? "" : String(state.loss),
    seconds: String(state.seconds),
    resumed: String(state.resumed),
    configHash: state.configHash,
    optimizerStep: String(state.optimizerStep),
    digest: digestOf(tensors),
  });
  const stale = (await checkpointSteps(folder)).filter((step) => step <= state.step);
  for (const step of stale.slice(GENERATIONS)) await Deno.remove(fileOf(folder, step));
}

async function readCheckpoint(path: string): Promise<Checkpoint> {
  const { tensors, metadata } = await readSafetensors(path);
  const header = Header.safeParse(metadata);
  if (!header.success) throw new DataError(path, "it is not a checkpoint of a training run");
  const { digest, ...state } = header.data;
  if (digestOf(tensors) !== digest) {
    throw new DataError(path, "its tensors don't match their digest");
  }
  const network: StateDict = new Map();
  const moments = new Map<string, Float32Array>();
  for (const [name, tensor] of tensors) {
    if (name.startsWith("network.")) network.set(name.slice("network.".length), tensor);
    else moments.set(name.slice("moments.".length), tensor.data as Float32Array);
  }
  return { ...state, network, moments, path };
}

/**
 * The newest sound checkpoint of a run.
 *
 * @param configHash Configuration the training is to continue with.
 * @param note Hears about each damaged checkpoint that is passed over.
 * @throws {DataError} When there is none, or it belongs to another configuration.
 */
export async function loadCheckpoint(
  run: RunFolder,
  configHash: string,
  note: (text: string) => void,
): Promise<Checkpoint> {
  const folder = join(run.path, "checkpoints");
  for (const step of await checkpointSteps(folder)) {
    const path = fileOf(folder, step);
    let checkpoint: Checkpoint;
    try {
      checkpoint = await readCheckpoint(path);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      note(`${error.message}; trying the one before it`);
      continue;
    }
    if (checkpoint.configHash !== configHash) {
      throw new DataError(
        path,
        "it was made with another configuration",
        "Resume with the recipe, seed and steps the run was started with, or start a new run.",
      );
    }
    return checkpoint;
  }
  throw new DataError(folder, "there is no usable checkpoint", "Start a new run.");
}
