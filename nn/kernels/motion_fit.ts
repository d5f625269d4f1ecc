/**
 * Parametric motion of soft segments: the least-squares fit of a polynomial flow to each segment, and
 * the flow that the fitted segments add up to.
 *
 * A motion model is a number of terms of the basis 1, x, y, x², y², xy on pixel centres, both axes
 * from -1 to 1. For a segment with weights m the fit is θ = argmin Σ m²·|φᵀθ − f|² + ε·|θ|² with
 * ε = ridge·Σm² + {@link FLOOR}, by its normal equations and Cholesky: moments are summed over the
 * pixels, then each segment solves a system of at most six unknowns. In these coordinates and with
 * the ridge, single precision suffices, empty segments and those of one pixel included. All sums run
 * in a fixed order.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { defineGradient, defineKernel, type HostTensor, hostZeros } from "./kernel.ts";
import { dispatch, type Program } from "./program.ts";

/** How a segment may move, by the number of the basis' terms. */
export const motionModels = { constant: 1, affine: 3, quadratic: 6 } as const;

/** See {@link motionModels}. */
export type MotionModel = keyof typeof motionModels;

/** Added to the ridge, so that an empty segment has a solution (zero). */
export const FLOOR = 1e-6;

interface Attributes {
  /** 1, 3 or 6. */
  readonly terms: number;
  readonly ridge: number;
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Pairs i ≤ j of terms, in the order of the moments. */
const pairsOf = (terms: number): (readonly [number, number])[] =>
  range(terms).flatMap((i) => range(terms).filter((j) => j >= i).map((j) => [i, j] as const));

/** Moments of a segment: the products φᵢφⱼ (i ≤ j), then φᵢu and φᵢv by turns. */
const momentCount = (terms: number) => terms * (terms + 1) / 2 + 2 * terms;

/** What may be summed over a segment: everything the fit needs, or φᵢu and φᵢv alone. */
type Kind = "fit" | "field";

const summands = (kind: Kind, terms: number): string[] => [
  ...kind === "fit" ? pairsOf(terms).map(([i, j]) => `phi${i} * phi${j}`) : [],
  ...range(terms).flatMap((i) => [`phi${i} * f.x`, `phi${i} * f.y`]),
];

const VIEW = { batch: "i32", height: "i32", width: "i32", segments: "i32" } as const;

/** WGSL of the basis at `pixel`, a place in the map. */
const basisText = (terms: number) =>
  [
    "let x = (2.0 * f32(pixel % uniforms.width) + 1.0) / f32(uniforms.width) - 1.0;",
    "let y = (2.0 * f32(pixel / uniforms.width) + 1.0) / f32(uniforms.height) - 1.0;",
    ...["1.0", "x", "y", "x * x", "y * y", "x * y"].slice(0, terms)
      .map((value, i) => `let phi${i} = ${value};`),
  ].join("\n    ");

const FIELD = (name: string, at: string) => `vec2<f32>(${name}[${at} * 2], ${name}[${at} * 2 + 1])`;

/** Sums over a stretch of pixels: one invocation a segment and stretch. */
const partialSums = (kind: Kind, terms: number): Program => ({
  name: `motion ${kind} ${terms}`,
  inputs: ["masks", "field"],
  widths: [1, 1, 1],
  uniforms: { ...VIEW, stretches: "i32", length: "i32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.batch * uniforms.segments * uniforms.stretches) { return; }
  let segment = index % uniforms.segments;
  let stretch = index / uniforms.segments % uniforms.stretches;
  let sample = index / uniforms.segments / uniforms.stretches;
  let pixels = uniforms.height * uniforms.width;
  let end = min(pixels, (stretch + 1) * uniforms.length);
  ${summands(kind, terms).map((_, i) => `var sum${i} = 0.0;`).join(" ")}
  for (var pixel = stretch * uniforms.length; pixel < end; pixel++) {
    let at = sample * pixels + pixel;
    let mask = masks[at * uniforms.segments + segment];
    let weight = ${kind === "fit" ? "mask * mask" : "mask"};
    let f = ${FIELD("field", "at")};
    ${basisText(terms)}
    ${summands(kind, terms).map((term, i) => `sum${i} += weight * ${term};`).join("\n    ")}
  }
  let to = ((sample * uniforms.stretches + stretch) * uniforms.segments + segment) *
    ${summands(kind, terms).length};
  ${summands(kind, terms).map((_, i) => `result[to + ${i}] = sum${i};`).join("\n  ")}
}`,
});

/** Sums of the stretches. */
const TOTALS: Program = {
  name: "motion totals",
  inputs: ["partial"],
  widths: [1, 1],
  uniforms: { batch: "i32", stretches: "i32", size: "i32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.batch * uniforms.size) { return; }
  let first = index / uniforms.size * uniforms.stretches * uniforms.size + index % uniforms.size;
  var sum = 0.0;
  for (var i = 0; i < uniforms.stretches; i++) { sum += partial[first + i * uniforms.size]; }
  result[index] = sum;
}`,
};

/** Gradient of the moments by the masks: 2m times the moments' polynomial. */
const momentsGradient = (terms: number): Program => ({
  name: `motion fit gradient ${terms}`,
  inputs: ["dy", "masks", "field"],
  widths: [1, 1, 1, 1],
  uniforms: VIEW,
  workgroup: 64,
  code: `
fn main(index : i32) {
  let pixels = uniforms.height * uniforms.width;
  if (index >= uniforms.batch * pixels * uniforms.segments) { return; }
  let at = index / uniforms.segments;
  let pixel = at % pixels;
  let first = (at / pixels * uniforms.segments + index % uniforms.segments) * ${momentCount(terms)};
  let f = ${FIELD("field", "at")};
  ${basisText(terms)}
  let slope = ${
    summands("fit", terms).map((term, i) => `dy[first + ${i}] * ${term}`).join(" +\n    ")
  };
  result[index] = 2.0 * masks[index] * slope;
}`,
});

/** WGSL of the regularised system's Cholesky factor, in its lower half; `first` is the first moment. */
const factorText = (terms: number) => `
  let ridge = uniforms.ridge * moments[first] + uniforms.floor;
  ${
  pairsOf(terms).map(([i, j], at) =>
    `var l${j}${i} = moments[first + ${at}]${i === j ? " + ridge" : ""};`
  ).join("\n  ")
}
  ${
  range(terms).map((j) =>
    [
      `l${j}${j} = sqrt(l${j}${j}${range(j).map((k) => ` - l${j}${k} * l${j}${k}`).join("")});`,
      ...range(terms).filter((i) => i > j).map((i) =>
        `l${i}${j} = (l${i}${j}${
          range(j).map((k) => ` - l${i}${k} * l${j}${k}`).join("")
        }) / l${j}${j};`
      ),
    ].join("\n  ")
  ).join("\n  ")
}`;

/** WGSL that solves the system in place for the vec2 variables `name0`, `name1`, … */
const solveText = (terms: number, name: string) =>
  [
    ...range(terms).map((i) =>
      `${name}${i} = (${name}${i}${
        range(i).map((k) => ` - l${i}${k} * ${name}${k}`).join("")
      }) / l${i}${i};`
    ),
    ...range(terms).reverse().map((i) =>
      `${name}${i} = (${name}${i}${
        range(terms).filter((k) => k > i).map((k) => ` - l${k}${i} * ${name}${k}`).join("")
      }) / l${i}${i};`
    ),
  ].join("\n  ");

const SYSTEMS = { systems: "i32", ridge: "f32", floor: "f32" } as const;

const rightSide = (terms: number) => {
  const first = terms * (terms + 1) / 2;
  return range(terms).map((i) =>
    `var theta${i} = vec2<f32>(moments[first + ${first + 2 * i}], moments[first + ${
      first + 2 * i + 1
    }]);`
  ).join("\n  ");
};

const solving = (terms: number): Program => ({
  name: `motion solve ${terms}`,
  inputs: ["moments"],
  widths: [1, 1],
  uniforms: SYSTEMS,
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.systems) { return; }
  let first = index * ${momentCount(terms)};
  ${factorText(terms)}
  ${rightSide(terms)}
  ${solveText(terms, "theta")}
  ${
    range(terms).map((i) =>
      `result[(index * ${terms} + ${i}) * 2] = theta${i}.x; result[(index * ${terms} + ${i}) * 2 + 1] = theta${i}.y;`
    ).join("\n  ")
  }
}`,
});

/**
 * Gradient of the solution by the moments. With A·θ = b and g = dL/dθ, h = A⁻¹g: dL/db = h and
 * dL/dA = −h·θᵀ, whose two halves go to one moment; the ridge adds the trace to the first moment.
 */
const solvingGradient = (terms: number): Program => ({
  name: `motion solve gradient ${terms}`,
  inputs: ["dy", "moments"],
  widths: [1, 1, 1],
  uniforms: SYSTEMS,
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.systems) { return; }
  let first = index * ${momentCount(terms)};
  ${factorText(terms)}
  ${rightSide(terms)}
  ${solveText(terms, "theta")}
  ${
    range(terms).map((i) =>
      `var h${i} = vec2<f32>(dy[(index * ${terms} + ${i}) * 2], dy[(index * ${terms} + ${i}) * 2 + 1]);`
    ).join("\n  ")
  }
  ${solveText(terms, "h")}
  let trace = ${range(terms).map((i) => `dot(h${i}, theta${i})`).join(" + ")};
  ${
    pairsOf(terms).map(([i, j], at) => {
      const one = `dot(h${i}, theta${j})`;
      const value = i === j ? one : `${one} + dot(h${j}, theta${i})`;
      return `result[first + ${at}] = -(${value}${at === 0 ? " + uniforms.ridge * trace" : ""});`;
    }).join("\n  ")
  }
  ${
    range(terms).map((i) => {
      const to = terms * (terms + 1) / 2 + 2 * i;
      return `result[first + ${to}] = h${i}.x; result[first + ${to + 1}] = h${i}.y;`;
    }).join("\n  ")
  }
}`,
});

