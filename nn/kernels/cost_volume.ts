/**
 * Cost volume of a limited range: how well each pixel of one map matches the pixels around the same
 * place in another (Dosovitskiy et al. 2015, as PWC-Net uses it).
 *
 * `volume[p, c] = a(1/C · ⟨f1[p], f2[p + d]⟩)` for the (2r+1)² displacements d = (dx, dy) of at most
 * r, zeros outside the map, c = (dy + r)·(2r+1) + dx + r, and an activation a that follows in the same
 * dispatch. (RAFT's windows run the other way, x slow and y fast.)
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { type ByValue, onHost, VALUE } from "./activation.ts";
import { activationSlope, biasActivation } from "./bias_activation.ts";
import { withOperands } from "./conv2d/operands.ts";
import { defineKernel, type HostTensor, hostZeros } from "./kernel.ts";
import { dispatch, type Program, programOf } from "./program.ts";
import { type OperandAccess, operandAccess } from "./tiles.ts";
import { lines, range, vec4s } from "./wgsl_text.ts";

/** What a volume holds. */
interface CostAttributes {
  /** Largest displacement along each axis. */
  readonly radius: number;
  readonly activation: ByValue;
}

const MAP = {
  pixels: "i32", // batch · height · width
  height: "i32",
  width: "i32",
  quads: "i32", // vec4 a feature vector
  scale: "f32", // 1 / C
} as const;

const mapOf = ([batch, height, width, channels]: readonly number[]): number[] => [
  batch * height * width,
  height,
  width,
  vec4s(channels),
  1 / channels,
];

/** An invocation computes a row of displacements of one pixel. */
const forwardProgram = (
  name: string,
  access: OperandAccess,
  radius: number,
  activation: ByValue,
): Program => {
  const side = 2 * radius + 1;
  return {
    name,
    inputs: ["f1", "f2"],
    widths: [access, access, 1],
    uniforms: MAP,
    workgroup: 64,
    code: `
fn main(index : i32) {
  let pixel = index / ${side};
  if (pixel >= uniforms.pixels) { return; }
  let row = index - pixel * ${side};
  let x = pixel % uniforms.width;
  let y = pixel / uniforms.width % uniforms.height;
  let at = pixel * uniforms.quads;
  let dy = row - ${radius};
  ${lines(side, (i) => `var sum${i} = 0.0;`)}
  if (y + dy >= 0 && y + dy < uniforms.height) {
    let line = at + dy * uniforms.width * uniforms.quads;
    ${
      lines(side, (i) => `
    let to${i} = line + (clamp(x + ${i - radius}, 0, uniforms.width - 1) - x) * uniforms.quads;
    let inside${i} = select(0.0, 1.0, x + ${i - radius} >= 0 && x + ${
        i - radius
      } < uniforms.width);`)
    }
    for (var q = 0; q < uniforms.quads; q++) {
      let a = load_f1(at + q);
      ${lines(side, (i) => `sum${i} += dot(a, load_f2(to${i} + q));`)}
    }
    ${lines(side, (i) => `sum${i} *= inside${i} * uniforms.scale;`)}
  }
  ${
      lines(side, (i) => `
  { let v = sum${i}; result[index * ${side} + ${i}] = ${VALUE[activation]("f32")}; }`)
    }
}`,
  };
};

/**
 * Gradient of f1 (`towards` 1) or f2 (`towards` −1): four channels of one pixel. Pixel p of f1 met
 * p + d of f2 in channel c(d), which the gradient of f1 reads at p and that of f2 at p of f1.
 */
const gradientProgram = (
  name: string,
  access: OperandAccess,
  radius: number,
  towards: 1 | -1,
  aligned: boolean,
): Program => {
  const side = 2 * radius + 1;
  return {
    name,
    inputs: ["other", "dy"],
    widths: [access, 1, aligned ? 4 : 1],
    uniforms: { ...MAP, channels: "i32" },
    workgroup: 64,
    code: `
fn main(index : i32) {
  let pixel = index / uniforms.quads;
  if (pixel >= uniforms.pixels) { return; }
  let q = index - pixel * uniforms.quads;
  let x = pixel % uniforms.width;
  let y = pixel / uniforms.width % uniforms.height;
  var sum = vec4<f32>(0.0);
  for (var j = ${-radius}; j <= ${radius}; j++) {
    let toY = y + ${towards} * j;
    if (toY < 0 || toY >= uniforms.height) { continue; }
    for (var i = max(${-radius}, ${towards === 1 ? "-x" : "x - uniforms.width + 1"});
      i <= min(${radius}, ${towards === 1 ? "uniforms.width - 1 - x" : "x"}); i++) {
      let to = pixel + ${towards} * (j * uniforms.width + i);
      let channel = (j + ${radius}) * ${side} + i + ${radius};
      let g = dy[${towards === 1 ? "pixel" : "to"} * ${side * side} + channel];
      sum = fma(vec4<f32>(g), load_other(to * uniforms.quads + q), sum);
    }
  }
  sum *= uniforms.scale;
  ${
      aligned ? "result[index] = sum;" : lines(4, (k) => `
  if (q * 4 + ${k} < uniforms.channels) { result[pixel * uniforms.channels + q * 4 + ${k}] = sum[${k}]; }`)
    }
}`,
  };
};

