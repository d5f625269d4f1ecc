/**
 * A folder of finished flow files as a contender, so that any other code can be scored.
 *
 * The file of a sample is `<id>.flo`, or `<id>.png` for KITTI's 16-bit PNG, where the id may have
 * folders in it (`alley_1/frame_0001`). Beside the id itself, the names that benchmarks and papers give
 * their files are known:
 *
 * - `000007_10` for KITTI's sample `000007`, and `00007_flow` for FlyingChairs' `00007`;
 * - `alley_1/frame0001` for Sintel's `alley_1/frame_0001`, as RAFT's code writes it;
 * - `RubberWhale/flow10` for Middlebury's `RubberWhale`.
 *
 * All of them may lie in a folder named after the dataset, or after the last part of its name
 * (`sintel-clean/…`, `clean/…`). Two files for one sample are an error.
 *
 * @module
 */
import { basename, join, resolve } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { exists, sha256 } from "../../base/files.ts";
import { decodeFlo, writeFlo } from "../../datasets/formats/flo.ts";
import type { FlowField } from "../../base/arrays.ts";
import { readBytes } from "../../datasets/formats/guard.ts";
import { decodeKittiFlow } from "../../datasets/formats/kitti_flow.ts";
import type { FlowContender } from "./contender.ts";

/** Most missing samples that an error names. */
const NAMED = 6;

/**
 * Opens a folder of flow files.
 *
 * @throws {DataError} When there is no such folder.
 */
export async function flowFolder(path: string): Promise<FlowContender> {
  if (!await exists(path)) throw new DataError(path, "there is no such folder", "Check the path.");
  if (!(await Deno.stat(path)).isDirectory) {
    throw new DataError(path, "it is no folder", "Name the folder that holds the flow files.");
  }
  const digests = new Map<string, string>();
  const name = basename(resolve(path));
  return {
    /** Its digest is that of all files read so far, each under its sample. */
    get stamp() {
      const lines = [...digests].sort(([a], [b]) => a < b ? -1 : 1).map((line) => line.join(" "));
      const digest = lines.length === 0 ? null : sha256(lines.join("\n"));
      return { kind: "folder", name, digest, parameters: null } as const;
    },
    notes: [`The flows were computed elsewhere; ${name} holds them as files.`],
    predict() {
      throw new TypeError(`${name} holds finished flows and predicts none`);
    },
    async expect(dataset, ids) {
      const missing: string[] = [];
      for (const id of ids) if ((await filesOf(path, dataset, id)).length === 0) missing.push(id);
      if (missing.length > 0) throw noFlow(path, missing, ids.length);
    },
    async recall({ dataset, id, height, width }) {
      const files = await filesOf(path, dataset, id);
      if (files.length === 0) throw noFlow(path, [id], 1);
      if (files.length > 1) {
        throw new DataError(
          path,
          `sample ${id} has ${files.length} files: ${files.join(", ")}`,
          "Keep the one to be scored.",
        );
      }
      const file = join(path, files[0]);
      const bytes = await readBytes(file);
      const flow = file.endsWith(".png") ? decodeKittiFlow(bytes, file) : decodeFlo(bytes, file);
      const [h, w] = flow.flow.shape;
      if (h !== height || w !== width) {
        throw new DataError(
          file,
          `its flow is ${w}x${h}, the pictures of sample ${id} are ${width}x${height}`,
          "Write flow of the pictures' own size, with u and v in their pixels.",
        );
      }
      digests.set(`${dataset} ${id}`, sha256(bytes));
      return flow;
    },
  };
}

function noFlow(path: string, missing: readonly string[], of: number): DataError {
  const named = missing.slice(0, NAMED).map((id) => `${id}.flo`).join(", ");
  const more = missing.length > NAMED ? ` and ${missing.length - NAMED} more` : "";
  return new DataError(
    path,
    `it holds no flow for ${missing.length} of ${of} samples: ${named}${more}`,
    "Name files after the samples: <id>.flo, or <id>.png in KITTI's 16-bit format.",
  );
}

/** The files there are for a sample, below the folder. */
async function filesOf(path: string, dataset: string, id: string): Promise<string[]> {
  const stem = safeName(id);
  const stems = [
    stem,
    ...(/^\d+$/.test(stem) ? [`${stem}_10`, `${stem}_flow`] : []),
    ...(/\/frame_\d+$/.test(stem) ? [stem.replace("/frame_", "/frame")] : []),
    `${stem}/flow10`,
  ];
  const folders = new Set(["", `${dataset}/`, `${dataset.split("-").at(-1)}/`]);
  const names = [...folders].flatMap((folder) =>
    stems.flatMap((stem) => [".flo", ".png"].map((ending) => folder + stem + ending))
  );
  const found: string[] = [];
  for (const name of names) if (await exists(join(path, name))) found.push(name);
  return found;
}

/**
 * A sample's id as a name below a folder.
 *
 * @throws {DataError} When it would lead out of the folder.
 */
function safeName(id: string): string {
  const parts = id.split("/");
  if (parts.every((part) => /^[^/\\\0:]+$/.test(part) && part !== "." && part !== "..")) return id;
  throw new DataError(`sample ${JSON.stringify(id)}`, "its id is no name for a file");
}

/** Writes a prediction where {@link flowFolder} finds it: `<dir>/<id>.flo`. */
export async function savePrediction(dir: string, id: string, flow: FlowField): Promise<void> {
  await writeFlo(join(dir, `${safeName(id)}.flo`), flow);
}
