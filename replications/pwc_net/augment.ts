/**
 * PWC-Net's training augmentation: FlowNet 2's, with the numbers of the released Caffe network
 * (`Caffe/model/train.prototxt`), as its layers apply them (lmb-freiburg/flownet2).
 *
 * Both pictures get one draw of place and colour; the second gets a small one of its own on top, which
 * grows over the first training steps. Flow follows. Every random choice comes from the stream passed
 * in.
 *
 * @module
 */
import { type Affine, compose, rotation } from "../../base/affine.ts";
import { type Mask, type NdArray, ndarray, packed } from "../../base/arrays.ts";
import { UsageError } from "../../base/errors.ts";
import type { RandomStream } from "../../base/random.ts";
import type { Size } from "../../datasets/augment/crop.ts";
import {
  changeColors,
  changeEigenColors,
  type Curve,
  type EigenChange,
  eigenStatistics,
  type PlainChange,
} from "../../datasets/augment/eigen_color.ts";
import { through, transformFlow, transformPicture } from "../../datasets/augment/transform.ts";
import type { FlowSample } from "../../datasets/sample.ts";
import type { AugmentedSample } from "../flow_batches.ts";

/** A sample after augmentation, which interpolates grey levels. */
interface Seen extends AugmentedSample {
  readonly image1: NdArray<Float32Array>;
  readonly image2: NdArray<Float32Array>;
}

/** Distribution of a number: uniform in mean ± spread, or normal with this deviation. */
export interface Draw {
  readonly kind: "uniform" | "normal";
  readonly mean: number;
  readonly spread: number;
  /** Of being drawn at all rather than left neutral; 1 unless told. */
  readonly probability?: number;
}

/** Where a picture is seen from. Zoom and squeeze are drawn as logarithms. */
export interface PlaceDraws {
  /** Along each axis, in widths and heights of the crop. */
  readonly translation: Draw;
  /** Radians. */
  readonly rotation: Draw;
  readonly zoom: Draw;
  /** Of the width, and its inverse of the height. */
  readonly squeeze: Draw;
}

/** A {@link Curve}; power and factor are drawn as logarithms. */
export type CurveDraws = Readonly<Record<keyof Curve, Draw>>;

/** How the colours of both pictures change. */
export interface ColorDraws {
  /** Of brightness' own axis. */
  readonly brightness: CurveDraws;
  /** Of each of the two axes of colour. */
  readonly color: CurveDraws;
  readonly saturation: CurveDraws;
  readonly length: CurveDraws;
  /** Radians. */
  readonly rotation: Draw;
}

/** How the second picture differs from the first; all but `place` and `brightness` as logarithms. */
export interface RelativeDraws {
  readonly place: PlaceDraws;
  readonly gamma: Draw;
  readonly brightness: Draw;
  readonly contrast: Draw;
  readonly color: Draw;
  /** Spreads start at half and gain half of what is missing in so many steps. */
  readonly halfLife: number;
}

/** How the samples of one dataset are augmented. */
export interface PwcNetAugmentation {
  /** Size of every augmented sample. */
  readonly crop: Size;
  /**
   * Length of flow in pixels beyond which nothing of a pair is taken for known: it then counts for
   * nothing in its batch, whose other pairs stay those they are.
   */
  readonly longest?: number;
  readonly place: PlaceDraws;
  /** Probabilities of mirroring. */
  readonly flips: { readonly horizontal: number; readonly vertical: number };
  readonly colors: ColorDraws | null;
  /** Deviation of the noise on both pictures, of the whole range of brightness. */
  readonly noise: Draw | null;
  readonly relative: RelativeDraws | null;
}

const uniform = (mean: number, spread: number): Draw => ({ kind: "uniform", mean, spread });
const normal = (spread: number): Draw => ({ kind: "normal", mean: 0, spread });
const nothing = uniform(0, 0);

const everything: Omit<PwcNetAugmentation, "crop"> = {
  place: {
    translation: uniform(0, 0.4),
    rotation: uniform(0, 0.4),
    zoom: uniform(0.2, 0.4),
    squeeze: uniform(0, 0.3),
  },
  flips: { horizontal: 0, vertical: 0 },
  colors: {
    brightness: { pow: normal(0.4), mult: normal(0.4), add: normal(0.04) },
    color: { pow: normal(0.4), mult: normal(0.2), add: normal(0.02) },
    saturation: { pow: uniform(0, 0.4), mult: uniform(-0.3, 0.5), add: uniform(0, 0.03) },
    length: { pow: uniform(-0.2, 0.4), mult: uniform(0, 0.4), add: uniform(0, 0.03) },
    rotation: uniform(0, 1),
  },
  noise: uniform(0.03, 0.03),
  relative: {
    place: {
      translation: normal(0.03),
      rotation: normal(0.03),
      zoom: normal(0.03),
      squeeze: nothing,
    },
    gamma: normal(0.02),
    brightness: normal(0.02),
    contrast: normal(0.02),
    color: normal(0.02),
    halfLife: 50_000,
  },
};

