/**
 * How one quantity grows with another: y = factor · x^exponent.
 *
 * @module
 */

/** A fitted power law. */
export interface PowerLaw {
  readonly exponent: number;
  readonly factor: number;
  /** Share of log y's variance that the law explains, 0…1; 1 where y does not vary. */
  readonly explained: number;
}

/**
 * Least squares in log-log: each point counts by its ratio to the law.
 *
 * @param points (x, y), all positive.
 * @returns Null with fewer than two different x.
 */
export function fitPowerLaw(points: readonly (readonly [x: number, y: number])[]): PowerLaw | null {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const n = logs.length;
  const mean = (axis: 0 | 1) => logs.reduce((sum, point) => sum + point[axis], 0) / n;
  const [mx, my] = [mean(0), mean(1)];
  const sum = (of: (dx: number, dy: number) => number) =>
    logs.reduce((total, [x, y]) => total + of(x - mx, y - my), 0);
  const xx = sum((dx) => dx * dx);
  if (!(xx > 0)) return null;
  const exponent = sum((dx, dy) => dx * dy) / xx;
  const rest = sum((dx, dy) => (dy - exponent * dx) ** 2), all = sum((_, dy) => dy * dy);
  return {
    exponent,
    factor: Math.exp(my - exponent * mx),
    explained: all > 0 ? 1 - rest / all : 1,
  };
}
