/**
 * Mean and variance, and the standardised tensor.
 *
 * @module
 */
import { defineKernel, hostZeros, type Operation } from "../kernel.ts";
import {
  type Attributes,
  elementwise,
  hostMoments,
  LANES,
  reduction,
  runElementwise,
  runReduction,
  standardized,
  typeOf,
  view,
} from "./series.ts";

// Two passes: subtracting the mean first keeps the variance exact where the mean is large.
const MOMENTS = reduction("normalize moments", {
  inputs: ["x"],
  setup: (width) => `
  var head = Pair(${typeOf(width)}(0.0), ${typeOf(width)}(0.0));
  for (var row = lane; row < uniforms.rows; row += ${LANES}) { head.a += x[first + row * uniforms.channels]; }
  partial[lane] = head;
  let mean = total(lane).a / count;`,
  each: () => "let d = x[at] - mean; sum.a += d; sum.b += d * d;",
  results: ["mean", "all.b / count"],
});

const STANDARDIZE = elementwise("normalize standardize", ["x", "moments"], (width) => `
  var y = ${standardized(width, "index")};
  if (uniforms.relu == 1) { y = max(y, ${typeOf(width)}(0.0)); }`);

/** Mean and biased variance of `x`, [groups, channels, 2]. */
export const moments: Operation<Attributes> = defineKernel<Attributes>({
  name: "NormalizeMoments",
  gpu: (backend, { x }, attributes) => runReduction(backend, MOMENTS, [x], view(x, attributes)),
  oracle({ x }, attributes) {
    const v = view(x, attributes);
    return { shape: [v.groups, v.channels, 2], data: hostMoments(x.data, v) };
  },
});

/** `x` less its mean and over its deviation, from its `moments`; then the ReLU. */
export const standardizeBy: Operation<Attributes> = defineKernel<Attributes>({
  name: "NormalizeStandardize",
  gpu: (backend, { x, moments }, attributes) =>
    runElementwise(backend, STANDARDIZE, [x, moments], x.shape, view(x, attributes)),
  oracle({ x }, attributes) {
    const v = view(x, attributes);
    const moments = hostMoments(x.data, v);
    const out = hostZeros(x.shape);
    for (let i = 0; i < v.size; i++) {
      const series = Math.floor(i / (v.rows * v.channels)) * v.channels + i % v.channels;
      out.data[i] = (x.data[i] - moments[series * 2]) /
        Math.sqrt(moments[series * 2 + 1] + v.epsilon);
      if (v.relu === 1) out.data[i] = Math.max(0, out.data[i]);
    }
    return out;
  },
});
