/**
 * Draws a scene: a textured background and textured shapes, one over the other, all moving.
 *
 * A layer's pose maps its own coordinates to the picture, where pixel (x, y) is the unit square
 * about (x, y). Everything else (pictures, flow, occlusions, labels, tracks) follows from the
 * outlines, the textures and the poses.
 *
 * @module
 */
import type { RandomStream } from "../../base/random.ts";
import { type Affine, around, compose, identity, invert, rotation } from "../../base/affine.ts";
import type { MovingShapesConfig } from "./config.ts";
import { drawMotion, motionAt } from "./motion.ts";
import { type PatternName, patternNames } from "./patterns.ts";
import { logUniform } from "./randomness.ts";
import {
  boundsOf,
  type Box,
  commonFamilies,
  corners,
  drawLand,
  drawOutline,
  type Family,
  intersection,
  type Polygon,
  rareFamilies,
} from "./shapes.ts";
import { drawTexture, type Texture } from "./texture.ts";

/** What the background can be made of, told apart by texture alone. */
const grounds = {
  mist: ["clouds", "ramp"],
  waves: ["stripes"],
  tiles: ["checks", "cobbles"],
  rubble: ["leaves", "spots"],
} as const satisfies Record<string, readonly PatternName[]>;

type Ground = keyof typeof grounds;
const groundNames = Object.keys(grounds) as readonly Ground[];

/** The patterns a family's objects mostly wear; a fifth wear any. */
const favorites: Record<Family, readonly PatternName[]> = {
  disc: ["clouds", "ramp"],
  slab: ["stripes", "leaves"],
  shard: ["checks", "clouds"],
  star: ["cobbles", "spots"],
  blob: ["spots", "leaves"],
  rod: ["stripes", "ramp"],
  bead: ["ramp"],
  spark: ["clouds"],
};

/**
 * The semantic classes, by class id: four kinds of background told apart by texture, six shape
 * families, and two families of rare small objects. Colors say nothing about the class.
 */
export const classNames: readonly string[] = [...groundNames, ...commonFamilies, ...rareFamilies];

/** One thing in a scene. */
export interface Layer {
  /** 0 for the background and what belongs to it, then 1, 2, … from far to near. */
  readonly instance: number;
  /** Index into {@link classNames}. */
  readonly classId: number;
  /** In the layer's own coordinates, or null where the layer fills the picture. */
  readonly outline: Polygon | null;
  /** Its colors, in the layer's own coordinates. */
  readonly texture: Texture;
  /** Map from the layer's own coordinates to the picture at a time in frames. */
  poseAt(time: number): Affine;
}

/** A drawn scene, ready to be rendered at any time. */
export interface Scene {
  /** Rows of the picture. */
  readonly height: number;
  /** Columns of the picture. */
  readonly width: number;
  /** Frames of the video, at times 0, 1, … */
  readonly frames: number;
  /** From far to near; the first fills the picture. */
  readonly layers: readonly Layer[];
  /** Share of the frame interval the shutter is open, around the frame's time. */
  readonly exposure: number;
  /** Standard deviation of the camera noise in grey levels. */
  readonly noise: number;
  /** Factors of red, green and blue at a time in frames. */
  gainAt(time: number): readonly number[];
}

/** Draws the scene of one video. Every choice comes from a stream of its own under `random`. */
export function drawScene(config: MovingShapesConfig, random: RandomStream): Scene {
  const { height, width } = config;
  const frame = { minX: -0.5, minY: -0.5, maxX: width - 0.5, maxY: height - 0.5 };
  const cameraAt = drawCamera(config, frame, random.fork("camera"));
  const layers = drawBackground(config, frame, cameraAt, random.fork("background"));
  const cast = drawCast(config, random.fork("cast"));
  cast.forEach((family, i) => {
    layers.push(drawObject(config, frame, cameraAt, family, i + 1, random.fork("object", i)));
  });
  return {
    height,
    width,
    frames: config.frames,
    layers,
    ...drawSensor(config, random.fork("sensor")),
  };
}

/** Pan, rotation and zoom of the whole scene; none at all in some videos. */
function drawCamera(
  { maxDisplacement, frames, width, height }: MovingShapesConfig,
  frame: Box,
  random: RandomStream,
): (time: number) => Affine {
  const limit = random.chance(0.08) ? 0 : maxDisplacement * logUniform(random, 0.08, 0.9);
  const reach = Math.hypot(width, height) / 2;
  const motion = drawMotion({
    speed: limit * random.uniform(0.6, 1.2),
    turn: limit / reach * random.uniform(0, 0.5),
    zoom: limit / reach * random.uniform(0, 0.5),
    deform: limit / reach * random.uniform(0, 0.1),
  }, random);
  const poseAt = (strength: number) => (time: number) =>
    around((width - 1) / 2, (height - 1) / 2, motionAt(motion, strength, time));
  return poseAt(tame((strength) => longestStep(poseAt(strength), null, frame, frames), limit));
}

/** The background: one ground, or two or three divided by wavy horizons, moved by the camera. */
function drawBackground(
  config: MovingShapesConfig,
  frame: Box,
  cameraAt: (time: number) => Affine,
  random: RandomStream,
): Layer[] {
  const reach = 3 * Math.hypot(config.width, config.height);
  const count = random.pick([1, 2, 2, 3]);
  return Array.from({ length: count }, (_, i) => {
    const own = random.fork("ground", i);
    const ground = own.pick(groundNames);
    const angle = rotation(own.uniform(0, 2 * Math.PI));
    const x = config.width * own.uniform(0.1, 0.9), y = config.height * own.uniform(0.1, 0.9);
    const place = compose([1, 0, x, 0, 1, y], angle);
    return textured(
      {
        instance: 0,
        classId: classNames.indexOf(ground),
        outline: i === 0 ? null : drawLand(reach, own.fork("outline")),
        poseAt: (time: number) => compose(cameraAt(time), place),
      },
      own.pick(grounds[ground]),
      frame,
      config,
      own.fork("texture"),
    );
  });
}

