/**
 * 2-D convolution and its two gradients on WebGPU, in the place of TensorFlow.js' own kernels.
 *
 * Layouts are TensorFlow's: pictures NHWC, filters [kh, kw, in, out]. Any stride, padding, dilation
 * and channel count. Registered under the names `Conv2D`, `Conv2DBackpropInput` and
 * `Conv2DBackpropFilter`, so models call `tf.conv2d` and know nothing of it. TensorFlow.js' CPU
 * kernels are the oracle.
 *
 * An invocation owns a tile of the result in registers (16 pixels by 16 channels at best) and reads
 * both operands as vec4 along channels: a load feeds 16 multiply-adds, and no workgroup memory is
 * needed. Channel counts that 4 does not divide are padded with zeros first, which costs one pass over
 * a tensor that the convolution reads many times anyway.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { dispatch, type Program } from "./program.ts";

type ConvInfo = tf.backend_util.Conv2DInfo;
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const lines = (n: number, text: (i: number) => string) => range(n).map(text).join("\n");

/** Number of vec4 that hold `channels` numbers. */
const vec4s = (channels: number) => Math.ceil(channels / 4);

const WORKGROUP = 16;

const WINDOW = {
  batch: "i32",
  inHeight: "i32",
  inWidth: "i32",
  inVec4s: "i32",
  outHeight: "i32",
  outWidth: "i32",
  outChannels: "i32",
  kernelHeight: "i32",
  kernelWidth: "i32",
  strideY: "i32",
  strideX: "i32",
  padTop: "i32",
  padLeft: "i32",
  dilationY: "i32",
  dilationX: "i32",
  filterRows: "i32",
  filterVec4s: "i32",
} as const;

/**
 * Tile kernel for the forward pass and the input gradient.
 *
 * Both slide a window over "in" and write "out"; they differ in which pixel a tap reads and in the
 * axis of the filter that is summed over.
 *
 * @param pixels Pixels of the tile.
 * @param quads Tile width in groups of four output channels.
 */
