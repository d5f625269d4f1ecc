/**
 * The ground truth of a scene, exact to rounding: it is read off the outlines and poses, never off
 * the pictures.
 *
 * A pixel belongs to the nearest layer whose outline holds the pixel's center. For a straight edge
 * that is the layer that covers more than half of it. Flow and occlusion are those of the center.
 *
 * @module
 */
import type { RandomStream } from "../../base/random.ts";
import { type Affine, compose, identity, invert } from "../../base/affine.ts";
import { Coverage } from "./coverage.ts";
import type { Scene } from "./scene.ts";
import { boundsOf, type Box, contains } from "./shapes.ts";

/** A scene's poses at whole frames, with which points are carried from frame to frame. */
export class Truth {
  /** [frame][layer]. */
  private readonly poses: Affine[][];
  private readonly inverses: Affine[][];
  /** What holds each layer's outline in the picture, [frame][layer]; null where it has none. */
  private readonly boxes: (Box | null)[][];

  /** Works out the scene's poses once. */
  constructor(private readonly scene: Scene) {
    const times = Array.from({ length: scene.frames }, (_, time) => time);
    this.poses = times.map((time) => scene.layers.map((layer) => layer.poseAt(time)));
    this.inverses = this.poses.map((poses) => poses.map(invert));
    this.boxes = this.poses.map((poses) =>
      scene.layers.map(({ outline }, i) => outline && boundsOf(outline, poses[i]))
    );
  }

  /** The map that carries points of a layer from one frame to another. */
  private step(layer: number, from: number, to: number): Affine {
    // Not left to rounding: tracks start at whole pixels.
    if (from === to) return identity;
    return compose(this.poses[to][layer], this.inverses[from][layer]);
  }

  /** Whether a point of a layer, now at (x, y), lies in the picture with nothing before it. */
  private sees(layer: number, frame: number, x: number, y: number): boolean {
    const { layers, width, height } = this.scene;
    if (!(x >= -0.5 && x < width - 0.5 && y >= -0.5 && y < height - 0.5)) return false;
    const boxes = this.boxes[frame];
    for (let i = layer + 1; i < layers.length; i++) {
      const { outline, instance } = layers[i], box = boxes[i];
      // Parts of the background move as one and never hide each other.
      if (outline === null || box === null || instance === layers[layer].instance) continue;
      if (x < box.minX || x > box.maxX || y < box.minY || y > box.maxY) continue;
      const [a, b, c, d, e, f] = this.inverses[frame][i];
      if (contains(outline, a * x + b * y + c, d * x + e * y + f)) return false;
    }
    return true;
  }

  /** For each pixel of a frame the index of the layer seen there, [height, width]. */
  layerMap(frame: number): Uint8Array {
    const { layers, width, height } = this.scene;
    const map = new Uint8Array(height * width);
    const coverage = new Coverage(width, height);
    layers.forEach(({ outline }, index) => {
      if (outline === null || !coverage.compute(outline, this.poses[frame][index])) return;
      const [a, b, c, d, e, f] = this.inverses[frame][index];
      for (let row = 0; row < coverage.height; row++) {
        const y = coverage.top + row;
        for (let column = 0; column < coverage.width; column++) {
          const share = coverage.values[row * coverage.stride + column];
          if (share < 1e-3) continue;
          const x = coverage.left + column;
          // Only pixels on the outline need the exact test.
          if (share > 0.999 || contains(outline, a * x + b * y + c, d * x + e * y + f)) {
            map[y * width + x] = index;
          }
        }
      }
    });
    return map;
  }

  /**
   * Flow (u, v) of every pixel of frame `from`, [height, width, 2], and 1 where its point is
   * hidden or outside in frame `to`, [height, width].
   *
   * @param map The {@link layerMap} of frame `from`.
   */
  flow(map: Uint8Array, from: number, to: number, flow: Float32Array, occluded: Uint8Array): void {
    const { width, height, layers } = this.scene;
    const steps = layers.map((_, layer) => this.step(layer, from, to));
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++, at++) {
        const [a, b, c, d, e, f] = steps[map[at]];
        const u = (a - 1) * x + b * y + c, v = d * x + (e - 1) * y + f;
        flow[2 * at] = u;
        flow[2 * at + 1] = v;
        occluded[at] = this.sees(map[at], to, x + u, y + v) ? 0 : 1;
      }
    }
  }

  /**
   * Follows points through all frames. Each starts at a pixel of a random frame, half of them
   * anywhere and half on a random visible layer, so that small objects are not left out.
   *
   * @param maps The {@link layerMap} of every frame.
   * @returns Positions (x, y), [count, frames, 2], and 1 where the point is seen, [count, frames].
   */
  tracks(
    maps: readonly Uint8Array[],
    count: number,
    random: RandomStream,
  ): { tracks: Float32Array; visible: Uint8Array } {
    const { width, frames } = this.scene;
    const tracks = new Float32Array(count * frames * 2), visible = new Uint8Array(count * frames);
    const pixels = maps.map(pixelsByLayer);
    for (let point = 0; point < count; point++) {
      const start = random.integer(0, frames);
      const pixel = random.chance(0.5)
        ? random.integer(0, maps[start].length)
        : random.pick(random.pick(pixels[start]));
      const layer = maps[start][pixel], x0 = pixel % width, y0 = Math.floor(pixel / width);
      for (let frame = 0; frame < frames; frame++) {
        const [a, b, c, d, e, f] = this.step(layer, start, frame);
        const x = a * x0 + b * y0 + c, y = d * x0 + e * y0 + f, at = point * frames + frame;
        tracks[2 * at] = x;
        tracks[2 * at + 1] = y;
        visible[at] = this.sees(layer, frame, x, y) ? 1 : 0;
      }
    }
    return { tracks, visible };
  }
}

/** The pixels of every layer that has some, in the order the layers appear in. */
function pixelsByLayer(map: Uint8Array): number[][] {
  const pixels = new Map<number, number[]>();
  for (let at = 0; at < map.length; at++) {
    const list = pixels.get(map[at]);
    if (list) list.push(at);
    else pixels.set(map[at], [at]);
  }
  return [...pixels.values()];
}