/** The families of a video's objects from far to near; rare ones in about a sixth of the videos. */
function drawCast({ shapes: [fewest, most] }: MovingShapesConfig, random: RandomStream): Family[] {
  const cast: Family[] = Array.from(
    { length: random.integer(fewest, most + 1) },
    () => random.pick(commonFamilies),
  );
  for (const family of rareFamilies) {
    // Near the viewer, so that they are small and rare rather than hidden.
    const count = random.chance(0.16) ? random.integer(1, 3) : 0;
    for (let n = 0; n < count; n++) cast.push(family);
  }
  return cast;
}

function drawObject(
  config: MovingShapesConfig,
  frame: Box,
  cameraAt: (time: number) => Affine,
  family: Family,
  instance: number,
  random: RandomStream,
): Layer {
  const { width, height, maxDisplacement, frames } = config;
  const outline = drawOutline(family, Math.min(width, height), random.fork("outline"));
  const angle = rotation(random.uniform(0, 2 * Math.PI));
  const x = width * random.uniform(-0.05, 1.05), y = height * random.uniform(-0.05, 1.05);

  // A sixth of the objects move with the background.
  const fast = random.chance(1 / 6) ? 0 : maxDisplacement * logUniform(random, 0.08, 1.5);
  const radius = Math.hypot(...outline.subarray(0, 2));
  const motion = drawMotion({
    speed: fast * random.uniform(0.6, 1.2),
    turn: Math.min(0.2, fast / radius * random.uniform(0, 0.5)),
    zoom: Math.min(0.05, fast / radius * random.uniform(0, 0.3)),
    deform: random.chance(0.5) ? Math.min(0.03, fast / radius * random.uniform(0, 0.2)) : 0,
  }, random.fork("motion"));
  const poseAt = (strength: number) => (time: number) => {
    const own = compose([1, 0, x, 0, 1, y], compose(motionAt(motion, strength, time), angle));
    return compose(cameraAt(time), own);
  };
  const strength = tame(
    (strength) => longestStep(poseAt(strength), outline, frame, frames),
    maxDisplacement,
  );
  return textured(
    {
      instance,
      classId: classNames.indexOf(family),
      outline,
      poseAt: poseAt(strength),
    },
    random.pick(random.chance(0.8) ? favorites[family] : patternNames),
    frame,
    config,
    random.fork("texture"),
  );
}

/** The largest strength of a few, from full to none, under which a motion keeps to a limit. */
function tame(longest: (strength: number) => number, limit: number): number {
  for (let strength = 1; strength > 0.05; strength *= 0.85) {
    if (longest(strength) <= limit) return strength;
  }
  return 0;
}

/** An upper bound, close in practice, of a layer's flow over its visible pixels, both ways. */
function longestStep(
  poseAt: (time: number) => Affine,
  outline: Polygon | null,
  frame: Box,
  frames: number,
): number {
  let longest = 0, before = poseAt(0);
  for (let time = 1; time < frames; time++) {
    const after = poseAt(time);
    for (const [from, to] of [[before, after], [after, before]]) {
      const seen = outline ? intersection(boundsOf(outline, from), frame) : frame;
      if (seen === null) continue;
      const [a, b, c, d, e, f] = compose(to, invert(from));
      const points = corners(seen);
      for (let i = 0; i < points.length; i += 2) {
        const x = points[i], y = points[i + 1];
        longest = Math.max(longest, Math.hypot((a - 1) * x + b * y + c, d * x + (e - 1) * y + f));
      }
    }
    before = after;
  }
  return longest;
}

/** Gives a layer a texture that reaches over all of it that is ever seen. */
function textured(
  layer: Omit<Layer, "texture">,
  kind: PatternName,
  frame: Box,
  config: MovingShapesConfig,
  random: RandomStream,
): Layer {
  // Half a frame more at both ends, for the shutter.
  const views = Array.from({ length: config.frames + 1 }, (_, i) => {
    return corners(boundsOf(corners(frame), invert(layer.poseAt(i - 0.5))));
  });
  const view = boundsOf(Float64Array.from(views.flatMap((points) => [...points])), identity);
  const extent = layer.outline ? intersection(boundsOf(layer.outline, identity), view) : view;
  // A shape that never comes into view still has its place in the order of the layers.
  const box = extent ?? { minX: 0, minY: 0, maxX: 1, maxY: 1 };
  return { ...layer, texture: drawTexture(box, kind, config, random) };
}

function drawSensor(
  { blur, noise, brightness }: MovingShapesConfig,
  random: RandomStream,
): Pick<Scene, "exposure" | "noise" | "gainAt"> {
  const exposure = random.chance(0.3) ? blur * random.uniform(0.2, 1) : 0;
  const deviation = random.chance(0.5) ? noise * random.uniform() : 0;
  const depth = random.chance(0.5) ? brightness * random.uniform() : 0;
  const frequency = random.uniform(0.2, 1), phase = random.uniform(0, 2 * Math.PI);
  const lags = [0, 1, 2].map(() => random.uniform(0, 1));
  return {
    exposure,
    noise: deviation,
    gainAt: (time) => lags.map((lag) => 1 + depth * Math.sin(frequency * time + phase + lag)),
  };
}
