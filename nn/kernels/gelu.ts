/**
 * The Gaussian error linear unit in its exact form, x·Φ(x) with Φ the normal distribution function:
 * PyTorch's `nn.GELU()`, not its tanh approximation.
 *
 * @module
 */

/**
 * `gelu(v)` and `geluSlope(v)` in WGSL.
 *
 * The upper tail of Φ is a polynomial times exp(−v²/2), off by at most 7.5e-8 (Abramowitz and Stegun,
 * 7.1.26); the lower one is its mirror image, which keeps it free of cancellation.
 */
export const GELU_TEXT = `
fn normalBelow(v : f32) -> f32 {
  let t = 1.0 / (1.0 + 0.3275911 * 0.70710678 * abs(v));
  let p = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 +
    t * 1.061405429))));
  let tail = 0.5 * p * exp(-0.5 * v * v);
  return select(tail, 1.0 - tail, v > 0.0);
}
fn gelu(v : f32) -> f32 { return v * normalBelow(v); }
fn geluSlope(v : f32) -> f32 {
  return normalBelow(v) + v * 0.39894228 * exp(-0.5 * v * v);
}`;

/** Φ(v) in double precision: 1/2 plus the density times v + v³/3 + v⁵/15 + …, all of one sign. */
function normalBelow(v: number): number {
  if (Math.abs(v) > 9) return v > 0 ? 1 : 0;
  let sum = v;
  for (let term = v, odd = 3; Math.abs(term) > 1e-18; odd += 2) sum += term *= v * v / odd;
  return 0.5 + density(v) * sum;
}

const density = (v: number) => Math.exp(-0.5 * v * v) / Math.sqrt(2 * Math.PI);

/** v·Φ(v). */
export const gelu = (v: number): number => v * normalBelow(v);

/** The derivative of {@link gelu}: Φ(v) + v·φ(v). */
export const geluSlope = (v: number): number => normalBelow(v) + v * density(v);
