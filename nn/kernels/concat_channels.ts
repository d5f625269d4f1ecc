/**
 * Feature maps one behind the other along the channels, the first one gated if need be.
 *
 * The gate is a GRU's reset gate: its candidate reads [r ⊙ h, x]. On a software adapter the result
 * goes into a texture as well, since a convolution reads it next.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { range, vec4s } from "./conv2d/window.ts";
import { defineKernel, type HostTensor, hostZeros } from "./kernel.ts";
import { operandAccess } from "./tiles.ts";
import { dispatch, type Program, programOf } from "./program.ts";

/** Most maps that one dispatch joins. */
const MOST = 4;

const widthsOf = (parts: number) =>
  Object.fromEntries(range(parts).map((i) => [`width${i}`, "i32" as const]));

/** An invocation assembles four channels. */
const joinProgram = (parts: number, gated: boolean, twin: boolean): Program => {
  const names = range(parts).map((i) => `part${i}`);
  return {
    name: `concat ${parts}${gated ? " gated" : ""}${twin ? " twin" : ""}`,
    inputs: [...names, ...gated ? ["gate"] : []],
    widths: [...names.map(() => 1 as const), ...gated ? [1 as const] : [], 1],
    twin,
    uniforms: { vectors: "i32", channels: "i32", ...widthsOf(parts) },
    workgroup: 64,
    code: `
fn main(index : i32) {
  if (index >= uniforms.vectors) { return; }
  let perRow = (uniforms.channels + 3) / 4;
  let row = index / perRow;
  var value = vec4<f32>(0.0);
  for (var k = 0; k < 4; k++) {
    let channel = (index - row * perRow) * 4 + k;
    if (channel >= uniforms.channels) { break; }
    var at = channel;
    ${
      range(parts).map((i) => `
    if (at >= 0 && at < uniforms.width${i}) {
      value[k] = part${i}[row * uniforms.width${i} + at]${
        gated && i === 0 ? " * gate[row * uniforms.width0 + at]" : ""
      };
    }
    at -= uniforms.width${i};`).join("")
    }
    result[row * uniforms.channels + channel] = value[k];
  }
  ${twin ? "store_twin(index, value);" : ""}
}`,
  };
};

