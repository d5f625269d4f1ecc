/**
 * The flow that soft segments and their motions add up to, Σ m·φᵀθ.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { defineGradient, defineKernel, type HostTensor, hostZeros } from "../kernel.ts";
import { dispatch, type Program, programOf } from "../program.ts";
import { range } from "../wgsl_text.ts";
import {
  axesOf,
  basisText,
  forEachMask,
  loadPair,
  maskProgram,
  MASKS,
  storePair,
  type Terms,
} from "./basis.ts";
import { alongField, runSums, type Sums } from "./sums.ts";

/** WGSL of φᵀθ of a segment, a vec2; `first` is its first parameter. */
const motionText = (terms: number) =>
  range(terms).map((i) => `phi${i} * ${loadPair("theta", `first + ${2 * i}`)}`)
    .join(" +\n      ");

/** φᵀθ of a segment at a pixel. */
function motionAt(theta: HostTensor, segment: number, phi: readonly number[]): [number, number] {
  const from = segment * 2 * phi.length;
  const component = (c: number) =>
    phi.reduce((sum, value, i) => sum + value * theta.data[from + 2 * i + c], 0);
  return [component(0), component(1)];
}

const fieldProgram = (terms: number): Program => ({
  name: `motion field ${terms} of segments`,
  inputs: ["masks", "theta"],
  widths: [1, 1, 1],
  uniforms: MASKS,
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
    sum += masks[at * uniforms.segments + segment] * (${motionText(terms)});
  }
  ${storePair("at * 2", "sum")}
}`,
});

const maskGradientProgram = (terms: number): Program =>
  maskProgram({
    name: `motion field gradient ${terms}`,
    inputs: ["dy", "theta"],
    terms,
    numbers: 2 * terms,
    body: `result[index] = dot(${loadPair("dy", "at * 2")}, ${motionText(terms)});`,
  });

const thetaGradientSums = (terms: number): Sums => ({
  name: "motion field",
  terms,
  weight: "mask",
  summands: alongField(terms),
});

/** `{ masks, theta }` to [batch, height, width, 2]. */
export const fieldKernel = defineKernel<Terms>({
  name: "MotionField",
  gpu(backend, { masks, theta }, { terms }) {
    const { batch, height, width, uniforms } = axesOf(masks);
    const shape = [batch, height, width, 2];
    const program = programOf(`motion field ${terms} of segments`, () => fieldProgram(terms));
    return dispatch(backend, program, [masks, theta], shape, uniforms, batch * height * width);
  },
  oracle({ masks, theta }, { terms }) {
    const { batch, height, width } = axesOf(masks);
    const out = hostZeros([batch, height, width, 2]);
    forEachMask(masks, terms, (mask, at, segment, phi) => {
      motionAt(theta, segment, phi).forEach((value, c) =>
        out.data[2 * at + c] += masks.data[mask] * value
      );
    });
    return out;
  },
});

const maskGradient = defineKernel<Terms>({
  name: "MotionFieldMaskGradient",
  gpu(backend, { dy, theta }, { terms }) {
    const [batch, height, width] = dy.shape;
    const shape = [batch, height, width, theta.shape[1]];
    const program = programOf(`motion field gradient ${terms}`, () => maskGradientProgram(terms));
    const size = tf.util.sizeFromShape(shape);
    return dispatch(backend, program, [dy, theta], shape, shape, size);
  },
  oracle({ dy, theta }, { terms }) {
    const [batch, height, width] = dy.shape;
    const out = hostZeros([batch, height, width, theta.shape[1]]);
    forEachMask(out, terms, (mask, at, segment, phi) => {
      const [u, v] = motionAt(theta, segment, phi);
      out.data[mask] = dy.data[2 * at] * u + dy.data[2 * at + 1] * v;
    });
    return out;
  },
});

const thetaGradient = defineKernel<Terms>({
  name: "MotionFieldThetaGradient",
  gpu(backend, { dy, masks }, { terms }) {
    const { batch, segments } = axesOf(masks);
    const flat = runSums(backend, thetaGradientSums(terms), masks, dy);
    return { ...flat, shape: [batch, segments, terms, 2] };
  },
  oracle({ dy, masks }, { terms }) {
    const { batch, segments } = axesOf(masks);
    const out = hostZeros([batch, segments, terms, 2]);
    forEachMask(masks, terms, (mask, at, segment, phi) => {
      phi.forEach((value, i) => {
        for (const c of [0, 1]) {
          out.data[(segment * terms + i) * 2 + c] += masks.data[mask] * value * dy.data[2 * at + c];
        }
      });
    });
    return out;
  },
});

defineGradient<Terms>("MotionField", ["masks", "theta"], {
  masks: (dy, { theta }, { terms }) => maskGradient({ dy, theta }, { terms }),
  theta: (dy, { masks }, { terms }) => thetaGradient({ dy, masks }, { terms }),
});
