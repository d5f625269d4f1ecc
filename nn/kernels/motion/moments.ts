/**
 * Moments of soft segments: what the fit of a motion needs to know of masks and flow.
 *
 * A segment with weights m has Σ m²φᵢφⱼ for each pair of terms i ≤ j, then Σ m²φᵢu and Σ m²φᵢv by
 * turns.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { defineGradient, defineKernel, hostZeros } from "../kernel.ts";
import { dispatch, type Program, programOf } from "../program.ts";
import { range } from "../wgsl_text.ts";
import { axesOf, forEachMask, loadPair, maskProgram, type Terms } from "./basis.ts";
import { alongField, runSums, type Sums } from "./sums.ts";

/** Pairs i ≤ j of terms, in the order of the moments. */
export const pairsOf = (terms: number): (readonly [number, number])[] =>
  range(terms).flatMap((i) => range(terms).slice(i).map((j) => [i, j] as const));

/** Moments of pairs, behind which those of the flow begin. */
export const pairCount = (terms: number): number => terms * (terms + 1) / 2;

/** All moments of a segment. */
export const momentCount = (terms: number): number => pairCount(terms) + 2 * terms;

/** WGSL of the moments' polynomials. */
const polynomials = (terms: number): string[] => [
  ...pairsOf(terms).map(([i, j]) => `phi${i} * phi${j}`),
  ...alongField(terms),
];

/** The moments' polynomials at a pixel. */
function polynomialsAt(phi: readonly number[], u: number, v: number): number[] {
  const products = pairsOf(phi.length).map(([i, j]) => phi[i] * phi[j]);
  return [...products, ...phi.flatMap((value) => [value * u, value * v])];
}

const sumsOf = (terms: number): Sums => ({
  name: "motion fit",
  terms,
  weight: "mask * mask",
  summands: polynomials(terms),
});

/** Gradient by the masks: 2m times the moments' polynomials. */
const gradientProgram = (terms: number): Program =>
  maskProgram({
    name: `motion fit gradient ${terms}`,
    inputs: ["dy", "masks", "field"],
    terms,
    numbers: momentCount(terms),
    body: `
  let f = ${loadPair("field", "at * 2")};
  let slope = ${polynomials(terms).map((p, i) => `dy[first + ${i}] * ${p}`).join(" +\n    ")};
  result[index] = 2.0 * masks[index] * slope;`,
  });

/** `{ masks, field }` to [batch, segments, moments]. */
export const momentsKernel = defineKernel<Terms>({
  name: "MotionMoments",
  gpu: (backend, { masks, field }, { terms }) => runSums(backend, sumsOf(terms), masks, field),
  oracle({ masks, field }, { terms }) {
    const { batch, segments } = axesOf(masks);
    const count = momentCount(terms);
    const out = hostZeros([batch, segments, count]);
    forEachMask(masks, terms, (mask, at, segment, phi) => {
      const weight = masks.data[mask] ** 2;
      polynomialsAt(phi, field.data[2 * at], field.data[2 * at + 1]).forEach((value, i) =>
        out.data[segment * count + i] += weight * value
      );
    });
    return out;
  },
});

const gradientKernel = defineKernel<Terms>({
  name: "MotionMomentsGradient",
  gpu(backend, { dy, masks, field }, { terms }) {
    const { uniforms } = axesOf(masks);
    const program = programOf(`motion fit gradient ${terms}`, () => gradientProgram(terms));
    const size = tf.util.sizeFromShape(masks.shape);
    return dispatch(backend, program, [dy, masks, field], masks.shape, uniforms, size);
  },
  oracle({ dy, masks, field }, { terms }) {
    const out = hostZeros(masks.shape);
    const count = momentCount(terms);
    forEachMask(masks, terms, (mask, at, segment, phi) => {
      const slopes = polynomialsAt(phi, field.data[2 * at], field.data[2 * at + 1]);
      const slope = slopes.reduce((sum, value, i) => sum + dy.data[segment * count + i] * value, 0);
      out.data[mask] = 2 * masks.data[mask] * slope;
    });
    return out;
  },
});

defineGradient<Terms>("MotionMoments", ["masks", "field"], {
  masks: (dy, { masks, field }, { terms }) => gradientKernel({ dy, masks, field }, { terms }),
});
