/**
 * Affine maps of the plane.
 *
 * @module
 */

/** The map (x, y) -> (a x + b y + c, d x + e y + f), as [a, b, c, d, e, f]. */
export type Affine = readonly [number, number, number, number, number, number];

/** The map that moves nothing. */
export const identity: Affine = [1, 0, 0, 0, 1, 0];

/** The map that applies `inner` first and `outer` second. */
export function compose(outer: Affine, inner: Affine): Affine {
  const [a, b, c, d, e, f] = outer;
  const [p, q, r, s, t, u] = inner;
  return [
    a * p + b * s,
    a * q + b * t,
    a * r + b * u + c,
    d * p + e * s,
    d * q + e * t,
    d * r + e * u + f,
  ];
}

/** The inverse of a map with a non-zero determinant. */
export function invert([a, b, c, d, e, f]: Affine): Affine {
  const scale = 1 / (a * e - b * d);
  return [
    e * scale,
    -b * scale,
    (b * f - c * e) * scale,
    -d * scale,
    a * scale,
    (c * d - a * f) * scale,
  ];
}

/** The map that does to positions around `(x, y)` what `map` does around the origin. */
export function around(x: number, y: number, map: Affine): Affine {
  return compose([1, 0, x, 0, 1, y], compose(map, [1, 0, -x, 0, 1, -y]));
}

/** Rotation by an angle in radians, from the x axis toward the y axis. */
export function rotation(angle: number): Affine {
  const c = Math.cos(angle), s = Math.sin(angle);
  return [c, -s, 0, s, c, 0];
}