/** WGSL of φᵀθ of a segment, a vec2; `first` is its first parameter. */
const polynomial = (terms: number) =>
  range(terms).map((i) =>
    `phi${i} * vec2<f32>(theta[first + ${2 * i}], theta[first + ${2 * i + 1}])`
  )
    .join(" +\n      ");

const fieldOf = (terms: number): Program => ({
  name: `motion field ${terms} of segments`,
  inputs: ["masks", "theta"],
  widths: [1, 1, 1],
  uniforms: VIEW,
  workgroup: 64,
  code: `
fn main(at : i32) {
  let pixels = uniforms.height * uniforms.width;
  if (at >= uniforms.batch * pixels) { return; }
  let pixel = at % pixels;
  ${basisText(terms)}
  var sum = vec2<f32>(0.0);
  for (var segment = 0; segment < uniforms.segments; segment++) {
    let first = (at / pixels * uniforms.segments + segment) * ${2 * terms};
    sum += masks[at * uniforms.segments + segment] * (${polynomial(terms)});
  }
  result[at * 2] = sum.x;
  result[at * 2 + 1] = sum.y;
}`,
});

/** Gradient of the field by the masks. */
const fieldGradient = (terms: number): Program => ({
  name: `motion field gradient ${terms}`,
  inputs: ["dy", "theta"],
  widths: [1, 1, 1],
  uniforms: VIEW,
  workgroup: 64,
  code: `
fn main(index : i32) {
  let pixels = uniforms.height * uniforms.width;
  if (index >= uniforms.batch * pixels * uniforms.segments) { return; }
  let at = index / uniforms.segments;
  let pixel = at % pixels;
  let first = (at / pixels * uniforms.segments + index % uniforms.segments) * ${2 * terms};
  ${basisText(terms)}
  result[index] = dot(${FIELD("dy", "at")}, ${polynomial(terms)});
}`,
});

