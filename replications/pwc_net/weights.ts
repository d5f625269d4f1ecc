/**
 * PWC-Net weights under their sets of names: the released code's, with or without `module.` in front,
 * and those of the conversion from Caffe by S. Niklaus (github.com/sniklaus/pytorch-pwc).
 *
 * @module
 */
import { DataError } from "../../base/errors.ts";
import { readWeightsFile, stripPrefix } from "../../nn/weights/load.ts";
import type { StateDict } from "../../nn/weights/tensor_file.ts";
import { papers } from "../papers.ts";
import { recipeOfWeights } from "../weights_recipe.ts";
import { FINEST, type PwcNetConfig } from "./model.ts";
import { type PwcNetRecipe, recipes } from "./recipes.ts";

/** How the converted names count. */
const NUMBERS = ["One", "Two", "Thr", "Fou", "Fiv", "Six"];
const NUMBER = `(${NUMBERS.join("|")})`;
const numberOf = (word: string) => NUMBERS.indexOf(word) + 1;

/** Layers of a pyramid level in order. */
const PYRAMID_LAYERS = ["a", "aa", "b"];
const LEVEL_6_LAYERS = ["aa", "a", "b"];

type Renaming = readonly [RegExp, (...groups: string[]) => string];

/** Converted modules, without `module` or `net` before each word, and the released code's. */
const CONVERTED: readonly Renaming[] = [
  [new RegExp(`^Extractor\\.${NUMBER}\\.([024])\\.`), (word, place) => {
    const level = numberOf(word);
    const layers = level === 6 ? LEVEL_6_LAYERS : PYRAMID_LAYERS;
    return `conv${level}${layers[Number(place) / 2]}.0.`;
  }],
  [new RegExp(`^${NUMBER}\\.Six\\.0\\.`), (word) => `predict_flow${numberOf(word)}.`],
  [
    new RegExp(`^${NUMBER}\\.${NUMBER}\\.0\\.`),
    (word, which) => `conv${numberOf(word)}_${numberOf(which) - 1}.0.`,
  ],
  // What brings a flow to a level belongs to that level there, and to the one above here.
  [new RegExp(`^${NUMBER}\\.Upflow\\.`), (word) => `deconv${numberOf(word) + 1}.`],
  [new RegExp(`^${NUMBER}\\.Upfeat\\.`), (word) => `upfeat${numberOf(word) + 1}.`],
  [/^Refiner\.Main\.12\./, () => "dc_conv7."],
  [/^Refiner\.Main\.(\d+)\./, (place) => `dc_conv${Number(place) / 2 + 1}.0.`],
];

function officialName(converted: string): string {
  const name = converted.replaceAll(/(^|\.)(module|net)(?=[A-Z])/g, "$1");
  for (const [pattern, rename] of CONVERTED) {
    if (pattern.test(name)) return name.replace(pattern, (_, ...groups) => rename(...groups));
  }
  return converted;
}

/** Weights under official names, whichever set they came with. */
export function underOfficialNames(dict: StateDict): StateDict {
  const plain = stripPrefix(dict, "module.");
  if (![...plain.keys()].some((name) => /^(module|net)Extractor\./.test(name))) return plain;
  const renamed: StateDict = new Map(
    [...plain].map(([name, tensor]) => [officialName(name), tensor]),
  );
  // The released code has a layer that nothing reads; the conversion left it out.
  for (const [name, shape] of [["weight", [2, 2, 4, 4]], ["bias", [2]]] as const) {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    renamed.set(`deconv${FINEST}.${name}`, { dtype: "F32", shape: [...shape], data });
  }
  return renamed;
}

/**
 * The widths of the model that a set of weights belongs to, read off its shapes. What changes no
 * shape is the official models': whether features are standardised, no tensor tells.
 *
 * @throws {DataError} When the weights are not PWC-Net's.
 */
export function configOf(dict: StateDict, path: string): PwcNetConfig {
  const fail = (reason: string) =>
    new DataError(
      path,
      `these are not PWC-Net's weights: ${reason}`,
      "Give released PWC-Net weights, converted ones, or a run's weights.safetensors.",
    );
  /** Channels out of layers `name(1)`, `name(2)`, … as far as there are any. */
  const widths = (name: (i: number) => string): number[] => {
    const found: number[] = [];
    for (;;) {
      const tensor = dict.get(`${name(found.length + 1)}.weight`);
      if (!tensor) break;
      found.push(tensor.shape[0]);
    }
    if (found.length === 0) throw fail(`${name(1)}.weight is missing`);
    return found;
  };
  const pyramid = widths((level) => `conv${level}a.0`);
  const top = `conv${pyramid.length}_0.0.weight`;
  const volume = dict.get(top)?.shape[1];
  if (pyramid.length < FINEST || volume === undefined) throw fail(`${top} is missing`);
  const radius = (Math.sqrt(volume) - 1) / 2;
  if (!Number.isInteger(radius)) throw fail(`${volume} channels are no cost volume`);
  return {
    pyramid,
    convolutions: dict.has("conv1aa.0.weight") ? 3 : 2,
    radius,
    dense: widths((i) => `conv${FINEST}_${i - 1}.0`),
    context: widths((i) => `dc_conv${i}.0`),
  };
}

/**
 * Reads a weights file (safetensors or `.pth`) and the configuration of its model: that of the recipe
 * it names, else the one its shapes imply.
 *
 * @throws {DataError} Where the weights are not PWC-Net's; see {@link recipeOfWeights} as well.
 */
export async function readPwcNetWeights(
  path: string,
): Promise<{ dict: StateDict; config: PwcNetConfig }> {
  const { tensors, metadata } = await readWeightsFile(path);
  const recipe = recipeOfWeights<PwcNetRecipe>(metadata, { paper: papers.pwcNet, recipes }, path);
  const dict = underOfficialNames(tensors);
  return { dict, config: recipe?.model ?? configOf(dict, path) };
}
