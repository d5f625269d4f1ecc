/**
 * The outlines of the moving shapes: simple polygons about the origin.
 *
 * Round outlines are polygons too, of edges about a pixel long: an affine map of a polygon is a
 * polygon, so that coverage, containment and motion stay exact.
 *
 * @module
 */
import type { RandomStream } from "../../base/random.ts";
import type { Affine } from "../../base/affine.ts";
import { logUniform } from "./randomness.ts";

/** Vertices x0, y0, x1, y1, … in order around the outline, in pixels about the shape's center. */
export type Polygon = Float64Array;

/** An axis-aligned box. */
export interface Box {
  /** Left side. */
  readonly minX: number;
  /** Upper side. */
  readonly minY: number;
  /** Right side. */
  readonly maxX: number;
  /** Lower side. */
  readonly maxY: number;
}

/** The shape families of ordinary objects. */
export const commonFamilies = ["disc", "slab", "shard", "star", "blob", "rod"] as const;

/** The families of the rare small objects. */
export const rareFamilies = ["bead", "spark"] as const;

/** A shape family; objects of one family are one semantic class. */
export type Family = typeof commonFamilies[number] | typeof rareFamilies[number];

/**
 * Draws an outline.
 *
 * @param unit The shorter side of the frame in pixels; sizes are shares of it.
 */
export function drawOutline(family: Family, unit: number, random: RandomStream): Polygon {
  const radius = logUniform(random, 0.1 * unit, 0.38 * unit);
  switch (family) {
    case "disc": {
      const aspect = random.uniform(0.45, 1);
      return polar(roundCount(radius), (angle) => {
        return radius * aspect / Math.hypot(aspect * Math.cos(angle), Math.sin(angle));
      });
    }
    case "slab": {
      const halfHeight = radius * random.uniform(0.35, 0.9);
      const taper = random.chance(0.3) ? random.uniform(0.5, 1) : 1;
      return box(radius, halfHeight, taper);
    }
    case "shard": {
      const corners = random.integer(3, 7);
      return polar(corners, () => radius, () => random.uniform(-0.3, 0.3));
    }
    case "star": {
      const inner = random.uniform(0.35, 0.6);
      return star(random.integer(4, 8), 1.15 * radius, inner);
    }
    case "blob": {
      const waves = [2, 3, 4, 5].map((order) => ({
        order,
        depth: random.uniform(0, 0.6) / order,
        phase: random.uniform(0, 2 * Math.PI),
      }));
      return polar(roundCount(radius), (angle) => {
        let r = 1;
        for (const { order, depth, phase } of waves) r += depth * Math.cos(order * angle + phase);
        return radius * Math.max(r, 0.2);
      });
    }
    case "rod":
      return box(
        unit * random.uniform(0.12, 0.45),
        Math.max(1.1, unit * random.uniform(0.01, 0.03)),
      );
    case "bead": {
      const small = Math.max(2, unit * random.uniform(0.024, 0.04));
      return polar(12, () => small);
    }
    case "spark":
      return star(4, Math.max(3.5, unit * random.uniform(0.04, 0.065)), 0.45);
  }
}

/** Vertices of a round outline: edges of about 1.5 pixels, so that corners do not show. */
function roundCount(radius: number): number {
  return Math.min(64, Math.max(12, Math.round(4 * radius)));
}

/** A polygon of `count` vertices at evenly spaced angles, each jittered by a share of the step. */
function polar(
  count: number,
  radiusAt: (angle: number) => number,
  jitter: () => number = () => 0,
): Polygon {
  const polygon = new Float64Array(2 * count);
  for (let i = 0; i < count; i++) {
    const angle = 2 * Math.PI * (i + jitter()) / count;
    const radius = radiusAt(angle);
    polygon[2 * i] = radius * Math.cos(angle);
    polygon[2 * i + 1] = radius * Math.sin(angle);
  }
  return polygon;
}

/** A star whose dents lie at `inner` times the spikes' radius. */
function star(spikes: number, radius: number, inner: number): Polygon {
  let vertex = 0;
  return polar(2 * spikes, () => radius * (vertex++ % 2 === 0 ? 1 : inner));
}

/** A rectangle, or a trapezium whose right side is `taper` times as tall. */
function box(halfWidth: number, halfHeight: number, taper = 1): Polygon {
  const right = halfHeight * taper;
  return Float64Array.of(
    ...[-halfWidth, -halfHeight],
    ...[halfWidth, -right],
    ...[halfWidth, right],
    ...[-halfWidth, halfHeight],
  );
}

/**
 * Draws a stretch of land: everything below a wavy horizon through the origin.
 *
 * @param reach How far it extends to every side, in pixels.
 */
export function drawLand(reach: number, random: RandomStream): Polygon {
  const waves = [1, 2, 3].map((order) => ({
    frequency: 2 * Math.PI * order * random.uniform(0.5, 1.5) / reach,
    height: reach * random.uniform(0, 0.08) / order,
    phase: random.uniform(0, 2 * Math.PI),
  }));
  const vertices = [reach, reach, -reach, reach];
  const steps = 64;
  for (let i = 0; i <= steps; i++) {
    const x = reach * (2 * i / steps - 1);
    let y = 0;
    for (const { frequency, height, phase } of waves) y += height * Math.sin(frequency * x + phase);
    vertices.push(x, y);
  }
  return Float64Array.from(vertices);
}

/** The smallest box that holds all points (x0, y0, x1, y1, …) after an affine map. */
export function boundsOf(points: Float64Array, [a, b, c, d, e, f]: Affine): Box {
  let minX = Infinity, minY = Infinity, maxX = -Infinity, maxY = -Infinity;
  for (let i = 0; i < points.length; i += 2) {
    const x = a * points[i] + b * points[i + 1] + c;
    const y = d * points[i] + e * points[i + 1] + f;
    minX = Math.min(minX, x);
    minY = Math.min(minY, y);
    maxX = Math.max(maxX, x);
    maxY = Math.max(maxY, y);
  }
  return { minX, minY, maxX, maxY };
}

/** What two boxes share, or null where that is nothing. */
export function intersection(a: Box, b: Box): Box | null {
  const minX = Math.max(a.minX, b.minX), maxX = Math.min(a.maxX, b.maxX);
  const minY = Math.max(a.minY, b.minY), maxY = Math.min(a.maxY, b.maxY);
  return minX < maxX && minY < maxY ? { minX, minY, maxX, maxY } : null;
}

/** The corners of a box, as a polygon. */
export function corners({ minX, minY, maxX, maxY }: Box): Polygon {
  return Float64Array.of(minX, minY, maxX, minY, maxX, maxY, minX, maxY);
}

/** Whether a point lies inside a polygon (even-odd rule; each edge owns its lower end). */
export function contains(polygon: Polygon, x: number, y: number): boolean {
  let inside = false;
  const n = polygon.length;
  let px = polygon[n - 2], py = polygon[n - 1];
  for (let i = 0; i < n; i += 2) {
    const qx = polygon[i], qy = polygon[i + 1];
    if ((py <= y) !== (qy <= y) && x < px + (y - py) * (qx - px) / (qy - py)) inside = !inside;
    px = qx;
    py = qy;
  }
  return inside;
}
