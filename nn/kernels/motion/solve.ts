/**
 * The motion of each segment from its moments: the normal equations A·θ = b, with a ridge, by
 * Cholesky.
 *
 * A has the pairs' moments and ε = ridge·Σm² + {@link FLOOR} on its diagonal, b those of the flow.
 *
 * @module
 */
import { defineGradient, defineKernel, type HostTensor, hostZeros } from "../kernel.ts";
import { dispatch, type Program, programOf } from "../program.ts";
import { lines, range } from "../wgsl_text.ts";
import { loadPair, storePair, type Terms } from "./basis.ts";
import { momentCount, pairCount, pairsOf } from "./moments.ts";

interface Attributes extends Terms {
  /** Relative to a segment's mass Σm². */
  readonly ridge: number;
}

/** Added to the ridge, so that an empty segment has a solution (zero). */
const FLOOR = 1e-6;

/** WGSL that takes a product off for each k. */
const less = (ks: readonly number[], product: (k: number) => string) =>
  ks.map((k) => ` - ${product(k)}`).join("");

/** WGSL of the Cholesky factor of A, in its lower half: `l<row><column>`. */
const factorText = (terms: number) =>
  [
    "let ridge = uniforms.ridge * moments[first] + uniforms.floor;",
    ...pairsOf(terms).map(([j, i], at) =>
      `var l${i}${j} = moments[first + ${at}]${i === j ? " + ridge" : ""};`
    ),
    ...pairsOf(terms).map(([j, i]) => {
      const rest = `l${i}${j}${less(range(j), (k) => `l${i}${k} * l${j}${k}`)}`;
      return `l${i}${j} = ${i === j ? `sqrt(${rest})` : `(${rest}) / l${j}${j}`};`;
    }),
  ].join("\n  ");

/** WGSL that solves the system in place for the vec2 variables `name0`, `name1`, … */
const solveText = (terms: number, name: string) => {
  const row = (i: number, ks: readonly number[], l: (k: number) => string) =>
    `${name}${i} = (${name}${i}${less(ks, (k) => `${l(k)} * ${name}${k}`)}) / l${i}${i};`;
  const all = range(terms);
  return [
    ...all.map((i) => row(i, all.slice(0, i), (k) => `l${i}${k}`)),
    ...all.toReversed().map((i) => row(i, all.slice(i + 1), (k) => `l${k}${i}`)),
  ].join("\n  ");
};

/** WGSL of where the two components of a term are: of the right side b in the moments, and of θ. */
const rightPlace = (terms: number, i: number) => `first + ${pairCount(terms) + 2 * i}`;
const thetaPlace = (terms: number, i: number) => `(index * ${terms} + ${i}) * 2`;

/**
 * A program with an invocation for every segment, which solves its system.
 *
 * @param inputs Moments among them.
 * @param body It sees the segment's number `index`, where its moments begin, `first`, and its motion,
 * the vec2 variables `theta0`, `theta1`, …
 */