/** The draws, each of them made every second time only. */
function halved<T extends object>(draws: T): T {
  const entries = Object.entries(draws).map(([name, value]) => [
    name,
    typeof value !== "object" || value === null
      ? value
      : "kind" in value
      ? { ...value, probability: 0.5 }
      : halved(value),
  ]);
  return Object.fromEntries(entries);
}

/** Mirrored pictures come with fine-tuning (Sun et al. 2018, section 4). */
const mirroring = { horizontal: 0.5, vertical: 0 };

/**
 * The paper's settings by training stage. The text has 448×384 crops of FlyingChairs, the released
 * network 448×320. Of FlyingThings3D, frames that move by more than 1000 pixels are left out.
 */
export const augmentation = {
  chairs: { ...everything, crop: { height: 384, width: 448 } },
  things: { ...everything, longest: 1000, crop: { height: 384, width: 768 } },
  /** Fine-tuning for Sintel leaves the noise out. */
  sintel: { ...everything, flips: mirroring, noise: null, crop: { height: 384, width: 768 } },
  /**
   * As the released network for KITTI has it (`PWC-Net_plus_kitti/model/train_12_15.prototxt`): all
   * numbers every second time but where the first picture's crop lies, which is drawn always.
   */
  kitti: {
    ...halved(everything),
    place: { ...halved(everything.place), translation: everything.place.translation },
    flips: mirroring,
    crop: { height: 320, width: 896 },
  },
} as const satisfies Record<string, PwcNetAugmentation>;

/** Crops anywhere and mirrored both ways, and nothing else. */
export const cropsAndFlips = (crop: Size): PwcNetAugmentation => ({
  ...everything,
  crop,
  place: { translation: uniform(0, 0.5), rotation: nothing, zoom: nothing, squeeze: nothing },
  flips: { horizontal: 0.5, vertical: 0.5 },
  colors: null,
  noise: null,
  relative: null,
});

/** Where a picture is seen from; zoom as a logarithm along each axis. */
interface Place {
  readonly dx: number;
  readonly dy: number;
  readonly angle: number;
  readonly zoomX: number;
  readonly zoomY: number;
}

const NOWHERE_ELSE: Place = { dx: 0, dy: 0, angle: 0, zoomX: 0, zoomY: 0 };

/** How often a place is drawn anew before the one it is relative to is taken. */
const TRIES = 50;

/** Draws numbers for one sample. */
class Drawing {
  constructor(private readonly stream: RandomStream) {}

  one({ kind, mean, spread, probability = 1 }: Draw, growth = 1): number {
    if (!this.stream.chance(probability)) return 0;
    return kind === "uniform"
      ? this.stream.uniform(mean - growth * spread, mean + growth * spread)
      : this.stream.normal(mean, growth * spread);
  }

  curve({ pow, add, mult }: CurveDraws): Curve {
    return { pow: Math.exp(this.one(pow)), add: this.one(add), mult: Math.exp(this.one(mult)) };
  }

  /** A place on top of another, of which `fits` is true; the other where none is found. */
  place(draws: PlaceDraws, before: Place, growth: number, fits: (place: Place) => boolean): Place {
    for (let i = 0; i < TRIES; i++) {
      const dx = this.one(draws.translation, growth), dy = this.one(draws.translation, growth);
      const angle = this.one(draws.rotation, growth), zoom = this.one(draws.zoom, growth);
      const squeeze = this.one(draws.squeeze, growth);
      const place = {
        dx: before.dx + dx,
        dy: before.dy + dy,
        angle: before.angle + angle,
        zoomX: before.zoomX + zoom + squeeze,
        zoomY: before.zoomY + zoom - squeeze,
      };
      if (fits(place)) return place;
    }
    return before;
  }

  colors({ brightness, color, saturation, length, rotation }: ColorDraws): EigenChange {
    return {
      axes: [this.curve(brightness), this.curve(color), this.curve(color)],
      saturation: this.curve(saturation),
      length: this.curve(length),
      rotation: this.one(rotation),
    };
  }