function tileProgram(
  direction: "forward" | "inputGradient",
  pixels: number,
  quads: number,
  vectorOut: boolean,
): Program {
  const forward = direction === "forward";
  const source = (p: number) =>
    forward
      ? `let iy${p} = oy${p} * uniforms.strideY - uniforms.padTop + ky * uniforms.dilationY;
         let ix${p} = ox${p} * uniforms.strideX - uniforms.padLeft + kx * uniforms.dilationX;
         let ok${p} = iy${p} >= 0 && iy${p} < uniforms.inHeight && ix${p} >= 0 && ix${p} < uniforms.inWidth;`
      : `let ty${p} = oy${p} + uniforms.padTop - ky * uniforms.dilationY;
         let tx${p} = ox${p} + uniforms.padLeft - kx * uniforms.dilationX;
         let iy${p} = ty${p} / uniforms.strideY; let ix${p} = tx${p} / uniforms.strideX;
         let ok${p} = ty${p} >= 0 && tx${p} >= 0 && iy${p} * uniforms.strideY == ty${p} &&
           ix${p} * uniforms.strideX == tx${p} && iy${p} < uniforms.inHeight && ix${p} < uniforms.inWidth;`;
  const filterTap = "(ky * uniforms.kernelWidth + kx) * uniforms.filterRows";
  const multiply = forward
    ? lines(4, (k) => `
        let row${k} = (${filterTap} + min(q * 4 + ${k}, uniforms.filterRows - 1)) * uniforms.filterVec4s + quad;
        ${lines(quads, (c) => `let f${k}_${c} = weights[row${k} + min(${c}, spare)];`)}
        ${
      lines(pixels, (p) =>
        lines(
          quads,
          (c) => `sum${p}_${c} = fma(vec4<f32>(v${p}[${k}]), f${k}_${c}, sum${p}_${c});`,
        ))
    }`)
    : lines(quads, (c) =>
      lines(4, (k) => `
        let f${c}_${k} = weights[(${filterTap} + min((quad + ${c}) * 4 + ${k}, uniforms.filterRows - 1)) * uniforms.filterVec4s + q];
        ${lines(pixels, (p) => `sum${p}_${c}[${k}] += dot(v${p}, f${c}_${k});`)}`));
  const store = (p: number) =>
    lines(
      quads,
      (c) =>
        vectorOut
          ? `if (quad + ${c} < outVec4s) { result[at${p} * outVec4s + quad + ${c}] = sum${p}_${c}; }`
          : lines(4, (k) => `
            if ((quad + ${c}) * 4 + ${k} < uniforms.outChannels) {
              result[at${p} * uniforms.outChannels + (quad + ${c}) * 4 + ${k}] = sum${p}_${c}[${k}];
            }`),
    );
  return {
    name: `conv2d ${direction} ${pixels}x${quads}${vectorOut ? "" : " scalar"}`,
    inputs: ["x", "weights"],
    widths: [4, 4, vectorOut ? 4 : 1],
    uniforms: WINDOW,
    workgroup: WORKGROUP,
    code: `
fn main(index : i32) {
  let total = uniforms.batch * uniforms.outHeight * uniforms.outWidth;
  let outVec4s = (uniforms.outChannels + 3) / 4;
  let group = index / ${WORKGROUP};
  let blocks = (outVec4s + ${quads - 1}) / ${quads};
  let quad = (group % blocks) * ${quads};
  let spare = outVec4s - 1 - quad;
  let first = (group / blocks) * ${WORKGROUP * pixels} + index % ${WORKGROUP};
  if (first >= total) { return; }
  ${
      lines(pixels, (p) => `
  let at${p} = first + ${p * WORKGROUP};
  let m${p} = min(at${p}, total - 1);
  let ox${p} = m${p} % uniforms.outWidth;
  let oy${p} = (m${p} / uniforms.outWidth) % uniforms.outHeight;
  let image${p} = m${p} / (uniforms.outWidth * uniforms.outHeight) * uniforms.inHeight;
  ${lines(quads, (c) => `var sum${p}_${c} = vec4<f32>(0.0);`)}`)
    }
  for (var ky = 0; ky < uniforms.kernelHeight; ky++) {
    for (var kx = 0; kx < uniforms.kernelWidth; kx++) {
      ${
      lines(pixels, (p) => `
      ${source(p)}
      let from${p} = ((image${p} + clamp(iy${p}, 0, uniforms.inHeight - 1)) * uniforms.inWidth +
        clamp(ix${p}, 0, uniforms.inWidth - 1)) * uniforms.inVec4s;
      let inside${p} = select(0.0, 1.0, ok${p});`)
    }
      for (var q = 0; q < uniforms.inVec4s; q++) {
        ${lines(pixels, (p) => `let v${p} = x[from${p} + q] * inside${p};`)}
        ${multiply}
      }
    }
  }
  ${lines(pixels, (p) => `if (at${p} < total) { ${store(p)} }`)}
}`,
  };
}

/**
 * Tile kernel for the filter gradient: an invocation sums one tile of one tap over a segment of the
 * output pixels; {@link SUM_SEGMENTS} then adds the segments in a fixed order.
 */
