/**
 * Batches of Guess What Moves: single frames with the flow that starts there.
 *
 * Which frames a step sees depends on the seed and the step alone.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type FlowField, ndarray, packed, type Picture } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";
import { type RandomStream, randomStream } from "../../base/random.ts";
import type { MaskedVideos } from "../../datasets/sample.ts";
import { resample } from "../../nn/resample.ts";
import type { VideoFlow } from "../flow_cache.ts";
import { MAX_FLOW } from "./loss.ts";
import type { GuessWhatMovesRecipe, Mirroring, Size } from "./recipes.ts";

/** Videos and their flow. */
export interface Source {
  readonly videos: MaskedVideos;
  readonly flow: VideoFlow;
  /** The command that computes their flow, for an error. */
  readonly howTo: string;
}

/** A frame to start from and the gap of its flow. */
interface Draw extends Mirroring {
  readonly source: Source;
  readonly index: number;
  readonly gap: number;
}

/** What a step trains on. */
export interface Frames {
  /** RGB, 0…255, [batch, height, width, 3]. */
  readonly pictures: tf.Tensor4D;
  /** Pixels of the flow's own size, clipped, [batch, height, width, 2]. */
  readonly flow: tf.Tensor4D;
}

/** Bytes of prepared frames and flow that are kept at hand. */
const MOST_KEPT = 2 ** 29;

/**
 * Opens a recipe's batches as a function of the step.
 *
 * @throws {DataError} When a source has no flow over one of the recipe's gaps, or none is long enough.
 */
export function openFrames(
  recipe: GuessWhatMovesRecipe,
  sources: readonly Source[],
  seed: number,
): (step: number) => Promise<Frames> {
  const starts = startsOf(recipe, sources);
  const stream = randomStream(seed, "guess what moves", "frames");
  const kept = new Kept(MOST_KEPT);
  const { picture, flow: flowSize, batch } = recipe;
  return async (step) => {
    const images = new Float32Array(batch * picture.height * picture.width * 3);
    const flows = new Float32Array(batch * flowSize.height * flowSize.width * 2);
    for (let i = 0; i < batch; i++) {
      const draw = drawFrom(starts, recipe, stream.fork(step, i));
      const { source: { videos, flow }, index, gap } = draw;
      const key = `${videos.id}:${videos.split} ${index}`;
      const image = await kept.get(key, async () => {
        const { image } = await videos.read(index);
        return await resizedPicture(image, picture, recipe.resizing);
      });
      const field = await kept.get(`${key} ${gap}`, async () => {
        const whole = await flow.read(index, gap);
        return resizedFlow(whole!, flowSize);
      });
      images.set(mirrored(image, picture, 3, draw), i * image.length);
      flows.set(mirroredFlow(field, flowSize, draw), i * field.length);
    }
    return {
      pictures: tf.tensor4d(images, [batch, picture.height, picture.width, 3]),
      flow: tf.tensor4d(flows, [batch, flowSize.height, flowSize.width, 2]),
    };
  };
}

/** A video and, for each choice of a gap, the frames of it that training may start from. */
interface Start {
  readonly source: Source;
  readonly choices: readonly (readonly [gap: number, frames: readonly number[]])[];
}

/** What is drawn from: a gap, and others that a frame must have flow over as well. */
function choicesOf({ gaps, pairedGaps }: GuessWhatMovesRecipe): { gap: number; all: number[] }[] {
  if (!pairedGaps) return gaps.map((gap) => ({ gap, all: [gap] }));
  return gaps.flatMap((gap, i) => gaps.slice(i + 1).map((other) => ({ gap, all: [gap, other] })));
}

/** The videos that have flow; both ends of a flow are frames that training may see. */
function startsOf(recipe: GuessWhatMovesRecipe, sources: readonly Source[]): Start[] {
  const { gaps, heldBack } = recipe;
  const nameOf = ({ videos }: Source) => `${videos.id}:${videos.split}`;
  const starts = sources.flatMap((source) => {
    const absent = gaps.filter((gap) => !source.flow.gaps.includes(gap));
    if (absent.length > 0) {
      throw new DataError(
        nameOf(source),
        `the recipe trains on flow over ${gaps.join(", ")} frames, and there is none over ` +
          absent.join(", "),
        `Compute it: ${source.howTo} --gaps=${gaps.join(",")} --replace`,
      );
    }
    return source.videos.videos.map(({ first, frames }): Start => ({
      source,
      choices: choicesOf(recipe).map(({ gap, all }) => {
        const seen = Array.from({ length: frames - heldBack }, (_, i) => i);
        const inside = seen.filter((i) =>
          all.every((gap) => i + gap >= 0 && i + gap < frames - heldBack)
        );
        return [gap, inside.map((i) => first + i)] as const;
      }).filter(([, inside]) => inside.length > 0),
    }));
  }).filter(({ choices }) => choices.length > 0);
  if (starts.length > 0) return starts;
  throw new DataError(
    sources.map(nameOf).join(", "),
    `no video has flow over ${gaps.join(" or ")} frames`,
  );
}

