/**
 * RAFT weights under their three sets of names: official, official with `module.` in front, and
 * torchvision's.
 *
 * @module
 */
import { DataError } from "../../base/errors.ts";
import { readWeights, stripPrefix } from "../../nn/weights/load.ts";
import type { StateDict } from "../../nn/weights/tensor_file.ts";
import type { RaftConfig } from "./model.ts";

/** torchvision's modules and the official ones, the longer patterns first. */
const TORCHVISION: readonly (readonly [RegExp, string])[] = [
  [/^feature_encoder\./, "fnet."],
  [/^context_encoder\./, "cnet."],
  [/^(fnet|cnet)\.convnormrelu\.0\./, "$1.conv1."],
  [/^(fnet|cnet)\.convnormrelu\.1\./, "$1.norm1."],
  [/^(fnet|cnet)\.conv\./, "$1.conv2."],
  [/\.convnormrelu(\d)\.0\./, ".conv$1."],
  [/\.convnormrelu(\d)\.1\./, ".norm$1."],
  [/^update_block\.motion_encoder\.convcorr(\d)\.0\./, "update_block.encoder.convc$1."],
  [/^update_block\.motion_encoder\.convflow(\d)\.0\./, "update_block.encoder.convf$1."],
  [/^update_block\.motion_encoder\.conv\.0\./, "update_block.encoder.conv."],
  [/^update_block\.recurrent_block\.convgru(\d)\.conv([zrq])\./, "update_block.gru.conv$2$1."],
  [/^mask_predictor\.convrelu\.0\./, "update_block.mask.0."],
  [/^mask_predictor\.conv\./, "update_block.mask.2."],
];

/** The official name of a tensor that torchvision names. */
function officialName(torchvisionName: string, isLarge: boolean): string {
  const name = TORCHVISION.reduce((text, [from, to]) => text.replace(from, to), torchvisionName);
  // The small model has one GRU, and its official names carry no number.
  return isLarge ? name : name.replace(/^(update_block\.gru\.conv[zrq])1\./, "$1.");
}

/** Weights under official names, whichever set they came with. */
export function underOfficialNames(dict: StateDict): StateDict {
  const plain = stripPrefix(dict, "module.");
  if (![...plain.keys()].some((name) => name.startsWith("feature_encoder."))) return plain;
  const isLarge = [...plain.keys()].some((name) => name.startsWith("mask_predictor."));
  return new Map([...plain].map(([name, tensor]) => [officialName(name, isLarge), tensor]));
}

/**
 * The widths of the model that a set of weights belongs to, read off its shapes.
 *
 * Levels and radius only enter as a product of channels: four levels are assumed where they fit, as in
 * all published weights, else the most levels that give a whole radius.
 *
 * @throws {DataError} When the weights are not RAFT's.
 */
export function configOf(dict: StateDict, path: string): RaftConfig {
  const out = (name: string): number => {
    const shape = dict.get(`${name}.weight`)?.shape;
    if (!shape) {
      throw new DataError(
        path,
        `these are not RAFT's weights: ${name}.weight is missing`,
        "Give official RAFT weights, torchvision's, or a run's weights.safetensors.",
      );
    }
    return shape[0];
  };
  const isLarge = dict.has("update_block.gru.convz1.weight");
  const hidden = out(isLarge ? "update_block.gru.convz1" : "update_block.gru.convz");
  const encoder = "update_block.encoder";
  out(`${encoder}.convc1`);
  const windows = dict.get(`${encoder}.convc1.weight`)!.shape[1];
  const lookup = [4, 3, 2, 1].map((levels) => ({
    levels,
    radius: (Math.sqrt(windows / levels) - 1) / 2,
  })).find(({ radius }) => Number.isInteger(radius) && radius > 0);
  if (!lookup) throw new DataError(path, `${windows} correlation channels fit no lookup window`);
  const last = isLarge ? "conv2" : "conv3";
  return {
    kind: isLarge ? "large" : "small",
    encoder: [
      out("fnet.conv1"),
      out(`fnet.layer1.0.${last}`),
      out(`fnet.layer2.0.${last}`),
      out(`fnet.layer3.0.${last}`),
    ],
    features: out("fnet.conv2"),
    hidden,
    context: out("cnet.conv2") - hidden,
    ...lookup,
    motion: {
      convc1: out(`${encoder}.convc1`),
      convc2: isLarge ? out(`${encoder}.convc2`) : 0,
      convf1: out(`${encoder}.convf1`),
      convf2: out(`${encoder}.convf2`),
      conv: out(`${encoder}.conv`),
    },
    head: out("update_block.flow_head.conv1"),
  };
}

/** Reads a weights file (safetensors or `.pth`) and the configuration it implies. */
export async function readRaftWeights(
  path: string,
): Promise<{ dict: StateDict; config: RaftConfig }> {
  const dict = underOfficialNames(await readWeights(path));
  return { dict, config: configOf(dict, path) };
}