/** Calls `visit` with every pair that a volume compares: channel's place, pixel of f1, pixel of f2. */
function forEachPair(
  [batch, height, width]: readonly number[],
  radius: number,
  visit: (place: number, from: number, to: number) => void,
): void {
  const side = 2 * radius + 1;
  for (let pixel = 0; pixel < batch * height * width; pixel++) {
    const x = pixel % width, y = Math.floor(pixel / width) % height;
    for (let channel = 0; channel < side * side; channel++) {
      const dx = channel % side - radius, dy = Math.floor(channel / side) - radius;
      if (x + dx < 0 || y + dy < 0 || x + dx >= width || y + dy >= height) continue;
      visit(pixel * side * side + channel, pixel, pixel + dy * width + dx);
    }
  }
}

const volume = defineKernel<CostAttributes>({
  name: "CostVolume",
  gpu(backend, { f1, f2 }, { radius, activation }) {
    const { shape } = f1;
    const side = 2 * radius + 1;
    const access = operandAccess();
    const key = `cost volume ${access} ${radius} ${activation}`;
    const program = programOf(key, () => forwardProgram(key, access, radius, activation));
    return withOperands(backend, [f1, f2], (operands) => {
      const out = [...shape.slice(0, 3), side * side];
      const uniforms = mapOf(shape);
      const work = uniforms[0] * side * side * shape[3];
      return dispatch(backend, program, operands, out, uniforms, uniforms[0] * side, work);
    });
  },
  oracle({ f1, f2 }, { radius, activation }) {
    const channels = f1.shape[3];
    const out = hostZeros([...f1.shape.slice(0, 3), (2 * radius + 1) ** 2]);
    forEachPair(f1.shape, radius, (place, from, to) => {
      for (let c = 0; c < channels; c++) {
        out.data[place] += f1.data[from * channels + c] * f2.data[to * channels + c] / channels;
      }
    });
    return { shape: out.shape, data: out.data.map(onHost[activation].value) };
  },
  stock({ f1, f2 }, { radius, activation }) {
    const [, height, width] = f1.shape;
    const around = tf.pad(f2, [[0, 0], [radius, radius], [radius, radius], [0, 0]]);
    const size = [-1, height!, width!, -1];
    const means = range((2 * radius + 1) ** 2).map((channel) => {
      const at = [Math.floor(channel / (2 * radius + 1)), channel % (2 * radius + 1)];
      return tf.mean(tf.mul(f1, tf.slice(around, [0, ...at, 0], size)), 3);
    });
    return biasActivation(tf.stack(means, 3), tf.zeros([means.length]), activation);
  },
});

interface GradientAttributes {
  readonly radius: number;
  /** 1 for the gradient of f1 from f2, −1 the other way round. */
  readonly towards: number;
}

const gradient = defineKernel<GradientAttributes>({
  name: "CostVolumeGradient",
  gpu(backend: WebGPUBackend, { dy, other }, { radius, towards }) {
    const { shape } = other;
    const channels = shape[3];
    const uniforms = [...mapOf(shape), channels];
    const [pixels, , , quads] = uniforms;
    const aligned = channels % 4 === 0;
    const access = operandAccess();
    const key = `cost volume gradient ${access} ${radius} ${towards}${aligned ? " aligned" : ""}`;
    const program = programOf(
      key,
      () => gradientProgram(key, access, radius, towards === 1 ? 1 : -1, aligned),
    );
    return withOperands(
      backend,
      [other, other],
      ([operand]) =>
        dispatch(
          backend,
          program,
          [operand, dy],
          shape,
          uniforms,
          pixels * quads,
          pixels * channels * (2 * radius + 1) ** 2,
        ),
    );
  },
  oracle({ dy, other }, { radius, towards }): HostTensor {
    const channels = other.shape[3];
    const out = hostZeros(other.shape);
    forEachPair(other.shape, radius, (place, from, to) => {
      const [own, met] = towards === 1 ? [from, to] : [to, from];
      for (let c = 0; c < channels; c++) {
        out.data[own * channels + c] += dy.data[place] * other.data[met * channels + c] / channels;
      }
    });
    return out;
  },
});

tf.registerGradient({
  kernelName: "CostVolume",
  inputsToSave: ["f1", "f2"],
  outputsToSave: [true],
  gradFunc: (dy, [f1, f2, out], attributes) => {
    const { radius, activation } = attributes as unknown as CostAttributes;
    let sloped: tf.Tensor | null = null;
    const before = () => {
      if (activation === "none") return dy as tf.Tensor;
      // Whoever asks may free what it did not get back.
      if (!sloped || sloped.isDisposed) sloped = activationSlope(dy as tf.Tensor, out, activation);
      return sloped;
    };
    return {
      f1: () => gradient({ dy: before(), other: f2 }, { radius, towards: 1 }),
      f2: () => gradient({ dy: before(), other: f1 }, { radius, towards: -1 }),
    };
  },
});

/**
 * Cost volume of two maps.
 *
 * @param f1 Features, [batch, height, width, C].
 * @param f2 The same shape.
 * @param radius Largest displacement along each axis, r.
 * @param activation What follows the mean over channels.
 * @returns [batch, height, width, (2r+1)²]. Differentiable with respect to both maps.
 * @throws {Error} When the maps' shapes differ: the kernel would read one with the other's strides.
 */
export function costVolume(
  f1: tf.Tensor4D,
  f2: tf.Tensor4D,
  radius: number,
  activation: ByValue = "none",
): tf.Tensor4D {
  tf.util.assertShapesMatch(f1.shape, f2.shape, "costVolume of two maps:");
  return volume({ f1, f2 }, { radius, activation }) as tf.Tensor4D;
}