function drawFrom(
  starts: readonly Start[],
  { mirroring }: GuessWhatMovesRecipe,
  stream: RandomStream,
): Draw {
  const { source, choices } = stream.pick(starts);
  const [gap, frames] = stream.pick(choices);
  const index = stream.pick(frames);
  return {
    ...{ source, index, gap },
    left: mirroring.left && stream.chance(0.5),
    down: mirroring.down && stream.chance(0.5),
    transposed: mirroring.transposed && stream.chance(0.5),
  };
}

/**
 * A picture at the size the network takes, 0…255: bicubically, clipped, as the paper's code does; or
 * averaged over boxes where the picture is a whole multiple of the size.
 */
export async function resizedPicture(
  image: Picture,
  { height, width }: Size,
  resizing: GuessWhatMovesRecipe["resizing"],
): Promise<Float32Array> {
  const [h, w] = image.shape;
  const values = Float32Array.from(packed(image));
  if (h === height && w === width) return values;
  if (resizing === "box" && h % height === 0 && w % width === 0) {
    return boxed(values, h, w, h / height, w / width, 3);
  }
  const resized = tf.tidy(() =>
    tf.clipByValue(resample(tf.tensor4d(values, [1, h, w, 3]), height, width, "bicubic"), 0, 255)
  );
  const data = await resized.data() as Float32Array;
  resized.dispose();
  return data;
}

/** Means over boxes of `rows` by `columns`. */
function boxed(
  values: Float32Array,
  height: number,
  width: number,
  rows: number,
  columns: number,
  channels: number,
): Float32Array {
  const out = new Float32Array(values.length / rows / columns);
  const across = width / columns;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const to = (Math.floor(y / rows) * across + Math.floor(x / columns)) * channels;
      for (let c = 0; c < channels; c++) {
        out[to + c] += values[(y * width + x) * channels + c] / (rows * columns);
      }
    }
  }
  return out;
}

/**
 * Flow at the size the loss compares: nearest vectors, in pixels of the new size, clipped to
 * {@link MAX_FLOW}.
 */
export function resizedFlow(flow: FlowField, { height, width }: Size): Float32Array {
  const [h, w] = flow.shape;
  const values = packed(flow);
  const out = new Float32Array(height * width * 2);
  const clipped = (value: number) => Math.min(MAX_FLOW, Math.max(-MAX_FLOW, value));
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.floor(y * h / height) * w;
    for (let x = 0; x < width; x++, at += 2) {
      const from = 2 * (row + Math.floor(x * w / width));
      out[at] = clipped(values[from] * width / w);
      out[at + 1] = clipped(values[from + 1] * height / h);
    }
  }
  return out;
}

/** Every combination of the ways of mirroring that are used; the picture as it is comes first. */
export function viewsOf({ left, down, transposed }: Mirroring): Mirroring[] {
  const choices = (used: boolean) => used ? [false, true] : [false];
  return choices(transposed).flatMap((transposed) =>
    choices(down).flatMap((down) => choices(left).map((left) => ({ left, down, transposed })))
  );
}

/** Flipped horizontally, vertically, and rows and columns exchanged, in this order. */
export function mirrored(
  values: Float32Array,
  { height, width }: Size,
  channels: number,
  { left, down, transposed }: Mirroring,
): Float32Array {
  if (!left && !down && !transposed) return values;
  const view = ndarray(values, [height, width, channels]);
  const flipped = view.step(down ? -1 : 1, left ? -1 : 1, 1);
  return packed(transposed ? flipped.transpose(1, 0, 2) : flipped);
}

/** The way back from {@link mirrored}. */
export function unmirrored(
  values: Float32Array,
  size: Size,
  channels: number,
  { left, down, transposed }: Mirroring,
): Float32Array {
  const turned = mirrored(values, size, channels, { left: false, down: false, transposed });
  return mirrored(turned, size, channels, { left, down, transposed: false });
}

/** As {@link mirrored}; vectors turn with their pixels. */
export function mirroredFlow(flow: Float32Array, size: Size, how: Mirroring): Float32Array {
  const moved = mirrored(flow, size, 2, how);
  if (moved === flow) return flow;
  const out = new Float32Array(flow.length);
  for (let i = 0; i < out.length; i += 2) {
    const u = how.left ? -moved[i] : moved[i], v = how.down ? -moved[i + 1] : moved[i + 1];
    out[i] = how.transposed ? v : u;
    out[i + 1] = how.transposed ? u : v;
  }
  return out;
}

/** Arrays kept up to a number of bytes; what came first goes first. */
class Kept {
  private readonly values = new Map<string, Float32Array>();
  private bytes = 0;

  constructor(private readonly most: number) {}

  async get(key: string, make: () => Promise<Float32Array>): Promise<Float32Array> {
    const known = this.values.get(key);
    if (known) return known;
    const made = await make();
    this.values.set(key, made);
    this.bytes += made.byteLength;
    for (const [old, { byteLength }] of this.values) {
      if (this.bytes <= this.most || old === key) break;
      this.values.delete(old);
      this.bytes -= byteLength;
    }
    return made;
  }
}