function filterGradientProgram(inQuads: number, outQuads: number): Program {
  return {
    name: `conv2d filterGradient ${inQuads}x${outQuads}`,
    inputs: ["x", "dy"],
    widths: [4, 4, 1],
    uniforms: { ...WINDOW, segments: "i32", inChannels: "i32" },
    workgroup: WORKGROUP,
    code: `
fn main(index : i32) {
  let outVec4s = (uniforms.outChannels + 3) / 4;
  let inBlocks = (uniforms.inVec4s + ${inQuads - 1}) / ${inQuads};
  let outBlocks = (outVec4s + ${outQuads - 1}) / ${outQuads};
  let segment = index % uniforms.segments;
  let tile = index / uniforms.segments;
  let co = (tile % outBlocks) * ${outQuads};
  let ci = (tile / outBlocks) % inBlocks * ${inQuads};
  let tap = tile / (outBlocks * inBlocks);
  if (tap >= uniforms.kernelHeight * uniforms.kernelWidth) { return; }
  let ky = tap / uniforms.kernelWidth;
  let kx = tap % uniforms.kernelWidth;
  let total = uniforms.batch * uniforms.outHeight * uniforms.outWidth;
  let each = (total + uniforms.segments - 1) / uniforms.segments;
  let end = min((segment + 1) * each, total);
  ${lines(inQuads * 4, (i) => lines(outQuads, (c) => `var sum${i}_${c} = vec4<f32>(0.0);`))}
  for (var m = segment * each; m < end; m++) {
    let ox = m % uniforms.outWidth;
    let oy = (m / uniforms.outWidth) % uniforms.outHeight;
    let iy = oy * uniforms.strideY - uniforms.padTop + ky * uniforms.dilationY;
    let ix = ox * uniforms.strideX - uniforms.padLeft + kx * uniforms.dilationX;
    if (iy < 0 || iy >= uniforms.inHeight || ix < 0 || ix >= uniforms.inWidth) { continue; }
    let image = m / (uniforms.outWidth * uniforms.outHeight);
    let origin = ((image * uniforms.inHeight + iy) * uniforms.inWidth + ix) * uniforms.inVec4s + ci;
    let to = m * outVec4s + co;
    ${lines(inQuads, (i) => `let x${i} = x[origin + min(${i}, uniforms.inVec4s - 1 - ci)];`)}
    ${lines(outQuads, (c) => `let d${c} = dy[to + min(${c}, outVec4s - 1 - co)];`)}
    ${
      lines(inQuads * 4, (i) =>
        lines(outQuads, (c) =>
          `sum${i}_${c} = fma(vec4<f32>(x${i >> 2}[${i & 3}]), d${c}, sum${i}_${c});`))
    }
  }
  let base = (segment * uniforms.kernelHeight * uniforms.kernelWidth + tap) * uniforms.inChannels;
  ${
      lines(inQuads * 4, (i) => `
  if (ci * 4 + ${i} < uniforms.inChannels) {
    let row = (base + ci * 4 + ${i}) * uniforms.outChannels;
    ${
        lines(outQuads, (c) =>
          lines(4, (k) => `
    if ((co + ${c}) * 4 + ${k} < uniforms.outChannels) { result[row + (co + ${c}) * 4 + ${k}] = sum${i}_${c}[${k}]; }`))
      }
  }`)
    }
}`,
  };
}

