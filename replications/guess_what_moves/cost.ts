/**
 * Guess What Moves' arithmetic, counted from its layers.
 *
 * @module
 */
import type { BackboneConfig, PyramidConfig } from "./backbone.ts";
import { channelsOf } from "./backbone.ts";
import type { HeadConfig } from "./model.ts";
import type { GuessWhatMovesRecipe, Size } from "./recipes.ts";

/** Rows and columns of each of a backbone's maps, the finest first. */
function mapSizes(backbone: BackboneConfig, { height, width }: Size, patch: number): Size[] {
  if (backbone.kind === "dino") {
    const tokens = (side: number) => 1 + Math.floor((side - patch) / backbone.stride);
    return backbone.blocks.map(() => ({ height: tokens(height), width: tokens(width) }));
  }
  return backbone.widths.map((_, i) => {
    const stride = backbone.stride * 2 ** i;
    return { height: Math.ceil(height / stride), width: Math.ceil(width / stride) };
  });
}

const area = ({ height, width }: Size) => height * width;

function pyramidMacs({ widths }: PyramidConfig, maps: readonly Size[]): number {
  return widths.reduce((sum, width, i) => {
    const first = i === 0 ? 25 * 3 : 9 * widths[i - 1];
    return sum + area(maps[i]) * width * (first + 9 * width);
  }, 0);
}

/** Attention, projections and perceptrons of all blocks, and the patches. */
function transformerMacs(tokens: number, width: number, depth: number, patch: number): number {
  const block = tokens * 12 * width ** 2 + 2 * tokens ** 2 * width;
  return depth * block + tokens * 3 * patch ** 2 * width;
}

function headMacs(
  { width, mask, segments, doublings, decoder }: HeadConfig,
  channels: readonly number[],
  maps: readonly Size[],
): number {
  const [coarsest, coarsestChannels] = [maps.at(-1)!, channels.at(-1)!];
  let macs = area(coarsest) * 9 * coarsestChannels * width;
  channels.slice(0, -1).forEach((size, i) => {
    macs += area(maps[i]) * width * (size + 9 * width);
  });
  let size = maps[0];
  macs += area(size) * 9 * width * width;
  for (let i = 0; i < doublings; i++) {
    size = { height: 2 * size.height + 2, width: 2 * size.width + 2 };
    macs += area(size) * width * width * (1 + (i < doublings - 1 ? 9 : 0));
  }
  macs += area(size) * (9 * width * mask + mask * segments);
  const tokens = area(coarsest);
  macs += tokens * coarsestChannels * width;
  macs += decoder.layers * (2 * tokens * width ** 2 + 2 * tokens * segments * width);
  macs += decoder.layers * segments * width * (6 * width + 2 * decoder.hidden);
  return macs;
}

/** DINO's patches and blocks; all of its models have twelve and the paper's patches are of 8. */
const PATCH = 8, DEPTH = 12;

/**
 * Floating-point operations of a training step, in 10⁹: backward costs twice forward, and a frozen
 * backbone has no backward.
 */
export function trainingGigaflop({ backbone, head, picture, batch }: GuessWhatMovesRecipe): number {
  const maps = mapSizes(backbone, picture, PATCH);
  const trained = headMacs(head, channelsOf(backbone), maps);
  const own = backbone.kind === "pyramid"
    ? 3 * pyramidMacs(backbone, maps)
    : transformerMacs(area(maps[0]) + 1, backbone.width, DEPTH, PATCH);
  return 2 * batch * (3 * trained + own) / 1e9;
}