const programs = new Map<string, Program>();

/** The program that `make` makes for a number of terms, made once. */
function programOf(make: (terms: number) => Program, terms: number): Program {
  const key = `${make.name} ${terms}`;
  const program = programs.get(key) ?? make(terms);
  programs.set(key, program);
  return program;
}

const fitSums = (terms: number) => partialSums("fit", terms);
const fieldSums = (terms: number) => partialSums("field", terms);

/** Stretches that the pixels are divided into: enough to fill a GPU, few enough to add up. */
const MOST_STRETCHES = 256;
const SHORTEST_STRETCH = 64;

const sizeOf = ({ shape }: { readonly shape: readonly number[] }) => {
  const [batch, height, width, segments] = shape;
  return { batch, height, width, segments, uniforms: [batch, height, width, segments] };
};

/** Sums over the pixels of every segment, [batch, segments, sums]. */
function sums(
  backend: WebGPUBackend,
  kind: Kind,
  terms: number,
  masks: tf.TensorInfo,
  field: tf.TensorInfo,
): tf.TensorInfo {
  const { batch, height, width, segments, uniforms } = sizeOf(masks);
  const pixels = height * width;
  const wanted = Math.min(MOST_STRETCHES, Math.ceil(pixels / SHORTEST_STRETCH));
  const length = Math.ceil(pixels / wanted), stretches = Math.ceil(pixels / length);
  const count = summands(kind, terms).length;
  const program = programOf(kind === "fit" ? fitSums : fieldSums, terms);
  const partial = dispatch(
    backend,
    program,
    [masks, field],
    [batch, stretches, segments, count],
    [...uniforms, stretches, length],
    batch * stretches * segments,
  );
  const size = segments * count;
  const values = [batch, stretches, size];
  const shape = [batch, segments, count];
  const total = dispatch(backend, TOTALS, [partial], shape, values, batch * size);
  backend.disposeData(partial.dataId);
  return total;
}

