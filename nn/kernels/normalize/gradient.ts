/**
 * The gradient of standardisation, through mean and variance:
 * dx = (dy − mean(dy) − x̂ · mean(dy · x̂)) / √(variance + ε).
 *
 * @module
 */
import { defineGradient, defineKernel, hostZeros } from "../kernel.ts";
import {
  type Attributes,
  deviation,
  elementwise,
  hostMoments,
  isShort,
  reduction,
  runElementwise,
  runReduction,
  runWhole,
  standardized,
  statistic,
  typeOf,
  view,
  whole,
  type Width,
} from "./series.ts";

/** WGSL of x̂ as `standard`, and of the incoming gradient past the ReLU, if there is one, as `slope`. */
const incoming = (width: Width, index: string) => `
  let standard = ${standardized(width, index)};
  let zero = ${typeOf(width)}(0.0);
  let passed = select(zero, dy[${index}], standard > zero);
  let slope = select(dy[${index}], passed, uniforms.relu == 1);`;

const SUMS = {
  inputs: ["dy", "x", "moments"],
  each: (width: Width) => `${incoming(width, "at")} sum.a += slope; sum.b += slope * standard;`,
};

/** WGSL of the gradient at `index` from the means over the rows of dy and of dy · x̂. */
const gradientText = (width: Width, ofDy: string, ofProduct: string) => `
  ${incoming(width, "index")}
  let y = (slope - ${ofDy} - standard * ${ofProduct}) / ${deviation(width)};`;

const MEANS = reduction("normalize gradient means", {
  ...SUMS,
  results: ["all.a / count", "all.b / count"],
});

const GRADIENT = elementwise(
  "normalize gradient",
  [...SUMS.inputs, "means"],
  (width) => gradientText(width, statistic(width, "means", 0), statistic(width, "means", 1)),
);

const AT_ONCE = whole(
  "normalize gradient whole",
  SUMS,
  (width) => gradientText(width, "all.a / count", "all.b / count"),
);

const gradient = defineKernel<Attributes>({
  name: "NormalizeGradient",
  gpu(backend, { dy, x, moments }, attributes) {
    const v = view(x, attributes), operands = [dy, x, moments];
    if (isShort(v)) return runWhole(backend, AT_ONCE, operands, x.shape, v);
    const means = runReduction(backend, MEANS, operands, v);
    const out = runElementwise(backend, GRADIENT, [...operands, means], x.shape, v);
    backend.disposeData(means.dataId);
    return out;
  },
  oracle({ dy, x }, attributes) {
    const v = view(x, attributes);
    const { groups, rows, channels, epsilon } = v;
    const moments = hostMoments(x.data, v);
    const out = hostZeros(x.shape);
    for (let g = 0; g < groups; g++) {
      for (let c = 0; c < channels; c++) {
        const mean = moments[(g * channels + c) * 2];
        const scale = 1 / Math.sqrt(moments[(g * channels + c) * 2 + 1] + epsilon);
        const standard = (at: number) => (x.data[at] - mean) * scale;
        const slope = (at: number) => v.relu === 1 && standard(at) <= 0 ? 0 : dy.data[at];
        let first = 0, second = 0;
        for (let r = 0; r < rows; r++) {
          const at = (g * rows + r) * channels + c;
          first += slope(at) / rows;
          second += slope(at) * standard(at) / rows;
        }
        for (let r = 0; r < rows; r++) {
          const at = (g * rows + r) * channels + c;
          out.data[at] = (slope(at) - first - standard(at) * second) * scale;
        }
      }
    }
    return out;
  },
});

// The moments are taken as constants here because the kernel accounts for them.
defineGradient<Attributes>("NormalizeStandardize", ["x", "moments"], {
  x: (dy, { x, moments }, attributes) => gradient({ dy, x, moments }, attributes),
});