/** Some channels of a map, times a factor if need be. */
const takeProgram = (times: boolean): Program => ({
  name: `take channels${times ? " times" : ""}`,
  inputs: ["x", ...times ? ["factor"] : []],
  widths: [1, ...times ? [1 as const] : [], 1],
  uniforms: { size: "i32", channels: "i32", start: "i32", width: "i32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  let row = index / uniforms.width;
  let at = row * uniforms.channels + uniforms.start + index - row * uniforms.width;
  result[index] = x[at]${times ? " * factor[index]" : ""};
}`,
});

const TAKE = takeProgram(false);
const TAKE_TIMES = takeProgram(true);

/** The maps among a kernel's inputs, in order. */
const partsOf = <T>(inputs: Readonly<Record<string, T>>): T[] =>
  range(MOST).map((i) => inputs[`part${i}`]).filter((part) => part !== undefined);

interface Join {
  /** Channels of each map, for the gradient, which needs no more of them. */
  readonly widths: readonly number[];
}

/** Kernel of that name; the gate's two operands are saved for a gradient only where there is one. */
const defineJoin = (name: string) =>
  defineKernel<Join>({
    name,
    gpu(backend, inputs, { widths }) {
      const parts = partsOf(inputs);
      const { gate } = inputs;
      const channels = widths.reduce((a, b) => a + b);
      const rows = tf.util.sizeFromShape(parts[0].shape) / widths[0];
      const twin = operandAccess() === "texels";
      const gated = gate !== undefined;
      const program = programOf(`concat ${parts.length} ${gated} ${twin}`, () =>
        joinProgram(parts.length, gated, twin));
      const vectors = rows * vec4s(channels);
      const operands = [...parts, ...gate ? [gate] : []];
      const shape = [...parts[0].shape.slice(0, -1), channels];
      const values = [vectors, channels, ...widths];
      return dispatch(backend, program, operands, shape, values, vectors);
    },
    oracle(inputs, { widths }) {
      const parts = partsOf(inputs);
      const channels = widths.reduce((a, b) =>
        a + b
      );
      const out = hostZeros([...parts[0].shape.slice(0, -1), channels]);
      let start = 0;
      parts.forEach(({ data }, i) => {
        data.forEach((value, at) => {
          const row = Math.floor(at / widths[i]);
          const gate = i === 0 && inputs.gate ? inputs.gate.data[at] : 1;
          out.data[row * channels + start + at % widths[i]] = value * gate;
        });
        start += widths[i];
      });
      return out;
    },
    stock(inputs) {
      const [first, ...rest] = partsOf(inputs);
      return tf.concat([inputs.gate ? tf.mul(first, inputs.gate) : first, ...rest], -1);
    },
  });

const join = defineJoin("ConcatChannels");
const gatedJoin = defineJoin("GatedConcat");

interface Take {
  readonly start: number;
  readonly width: number;
}

const take = defineKernel<Take>({
  name: "TakeChannels",
  gpu(backend: WebGPUBackend, { x, factor }, { start, width }) {
    const channels = x.shape.at(-1)!;
    const size = tf.util.sizeFromShape(x.shape) / channels * width;
    const shape = [...x.shape.slice(0, -1), width];
    const operands = factor ? [x, factor] : [x];
    const program = factor ? TAKE_TIMES : TAKE;
    return dispatch(backend, program, operands, shape, [size, channels, start, width], size);
  },
  oracle({ x, factor }, { start, width }): HostTensor {
    const channels = x.shape.at(-1)!;
    const out = hostZeros([...x.shape.slice(0, -1), width]);
    for (let i = 0; i < out.data.length; i++) {
      const at = Math.floor(i / width) * channels + start + i % width;
      out.data[i] = x.data[at] * (factor ? factor.data[i] : 1);
    }
    return out;
  },
});

const slices = (x: tf.Tensor, widths: readonly number[]): Record<string, () => tf.Tensor> =>
  Object.fromEntries(widths.map((width, i) => {
    const start = widths.slice(0, i).reduce((a, b) => a + b, 0);
    return [`part${i}`, () => take({ x }, { start, width })];
  }));

tf.registerGradient({
  kernelName: "ConcatChannels",
  gradFunc: (dy, _, attrs) => slices(dy as tf.Tensor, (attrs as unknown as Join).widths),
});

tf.registerGradient({
  kernelName: "GatedConcat",
  inputsToSave: ["part0", "gate"],
  gradFunc: (dy, [part0, gate], attrs) => {
    const { widths } = attrs as unknown as Join;
    const x = dy as tf.Tensor;
    const first = { start: 0, width: widths[0] };
    return {
      ...slices(x, widths),
      part0: () => take({ x, factor: gate }, first),
      gate: () => take({ x, factor: part0 }, first),
    };
  },
});

/**
 * Maps one behind the other along their last axis.
 *
 * @param maps Two to four, equally shaped but for the last axis.
 * @param gate Shaped like the first map, which it is multiplied with.
 * @returns Differentiable with respect to the maps and the gate.
 */
export function concatChannels<T extends tf.Tensor>(maps: readonly T[], gate?: T): T {
  if (maps.length < 2 || maps.length > MOST) {
    throw new Error(`concatChannels of ${maps.length} maps`);
  }
  const parts = Object.fromEntries(maps.map((map, i) => [`part${i}`, map]));
  const widths = maps.map(({ shape }) => shape.at(-1)!);
  return (gate ? gatedJoin({ ...parts, gate }, { widths }) : join(parts, { widths })) as T;
}