  plain({ gamma, brightness, contrast, color }: RelativeDraws, growth: number): PlainChange {
    const factor = (draw: Draw) => Math.exp(this.one(draw, growth));
    return {
      gamma: factor(gamma),
      brightness: this.one(brightness, growth),
      contrast: factor(contrast),
      color: [factor(color), factor(color), factor(color)],
    };
  }
}

/** The map from pixels of the crop to those of the picture. */
function mapOf(
  { dx, dy, angle, zoomX, zoomY }: Place,
  crop: Size,
  picture: Size,
  [flipX, flipY]: readonly [number, number],
): Affine {
  const toCenter: Affine = [flipX, 0, -flipX * crop.width / 2, 0, flipY, -flipY * crop.height / 2];
  const moved: Affine = [1, 0, dx * crop.width, 0, 1, dy * crop.height];
  const out: Affine = [
    Math.exp(-zoomX),
    0,
    picture.width / 2,
    0,
    Math.exp(-zoomY),
    picture.height / 2,
  ];
  return compose(out, compose(moved, compose(rotation(angle), toCenter)));
}

/** Whether the crop's corners show something inside the picture, a pixel off its far edges. */
function inside(map: Affine, crop: Size, { height, width }: Size): boolean {
  return [[0, 0], [crop.width - 1, 0], [0, crop.height - 1], [crop.width - 1, crop.height - 1]]
    .every(([x, y]) => {
      const [px, py] = through(map, x, y).map(Math.floor);
      return px >= 0 && py >= 0 && px <= width - 2 && py <= height - 2;
    });
}

/** How far spreads have grown: ½ at the start, ¾ after the half-life, 1 in the end. */
const growthAt = (step: number, halfLife: number) =>
  0.5 + 0.5 * (2 / (1 + Math.exp(-1.0986 * (step + 1) / halfLife)) - 1);

/** Where a sample's flow is known: nowhere, where some of it is longer than that. */
function knownOf({ flow, valid }: FlowSample, longest: number): Mask {
  const vectors = packed(flow);
  const within = packed(valid).every((known, i) =>
    !known || Math.hypot(vectors[2 * i], vectors[2 * i + 1]) <= longest
  );
  return within ? valid : ndarray(new Uint8Array(vectors.length / 2), valid.shape);
}

/**
 * Augments a sample.
 *
 * @param step Of the stage, from 0.
 * @returns A sample of the crop's size: values 0…255 that noise may exceed, flow in pixels of the
 * result, zero where unknown.
 * @throws {UsageError} When the crop is larger than the pictures.
 */
export function augment(
  sample: FlowSample,
  settings: PwcNetAugmentation,
  stream: RandomStream,
  step: number,
): Seen {
  const { crop, flips, colors, noise, relative } = settings;
  const [height, width] = sample.image1.shape;
  const size = { height, width };
  if (crop.height > height || crop.width > width) {
    throw new UsageError(
      `Cannot crop ${crop.height}x${crop.width} (height x width) from sample ${sample.id}: ` +
        `it has ${height}x${width}`,
      "Choose a recipe with a smaller crop.",
    );
  }
  const drawing = new Drawing(stream);
  const sign = (probability: number) => stream.chance(probability) ? -1 : 1;
  const mirrored = [sign(flips.horizontal), sign(flips.vertical)] as const;
  const map = (place: Place) => mapOf(place, crop, size, mirrored);
  const fits = (place: Place) => inside(map(place), crop, size);

  const growth = relative ? growthAt(step, relative.halfLife) : 1;
  const first = drawing.place(settings.place, NOWHERE_ELSE, 1, fits);
  const second = relative ? drawing.place(relative.place, first, growth, fits) : first;
  const change = colors && drawing.colors(colors);
  const plain = relative && drawing.plain(relative, growth);
  const deviation = noise ? Math.max(0, drawing.one(noise)) : 0;

  const [image1, image2] = [sample.image1, sample.image2].map((image, i) => {
    const out = transformPicture(image, map(i === 0 ? first : second), crop);
    const { data } = out;
    for (let at = 0; at < data.length; at++) data[at] /= 255;
    if (change) changeEigenColors(data, change, eigenStatistics(packed(image)));
    if (plain && i === 1) changeColors(data, plain);
    for (let at = 0; at < data.length; at++) {
      data[at] = 255 * (deviation > 0 ? data[at] + stream.normal(0, deviation) : data[at]);
    }
    return out;
  });
  const known = settings.longest === undefined ? sample.valid : knownOf(sample, settings.longest);
  const { flow, valid } = transformFlow(sample.flow, known, map(first), map(second), crop);
  return { image1, image2, flow, valid };
}
