/**
 * One moving-shapes video with everything that is known about it.
 *
 * @module
 */
import { type NdArray, ndarray } from "../../base/arrays.ts";
import { UsageError } from "../../base/errors.ts";
import { randomStream } from "../../base/random.ts";
import { type MovingShapesConfig, videoCount } from "./config.ts";
import { renderFrames } from "./render.ts";
import { drawScene } from "./scene.ts";
import { Truth } from "./truth.ts";

/**
 * A video of T frames, H rows and W columns with its exact ground truth. Pixel (x, y) is the unit
 * square about (x, y); flow is in pixels from a frame to the next (forward) or the one before
 * (backward).
 */
export interface ShapesVideo {
  /** RGB, [T, H, W, 3]. */
  readonly frames: NdArray<Uint8Array>;
  /** (u, v) from frame t to t+1 at index t, [T-1, H, W, 2]. */
  readonly flowForward: NdArray<Float32Array>;
  /** (u, v) from frame t+1 to t at index t, [T-1, H, W, 2]. */
  readonly flowBackward: NdArray<Float32Array>;
  /** 1 where a pixel of frame t is hidden or outside in t+1, [T-1, H, W]. */
  readonly occludedForward: NdArray<Uint8Array>;
  /** 1 where a pixel of frame t+1 is hidden or outside in t, [T-1, H, W]. */
  readonly occludedBackward: NdArray<Uint8Array>;
  /** 0 for the background, else the object's number, the nearest highest, [T, H, W]. */
  readonly instances: NdArray<Uint8Array>;
  /** Index into the class names, [T, H, W]. */
  readonly classes: NdArray<Uint8Array>;
  /** Positions (x, y) of P points, inside the picture or not, [P, T, 2]. */
  readonly tracks: NdArray<Float32Array>;
  /** 1 where a point is inside the picture and nothing is before it, [P, T]. */
  readonly visible: NdArray<Uint8Array>;
}

/**
 * Renders a video. The same configuration, split and index give the same bits, whatever else is
 * rendered before.
 *
 * @throws {UsageError} For a split or an index that does not exist.
 */
export function renderVideo(config: MovingShapesConfig, split: string, index: number): ShapesVideo {
  const count = videoCount(config, split);
  if (!Number.isInteger(index) || index < 0 || index >= count) {
    throw new UsageError(`Cannot render video ${index} of ${split}: it has ${count} videos`);
  }
  const random = randomStream(config.seed, "moving-shapes", split, index);
  const scene = drawScene(config, random.fork("scene"));
  const truth = new Truth(scene);
  const { frames: T, height: H, width: W, layers } = scene;
  const maps = Array.from({ length: T }, (_, t) => truth.layerMap(t));

  const instances = new Uint8Array(T * H * W), classes = new Uint8Array(T * H * W);
  maps.forEach((map, t) =>
    map.forEach((layer, at) => {
      instances[t * H * W + at] = layers[layer].instance;
      classes[t * H * W + at] = layers[layer].classId;
    })
  );

  const flows = (from: (pair: number) => number, to: (pair: number) => number) => {
    const flow = ndarray(new Float32Array((T - 1) * H * W * 2), [T - 1, H, W, 2]);
    const occluded = ndarray(new Uint8Array((T - 1) * H * W), [T - 1, H, W]);
    for (let pair = 0; pair < T - 1; pair++) {
      const at = pair * H * W, end = at + H * W;
      truth.flow(
        maps[from(pair)],
        from(pair),
        to(pair),
        flow.data.subarray(2 * at, 2 * end),
        occluded.data.subarray(at, end),
      );
    }
    return { flow, occluded };
  };
  const forward = flows((pair) => pair, (pair) => pair + 1);
  const backward = flows((pair) => pair + 1, (pair) => pair);

  const points = truth.tracks(maps, config.tracks, random.fork("tracks"));
  return {
    frames: ndarray(renderFrames(scene, random.fork("noise")), [T, H, W, 3]),
    flowForward: forward.flow,
    flowBackward: backward.flow,
    occludedForward: forward.occluded,
    occludedBackward: backward.occluded,
    instances: ndarray(instances, [T, H, W]),
    classes: ndarray(classes, [T, H, W]),
    tracks: ndarray(points.tracks, [config.tracks, T, 2]),
    visible: ndarray(points.visible, [config.tracks, T]),
  };
}