const systemProgram = (
  name: string,
  inputs: readonly string[],
  terms: number,
  body: string,
): Program => ({
  name: `${name} ${terms}`,
  inputs,
  widths: range(inputs.length + 1).map(() => 1),
  uniforms: { systems: "i32", ridge: "f32", floor: "f32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.systems) { return; }
  let first = index * ${momentCount(terms)};
  ${factorText(terms)}
  ${lines(terms, (i) => `var theta${i} = ${loadPair("moments", rightPlace(terms, i))};`)}
  ${solveText(terms, "theta")}
  ${body}
}`,
});

const solving = (terms: number): Program =>
  systemProgram(
    "motion solve",
    ["moments"],
    terms,
    lines(terms, (i) => storePair(thetaPlace(terms, i), `theta${i}`)),
  );

/**
 * Gradient of the solution by the moments. With g = dL/dθ and h = A⁻¹g: dL/db = h and dL/dA = −h·θᵀ,
 * whose two halves go to one moment; the ridge adds the trace to the first moment.
 */
const solvingGradient = (terms: number): Program =>
  systemProgram(
    "motion solve gradient",
    ["dy", "moments"],
    terms,
    `
  ${lines(terms, (i) => `var h${i} = ${loadPair("dy", thetaPlace(terms, i))};`)}
  ${solveText(terms, "h")}
  let trace = ${range(terms).map((i) => `dot(h${i}, theta${i})`).join(" + ")};
  ${
      pairsOf(terms).map(([i, j], at) => {
        const one = `dot(h${i}, theta${j})`;
        const value = i === j ? one : `${one} + dot(h${j}, theta${i})`;
        return `result[first + ${at}] = -(${value}${at === 0 ? " + uniforms.ridge * trace" : ""});`;
      }).join("\n  ")
    }
  ${lines(terms, (i) => storePair(rightPlace(terms, i), `h${i}`))}`,
  );

/** A segment's system, solved in double precision. */
interface System {
  /** Which it is. */
  readonly index: number;
  /** Where its moments begin. */
  readonly from: number;
  /** The motion, each component by terms. */
  readonly theta: readonly number[][];
  /** Solves it for another right side. */
  solve(right: readonly number[]): number[];
}

function forEachSystem(
  moments: HostTensor,
  attributes: Attributes,
  visit: (system: System) => void,
): void {
  const [batch, segments, count] = moments.shape;
  for (let index = 0; index < batch * segments; index++) {
    visit({ index, from: index * count, ...solved(moments.data, index * count, attributes) });
  }
}

function solved(moments: HostTensor["data"], from: number, { terms, ridge }: Attributes) {
  const epsilon = ridge * moments[from] + FLOOR;
  const factor = range(terms).map(() => new Float64Array(terms));
  pairsOf(terms).forEach(([i, j], at) => {
    factor[j][i] = moments[from + at] + (i === j ? epsilon : 0);
  });
  for (let j = 0; j < terms; j++) {
    for (let k = 0; k < j; k++) factor[j][j] -= factor[j][k] ** 2;
    factor[j][j] = Math.sqrt(factor[j][j]);
    for (let i = j + 1; i < terms; i++) {
      for (let k = 0; k < j; k++) factor[i][j] -= factor[i][k] * factor[j][k];
      factor[i][j] /= factor[j][j];
    }
  }
  const solve = (right: readonly number[]): number[] => {
    const x = [...right];
    for (let i = 0; i < terms; i++) {
      for (let k = 0; k < i; k++) x[i] -= factor[i][k] * x[k];
      x[i] /= factor[i][i];
    }
    for (let i = terms - 1; i >= 0; i--) {
      for (let k = i + 1; k < terms; k++) x[i] -= factor[k][i] * x[k];
      x[i] /= factor[i][i];
    }
    return x;
  };
  const first = from + pairCount(terms);
  const theta = [0, 1].map((c) => solve(range(terms).map((i) => moments[first + 2 * i + c])));
  return { solve, theta };
}

/** `{ moments }` to [batch, segments, terms, 2]. */
export const solveKernel = defineKernel<Attributes>({
  name: "MotionSolve",
  gpu(backend, { moments }, { terms, ridge }) {
    const [batch, segments] = moments.shape;
    const systems = batch * segments;
    const program = programOf(`motion solve ${terms}`, () => solving(terms));
    const shape = [batch, segments, terms, 2];
    return dispatch(backend, program, [moments], shape, [systems, ridge, FLOOR], systems);
  },
  oracle({ moments }, attributes) {
    const { terms } = attributes;
    const [batch, segments] = moments.shape;
    const out = hostZeros([batch, segments, terms, 2]);
    forEachSystem(
      moments,
      attributes,
      ({ index, theta }) =>
        theta.forEach((values, c) =>
          values.forEach((value, i) => out.data[(index * terms + i) * 2 + c] = value)
        ),
    );
    return out;
  },
});

const gradientKernel = defineKernel<Attributes>({
  name: "MotionSolveGradient",
  gpu(backend, { dy, moments }, { terms, ridge }) {
    const systems = moments.shape[0] * moments.shape[1];
    const program = programOf(`motion solve gradient ${terms}`, () => solvingGradient(terms));
    const values = [systems, ridge, FLOOR];
    return dispatch(backend, program, [dy, moments], moments.shape, values, systems);
  },
  oracle({ dy, moments }, attributes) {
    const { terms, ridge } = attributes;
    const out = hostZeros(moments.shape);
    forEachSystem(moments, attributes, ({ index, from, theta, solve }) => {
      const h = [0, 1].map((c) =>
        solve(range(terms).map((i) => dy.data[(index * terms + i) * 2 + c]))
      );
      const both = (i: number, j: number) => h[0][i] * theta[0][j] + h[1][i] * theta[1][j];
      pairsOf(terms).forEach(([i, j], at) => {
        out.data[from + at] = -(i === j ? both(i, i) : both(i, j) + both(j, i));
      });
      out.data[from] -= ridge * range(terms).reduce((sum, i) => sum + both(i, i), 0);
      const first = from + pairCount(terms);
      for (let i = 0; i < terms; i++) {
        out.data[first + 2 * i] = h[0][i];
        out.data[first + 2 * i + 1] = h[1][i];
      }
    });
    return out;
  },
});

defineGradient<Attributes>("MotionSolve", ["moments"], {
  moments: (dy, { moments }, attributes) => gradientKernel({ dy, moments }, attributes),
});