/** The basis at a pixel, in double precision. */
function basisAt(pixel: number, height: number, width: number, terms: number): number[] {
  const x = (2 * (pixel % width) + 1) / width - 1;
  const y = (2 * Math.floor(pixel / width) + 1) / height - 1;
  return [1, x, y, x * x, y * y, x * y].slice(0, terms);
}

/** The moments' polynomials at a pixel, in their order. */
function momentsAt(phi: readonly number[], u: number, v: number): number[] {
  const products = pairsOf(phi.length).map(([i, j]) => phi[i] * phi[j]);
  return [...products, ...phi.flatMap((value) => [value * u, value * v])];
}

/** Visits every segment at every pixel: flat indices of the mask, the pixel and the segment. */
function eachOf(
  masks: HostTensor,
  terms: number,
  visit: (mask: number, at: number, segment: number, phi: readonly number[]) => void,
): void {
  const { batch, height, width, segments } = sizeOf(masks);
  const pixels = height * width;
  for (let at = 0; at < batch * pixels; at++) {
    const phi = basisAt(at % pixels, height, width, terms);
    for (let k = 0; k < segments; k++) {
      visit(at * segments + k, at, Math.floor(at / pixels) * segments + k, phi);
    }
  }
}

const momentsKernel = defineKernel<Attributes>({
  name: "MotionMoments",
  gpu: (backend, { masks, field }, { terms }) => sums(backend, "fit", terms, masks, field),
  oracle({ masks, field }, { terms }) {
    const { batch, segments } = sizeOf(masks);
    const count = momentCount(terms);
    const out = hostZeros([batch, segments, count]);
    eachOf(masks, terms, (mask, at, segment, phi) => {
      const weight = masks.data[mask] ** 2;
      momentsAt(phi, field.data[2 * at], field.data[2 * at + 1]).forEach((value, i) =>
        out.data[segment * count + i] += weight * value
      );
    });
    return out;
  },
});

const momentsGradientKernel = defineKernel<Attributes>({
  name: "MotionMomentsGradient",
  gpu(backend, { dy, masks, field }, { terms }) {
    const { uniforms } = sizeOf(masks);
    const program = programOf(momentsGradient, terms);
    const size = tf.util.sizeFromShape(masks.shape);
    return dispatch(backend, program, [dy, masks, field], masks.shape, uniforms, size);
  },
  oracle({ dy, masks, field }, { terms }) {
    const out = hostZeros(masks.shape);
    const count = momentCount(terms);
    eachOf(masks, terms, (mask, at, segment, phi) => {
      const slopes = momentsAt(phi, field.data[2 * at], field.data[2 * at + 1]);
      const slope = slopes.reduce((sum, value, i) => sum + dy.data[segment * count + i] * value, 0);
      out.data[mask] = 2 * masks.data[mask] * slope;
    });
    return out;
  },
});

