/**
 * The Gaussian error linear unit in its exact form, x·Φ(x) with Φ the normal distribution function:
 * PyTorch's `nn.GELU()`, not its tanh approximation.
 *
 * @module
 */

/**
 * `gelu(v)` and `geluSlope(v)` in WGSL.
 *
 * The lower tail of Φ is half the complementary error function of |v| / √2, off by at most 1.2e-7 of
 * its value (Press et al., Numerical Recipes, section 6.2); the upper one is what is left to 1.
 */
export const GELU_TEXT = `
fn normalBelow(v : f32) -> f32 {
  let z = 0.70710678 * abs(v);
  let t = 1.0 / (1.0 + 0.5 * z);
  let p = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418 + t * (-0.18628806 +
    t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 +
    t * 0.17087277))))))));
  let tail = 0.5 * t * exp(p - z * z);
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
