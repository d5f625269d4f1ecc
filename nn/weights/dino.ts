/**
 * DINO's vision transformers as their authors publish them.
 *
 * Three layouts are read: the backbone alone (the files `torch.hub` loads), the backbone under
 * `module.` or `backbone.` with DINO's projection head beside it, and a checkpoint with a teacher and
 * a student, of which the teacher is taken. The head is left out.
 *
 * @module
 */
import { DataError } from "../../base/errors.ts";
import type { VitConfig } from "../vit.ts";
import { readWeights, stripPrefix } from "./load.ts";
import type { StateDict } from "./tensor_file.ts";

/** All DINO models have heads of this width, which weights don't tell. */
const HEAD_WIDTH = 64;

/** The backbone's tensors under their own names, whichever layout they came in. */
export function backboneOf(dict: StateDict): StateDict {
  const bare = stripPrefix(stripPrefix(dict, "module."), "backbone.");
  return new Map([...bare].filter(([name]) => !name.startsWith("head.")));
}

/**
 * The size of the vision transformer that weights belong to, read off their shapes.
 *
 * @throws {DataError} When the weights are not a vision transformer's.
 */
export function vitConfigOf(dict: StateDict, path: string): VitConfig {
  const shapeOf = (name: string, axes: number): readonly number[] => {
    const shape = dict.get(name)?.shape;
    if (shape?.length === axes) return shape;
    throw new DataError(
      path,
      `these are not a vision transformer's weights: ${name} is ${
        shape ? `of shape [${shape}]` : "missing"
      }`,
      "Give one of the backbones that facebookresearch/dino publishes.",
    );
  };
  const [width, , patch] = shapeOf("patch_embed.proj.weight", 4);
  const grid = Math.sqrt(shapeOf("pos_embed", 3)[1] - 1);
  const blocks = [...dict.keys()].map((name) => /^blocks\.(\d+)\./.exec(name)?.[1]);
  const depth = new Set(blocks.filter((block) => block !== undefined)).size;
  if (!Number.isInteger(grid) || width % HEAD_WIDTH !== 0) {
    const reason = `width ${width} and ${grid ** 2} positions fit no DINO model`;
    throw new DataError(path, reason, "Give one of the backbones facebookresearch/dino publishes.");
  }
  return { patch, width, depth, heads: width / HEAD_WIDTH, grid };
}

/** Reads a backbone (safetensors or `.pth`) and the configuration it implies. */
export async function readDinoWeights(
  path: string,
): Promise<{ dict: StateDict; config: VitConfig }> {
  const dict = backboneOf(await readWeights(path));
  return { dict, config: vitConfigOf(dict, path) };
}