defineGradient<Attributes>("MotionMoments", ["masks", "field"], {
  masks: (dy, { masks, field }, attributes) =>
    momentsGradientKernel({ dy, masks, field }, attributes),
});

/** The regularised system of a segment in double precision, and how to solve it for a right side. */
function systemOf(moments: HostTensor["data"], from: number, { terms, ridge }: Attributes) {
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
  const first = from + terms * (terms + 1) / 2;
  const theta = [0, 1].map((c) => solve(range(terms).map((i) => moments[first + 2 * i + c])));
  return { solve, theta };
}

const solveKernel = defineKernel<Attributes>({
  name: "MotionSolve",
  gpu(backend, { moments }, { terms, ridge }) {
    const [batch, segments] = moments.shape;
    const systems = batch * segments;
    const shape = [batch, segments, terms, 2];
    const values = [systems, ridge, FLOOR];
    return dispatch(backend, programOf(solving, terms), [moments], shape, values, systems);
  },
  oracle({ moments }, attributes) {
    const { terms } = attributes;
    const [batch, segments, count] = moments.shape;
    const out = hostZeros([batch, segments, terms, 2]);
    for (let system = 0; system < batch * segments; system++) {
      const { theta } = systemOf(moments.data, system * count, attributes);
      theta.forEach((values, c) =>
        values.forEach((value, i) => out.data[(system * terms + i) * 2 + c] = value)
      );
    }
    return out;
  },
});

const solveGradientKernel = defineKernel<Attributes>({
  name: "MotionSolveGradient",
  gpu(backend, { dy, moments }, { terms, ridge }) {
    const systems = moments.shape[0] * moments.shape[1];
    const program = programOf(solvingGradient, terms);
    const values = [systems, ridge, FLOOR];
    return dispatch(backend, program, [dy, moments], moments.shape, values, systems);
  },
  oracle({ dy, moments }, attributes) {
    const { terms, ridge } = attributes;
    const [batch, segments, count] = moments.shape;
    const out = hostZeros(moments.shape);
    for (let system = 0; system < batch * segments; system++) {
      const from = system * count;
      const { solve, theta } = systemOf(moments.data, from, attributes);
      const h = [0, 1].map((c) =>
        solve(range(terms).map((i) => dy.data[(system * terms + i) * 2 + c]))
      );
      const both = (i: number, j: number) => h[0][i] * theta[0][j] + h[1][i] * theta[1][j];
      pairsOf(terms).forEach(([i, j], at) => {
        out.data[from + at] = -(i === j ? both(i, i) : both(i, j) + both(j, i));
      });
      out.data[from] -= ridge * range(terms).reduce((sum, i) => sum + both(i, i), 0);
      const first = from + terms * (terms + 1) / 2;
      for (let i = 0; i < terms; i++) {
        out.data[first + 2 * i] = h[0][i];
        out.data[first + 2 * i + 1] = h[1][i];
      }
    }
    return out;
  },
});

defineGradient<Attributes>("MotionSolve", ["moments"], {
  moments: (dy, { moments }, attributes) => solveGradientKernel({ dy, moments }, attributes),
});

/** φᵀθ of a segment at a pixel. */
function motionAt(theta: HostTensor, segment: number, phi: readonly number[]): [number, number] {
  const from = segment * 2 * phi.length;
  const component = (c: number) =>
    phi.reduce((sum, value, i) => sum + value * theta.data[from + 2 * i + c], 0);
  return [component(0), component(1)];
}