const SUM_SEGMENTS: Program = {
  name: "sum segments",
  inputs: ["x"],
  widths: [1, 1],
  uniforms: { size: "i32", segments: "i32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  var sum = 0.0;
  for (var s = 0; s < uniforms.segments; s++) { sum += x[s * uniforms.size + index]; }
  result[index] = sum;
}`,
};

const PAD_CHANNELS: Program = {
  name: "pad channels",
  inputs: ["x"],
  widths: [1, 4],
  uniforms: { vectors: "i32", channels: "i32" },
  workgroup: 64,
  code: `
fn main(index : i32) {
  if (index >= uniforms.vectors) { return; }
  let perRow = (uniforms.channels + 3) / 4;
  let row = index / perRow;
  let channel = (index - row * perRow) * 4;
  var value = vec4<f32>(0.0);
  for (var k = 0; k < 4; k++) {
    if (channel + k < uniforms.channels) { value[k] = x[row * uniforms.channels + channel + k]; }
  }
  result[index] = value;
}`,
};

/** The tensor with its last axis padded with zeros to a multiple of four; `temporary` when new. */
function alignChannels(backend: WebGPUBackend, x: tf.TensorInfo) {
  const channels = x.shape.at(-1)!;
  if (channels % 4 === 0) return { tensor: x, temporary: false };
  const rows = tf.util.sizeFromShape(x.shape) / channels;
  const vectors = rows * vec4s(channels);
  const shape = [...x.shape.slice(0, -1), vec4s(channels) * 4];
  return {
    tensor: dispatch(backend, PAD_CHANNELS, [x], shape, [vectors, channels], vectors),
    temporary: true,
  };
}

/** Runs `use` on channel-aligned operands and frees the padded copies. */
function withAligned(
  backend: WebGPUBackend,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
  use: (a: tf.TensorInfo, b: tf.TensorInfo) => tf.TensorInfo,
): tf.TensorInfo {
  const operands = [alignChannels(backend, a), alignChannels(backend, b)];
  const result = use(operands[0].tensor, operands[1].tensor);
  for (const { tensor, temporary } of operands) if (temporary) backend.disposeData(tensor.dataId);
  return result;
}

const programs = new Map<string, Program>();

/** One {@link Program} object for each set of arguments. */
function cached(key: string, make: () => Program): Program {
  let program = programs.get(key);
  if (!program) programs.set(key, program = make());
  return program;
}

/** Tile widths in use; each is a pipeline to compile, so they are few. */
const quadsFor = (channels: number) => channels <= 4 ? 1 : channels <= 8 ? 2 : 4;

function runTile(
  backend: WebGPUBackend,
  direction: "forward" | "inputGradient",
  x: tf.TensorInfo,
  filter: tf.TensorInfo,
  info: ConvInfo,
): tf.TensorInfo {
  const forward = direction === "forward";
  const out = forward
    ? { height: info.outHeight, width: info.outWidth, channels: info.outChannels }
    : { height: info.inHeight, width: info.inWidth, channels: info.inChannels };
  const into = forward
    ? { height: info.inHeight, width: info.inWidth, channels: info.inChannels }
    : { height: info.outHeight, width: info.outWidth, channels: info.outChannels };
  const total = info.batchSize * out.height * out.width;
  const quads = quadsFor(out.channels);
  // Small pictures are split finer so that more than a handful of workgroups exist.
  const pixels = total >= 2048 ? 16 : 8;
  const vectorOut = out.channels % 4 === 0;
  const program = cached(
    `${direction} ${pixels} ${quads} ${vectorOut}`,
    () => tileProgram(direction, pixels, quads, vectorOut),
  );
  const blocks = Math.ceil(vec4s(out.channels) / quads);
  const groups = Math.ceil(total / (WORKGROUP * pixels)) * blocks;
  return withAligned(
    backend,
    x,
    filter,
    (x, filter) =>
      dispatch(
        backend,
        program,
        [x, filter],
        [info.batchSize, out.height, out.width, out.channels],
        [
          info.batchSize,
          into.height,
          into.width,
          vec4s(into.channels),
          out.height,
          out.width,
          out.channels,
          ...windowOf(info),
          info.inChannels,
          vec4s(info.outChannels),
        ],
        groups * WORKGROUP,
      ),
  );
}

function windowOf(info: ConvInfo): number[] {
  return [
    info.filterHeight,
    info.filterWidth,
    info.strideHeight,
    info.strideWidth,
    info.padInfo.top,
    info.padInfo.left,
    info.dilationHeight,
    info.dilationWidth,
  ];
}

function runFilterGradient(
  backend: WebGPUBackend,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  info: ConvInfo,
): tf.TensorInfo {
  const { filterHeight, filterWidth, inChannels, outChannels } = info;
  const shape = [filterHeight, filterWidth, inChannels, outChannels];
  const inQuads = inChannels <= 4 ? 1 : 4;
  const outQuads = outChannels <= 4 ? 1 : 4;
  const program = cached(
    `filterGradient ${inQuads} ${outQuads}`,
    () => filterGradientProgram(inQuads, outQuads),
  );
  const tiles = filterHeight * filterWidth * Math.ceil(vec4s(inChannels) / inQuads) *
    Math.ceil(vec4s(outChannels) / outQuads);
  const total = info.batchSize * info.outHeight * info.outWidth;
  // Enough segments to occupy a device, yet several pixels in each.
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(8, 2048 / tiles)));
  const segments = Math.max(1, Math.min(wanted, 64, Math.floor(total / 4)));
  const parts = withAligned(
    backend,
    x,
    dy,
    (x, dy) =>
      dispatch(backend, program, [x, dy], segments === 1 ? shape : [segments, ...shape], [
        info.batchSize,
        info.inHeight,
        info.inWidth,
        vec4s(inChannels),
        info.outHeight,
        info.outWidth,
        outChannels,
        ...windowOf(info),
        inChannels,
        vec4s(outChannels),
        segments,
        inChannels,
      ], tiles * segments),
  );
  if (segments === 1) return parts;
  const size = tf.util.sizeFromShape(shape);
  const sum = dispatch(backend, SUM_SEGMENTS, [parts], shape, [size, segments], size);
  backend.disposeData(parts.dataId);
  return sum;
}

interface ConvAttributes {
  strides: number | [number, number];
  pad: tf.backend_util.ExplicitPadding | "valid" | "same" | number;
  dilations?: number | [number, number];
  dataFormat: "NHWC" | "NCHW";
  dimRoundingMode?: "floor" | "round" | "ceil";
}

function convInfo(
  input: number[],
  filter: number[],
  { strides, pad, dilations = 1, dataFormat, dimRoundingMode }: ConvAttributes,
): ConvInfo {
  if (dataFormat !== "NHWC") throw new Error(`conv2d: ${dataFormat} pictures are not supported`);
  return tf.backend_util.computeConv2DInfo(
    input as [number, number, number, number],
    filter as [number, number, number, number],
    strides,
    dilations,
    pad,
    dimRoundingMode,
    false,
  );
}

type Run = {
  inputs: Record<string, tf.TensorInfo>;
  backend: WebGPUBackend;
  attrs: ConvAttributes & { inputShape: number[]; filterShape: number[] };
};

const kernels: Record<string, (run: Run) => tf.TensorInfo> = {
  Conv2D: ({ inputs: { x, filter }, backend, attrs }) =>
    runTile(backend, "forward", x, filter, convInfo(x.shape, filter.shape, attrs)),
  Conv2DBackpropInput: ({ inputs: { dy, filter }, backend, attrs }) =>
    runTile(backend, "inputGradient", dy, filter, convInfo(attrs.inputShape, filter.shape, attrs)),
  Conv2DBackpropFilter: ({ inputs: { x, dy }, backend, attrs }) =>
    runFilterGradient(backend, x, dy, convInfo(x.shape, attrs.filterShape, attrs)),
};

// TensorFlow.js' own gradient refuses dilation, which it would not hand on to the kernels.
const gradient: tf.GradConfig = {
  kernelName: "Conv2D",
  inputsToSave: ["x", "filter"],
  gradFunc: (dy, [x, filter], attrs) => {
    const { dilations } = attrs as unknown as ConvAttributes;
    if (tf.getBackend() !== "webgpu" && [dilations ?? 1].flat().some((d) => d !== 1)) {
      throw new Error("conv2d: dilated convolutions have a gradient on the webgpu backend only");
    }
    const run = (name: string, inputs: tf.NamedTensorMap, shape: tf.NamedAttrMap) =>
      tf.engine().runKernel(name, inputs, { ...attrs, ...shape }) as tf.Tensor;
    return {
      x: () => run("Conv2DBackpropInput", { dy: dy as tf.Tensor, filter }, { inputShape: x.shape }),
      filter: () =>
        run("Conv2DBackpropFilter", { x, dy: dy as tf.Tensor }, { filterShape: filter.shape }),
    };
  },
};

/**
 * Puts these kernels in the place of TensorFlow.js' own on the `webgpu` backend, and a gradient that
 * knows dilation in the place of its own on every backend.
 */
export function registerConv2d(): void {
  for (const [kernelName, run] of Object.entries(kernels)) {
    tf.unregisterKernel(kernelName, "webgpu");
    tf.registerKernel({
      kernelName,
      backendName: "webgpu",
      kernelFunc: run as unknown as tf.KernelFunc,
    });
  }
  tf.unregisterGradient(gradient.kernelName);
  tf.registerGradient(gradient);
}
