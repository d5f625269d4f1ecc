/**
 * Feature maps one behind the other along the channels, the first one gated if need be.
 *
 * The gate is a GRU's reset gate: its candidate reads [r ⊙ h, x]. On a software adapter the result
 * goes into a texture as well, since a convolution reads it next.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { inOneGo } from "../backward.ts";
import { inPlace } from "./in_place.ts";
import { defineKernel, type HostTensor, hostZeros } from "./kernel.ts";
import { operandAccess } from "./tiles.ts";
import { dispatch, type Program, programOf } from "./program.ts";
import { range, vec4s } from "./wgsl_text.ts";

/** Most maps that one dispatch joins; taking four and a gate apart binds eight buffers. */
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

/** An invocation hands one number on, to the map it belongs to. */
const splitProgram = (parts: number, gated: boolean): Program => ({
  name: `split channels ${parts}${gated ? " gated" : ""}`,
  inputs: [
    "x",
    ...gated ? ["part0", "gate", "ofGate"] : [],
    ...range(parts).slice(1).map((i) => `of${i}`),
  ],
  widths: [
    1,
    ...gated ? [1, 1, "update"] as const : [],
    ...range(parts).slice(1).map(() => "update" as const),
    1,
  ],
  uniforms: {
    ...{ size: "i32", channels: "i32" },
    ...widthsOf(parts),
    ...Object.fromEntries(range(parts + 1).map((i) => [`onto${i}`, "i32" as const])),
  },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  let row = index / uniforms.channels;
  let value = x[index];
  var at = index - row * uniforms.channels;
  ${
    range(parts).map((i) => {
      const array = i === 0 ? "result" : `of${i}`;
      const put = (array: string, which: number, value: string) =>
        `${array}[to] = select(0.0, ${array}[to], uniforms.onto${which} == 1) + ${value};`;
      return `
  if (at < uniforms.width${i}) {
    let to = row * uniforms.width${i} + at;
    ${put(array, i, gated && i === 0 ? "value * gate[to]" : "value")}
    ${gated && i === 0 ? put("ofGate", parts, "value * part0[to]") : ""}
    return;
  }
  at -= uniforms.width${i};`;
    }).join("")
  }
}`,
});

/** The first map and its gate, where there is one. */
type Gating = readonly [part0: tf.Tensor, gate: tf.Tensor] | null;

/** Channels of a map to the maps that they come from, by plain loops; with a gate, its gradient last. */
export function splitOracle(
  x: HostTensor["data"],
  widths: readonly number[],
  gating: readonly [part0: HostTensor["data"], gate: HostTensor["data"]] | null = null,
): Float64Array[] {
  const channels = widths.reduce((a, b) => a + b), rows = x.length / channels;
  const parts = widths.map((width) => new Float64Array(rows * width));
  let start = 0;
  widths.forEach((width, i) => {
    parts[i].forEach((_, at) => {
      parts[i][at] = x[Math.floor(at / width) * channels + start + at % width];
    });
    start += width;
  });
  if (!gating) return parts;
  const [part0, gate] = gating, [first, ...rest] = parts;
  return [first.map((g, i) => g * gate[i]), ...rest, first.map((g, i) => g * part0[i])];
}

/**
 * Channels of a map to the maps that they come from: the gradient of joining them.
 *
 * @param gating The first map and the gate on it, whose gradient comes last.
 * @param onto Adds to those that are given, in the order of the results.
 */
export function splitChannels(
  x: tf.Tensor,
  widths: readonly number[],
  gating: Gating = null,
  onto: readonly (tf.Tensor | undefined)[] = [],
): tf.Tensor[] {
  const channels = x.shape.at(-1)!;
  const shapes = [...widths, ...gating ? [widths[0]] : []].map((width) => [
    ...x.shape.slice(0, -1),
    width,
  ]);
  return inPlace({
    gpu(backend) {
      const parts = widths.length;
      const program = programOf(
        `split ${parts} ${gating !== null}`,
        () => splitProgram(parts, gating !== null),
      );
      const outputs = shapes.map((shape, i) => onto[i] ?? backend.makeTensorInfo(shape, "float32"));
      const [first, ...others] = outputs;
      const ofGate = gating ? [...gating, others.pop()!] : [];
      const flags = range(parts + 1).map((i) => onto[i] ? 1 : 0);
      dispatch(
        backend,
        program,
        [x, ...ofGate, ...others],
        first,
        [x.size, channels, ...widths, ...flags],
        x.size,
      );
      return outputs.map((output, i) => onto[i] ?? tf.engine().makeTensorFromTensorInfo(output));
    },
    cpu(host) {
      const made = splitOracle(
        host(x),
        widths,
        gating && [host(gating[0]), host(gating[1])],
      );
      return made.map((data, i) => {
        const sum = onto[i];
        if (!sum) return tf.tensor(Float32Array.from(data), shapes[i]);
        const values = host(sum);
        data.forEach((value, at) => values[at] += value);
        return sum;
      });
    },
  });
}

const names = (widths: readonly number[]) => widths.map((_, i) => `part${i}`);

tf.registerGradient({
  kernelName: "ConcatChannels",
  gradFunc: (dy, _, attrs) => {
    const { widths } = attrs as unknown as Join;
    return inOneGo(
      names(widths),
      (sums) => splitChannels(dy as tf.Tensor, widths, null, sums),
    );
  },
});

tf.registerGradient({
  kernelName: "GatedConcat",
  inputsToSave: ["part0", "gate"],
  gradFunc: (dy, [part0, gate], attrs) => {
    const { widths } = attrs as unknown as Join;
    return inOneGo(
      [...names(widths), "gate"],
      (sums) => splitChannels(dy as tf.Tensor, widths, [part0, gate], sums),
    );
  },
});

/**
 * Maps one behind the other along their last axis.
 *
 * @param maps Two to four, equally shaped but for the last axis.
 * @param gate Shaped like the first map, which it is multiplied with.
 * @returns Differentiable with respect to the maps and the gate.
 * @throws {Error} When shapes differ elsewhere: the kernel would mix rows of different places.
 */
export function concatChannels<T extends tf.Tensor>(maps: readonly T[], gate?: T): T {
  if (maps.length < 2 || maps.length > MOST) {
    throw new Error(`concatChannels of ${maps.length} maps`);
  }
  const placesOf = ({ shape }: tf.Tensor) => shape.slice(0, -1);
  for (const map of maps) {
    tf.util.assertShapesMatch(
      placesOf(map),
      placesOf(maps[0]),
      "concatChannels, but for channels:",
    );
  }
  if (gate) tf.util.assertShapesMatch(gate.shape, maps[0].shape, "gate of concatChannels:");
  const parts = Object.fromEntries(maps.map((map, i) => [`part${i}`, map]));
  const widths = maps.map(({ shape }) => shape.at(-1)!);
  return (gate ? gatedJoin({ ...parts, gate }, { widths }) : join(parts, { widths })) as T;
}