const fieldKernel = defineKernel<Attributes>({
  name: "MotionField",
  gpu(backend, { masks, theta }, { terms }) {
    const { batch, height, width, uniforms } = sizeOf(masks);
    const shape = [batch, height, width, 2];
    const program = programOf(fieldOf, terms);
    return dispatch(backend, program, [masks, theta], shape, uniforms, batch * height * width);
  },
  oracle({ masks, theta }, { terms }) {
    const { batch, height, width } = sizeOf(masks);
    const out = hostZeros([batch, height, width, 2]);
    eachOf(masks, terms, (mask, at, segment, phi) => {
      motionAt(theta, segment, phi).forEach((value, c) =>
        out.data[2 * at + c] += masks.data[mask] * value
      );
    });
    return out;
  },
});

const fieldMaskGradient = defineKernel<Attributes>({
  name: "MotionFieldMaskGradient",
  gpu(backend, { dy, theta }, { terms }) {
    const [batch, height, width] = dy.shape;
    const segments = theta.shape[1];
    const shape = [batch, height, width, segments];
    const size = tf.util.sizeFromShape(shape);
    return dispatch(backend, programOf(fieldGradient, terms), [dy, theta], shape, shape, size);
  },
  oracle({ dy, theta }, { terms }) {
    const [batch, height, width] = dy.shape;
    const out = hostZeros([batch, height, width, theta.shape[1]]);
    eachOf(out, terms, (mask, at, segment, phi) => {
      const [u, v] = motionAt(theta, segment, phi);
      out.data[mask] = dy.data[2 * at] * u + dy.data[2 * at + 1] * v;
    });
    return out;
  },
});

const fieldThetaGradient = defineKernel<Attributes>({
  name: "MotionFieldThetaGradient",
  gpu(backend, { dy, masks }, { terms }) {
    const { batch, segments } = sizeOf(masks);
    const flat = sums(backend, "field", terms, masks, dy);
    return { ...flat, shape: [batch, segments, terms, 2] };
  },
  oracle({ dy, masks }, { terms }) {
    const { batch, segments } = sizeOf(masks);
    const out = hostZeros([batch, segments, terms, 2]);
    eachOf(masks, terms, (mask, at, segment, phi) => {
      phi.forEach((value, i) => {
        for (const c of [0, 1]) {
          out.data[(segment * terms + i) * 2 + c] += masks.data[mask] * value * dy.data[2 * at + c];
        }
      });
    });
    return out;
  },
});

defineGradient<Attributes>("MotionField", ["masks", "theta"], {
  masks: (dy, { theta }, attributes) => fieldMaskGradient({ dy, theta }, attributes),
  theta: (dy, { masks }, attributes) => fieldThetaGradient({ dy, masks }, attributes),
});

/** Settings of {@link fitMotion}. */
export interface MotionFit {
  readonly model: MotionModel;
  /**
   * Relative to a segment's mass Σm²; default 1e-4. It changes the field of a soft segment over the
   * whole picture by about a thousandth and that of a half by less than a hundredth.
   */
  readonly ridge?: number;
}

/**
 * The motion that fits each segment best.
 *
 * @param masks Soft segments, [batch, height, width, segments].
 * @param flow [batch, height, width, 2]. Not differentiable with respect to it.
 * @returns Parameters by term and component, [batch, segments, terms, 2]. Differentiable with respect
 * to the masks, through the solution.
 */
export function fitMotion(
  masks: tf.Tensor4D,
  flow: tf.Tensor4D,
  { model, ridge = 1e-4 }: MotionFit,
): tf.Tensor4D {
  const attributes = { terms: motionModels[model], ridge };
  const moments = momentsKernel({ masks, field: flow }, attributes);
  return solveKernel({ moments }, attributes) as tf.Tensor4D;
}

/**
 * The flow that segments and their motions add up to: Σ m·φᵀθ.
 *
 * @param masks [batch, height, width, segments].
 * @param theta {@link fitMotion}'s result.
 * @returns [batch, height, width, 2]. Differentiable with respect to both.
 */
export function motionField(masks: tf.Tensor4D, theta: tf.Tensor4D): tf.Tensor4D {
  const attributes = { terms: theta.shape[2], ridge: 0 };
  return fieldKernel({ masks, theta }, attributes) as tf.Tensor4D;
}
