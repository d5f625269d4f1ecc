/**
 * An ONNX file as a contender, run by onnxruntime-web.
 *
 * The file is asked, in this order, for what a flow network can look like:
 *
 * - Pictures: two inputs `[1, 3, H, W]` or `[1, H, W, 3]`, in the order of the last numbers in their
 *   names (`image1`, `image2`) or, where they have none, of the file; or one input with both, as `[1, 6, H, W]`, `[1, H, W, 6]`,
 *   `[2, 3, H, W]`, `[2, H, W, 3]`, `[1, 2, 3, H, W]` or `[1, 2, H, W, 3]`. Extents may be open. The
 *   elements are float32, or uint8 in 0…255.
 * - Values: RGB in 0…255 unless the file's metadata say otherwise (`reflow.pixels`: `0..255`, `0..1`
 *   or `-1..1`; `reflow.channels`: `rgb` or `bgr`) or the user does.
 * - Flow: the output called `flow`, else the last of those with two channels, as `[1, 2, h, w]` or
 *   `[1, h, w, 2]` (or with one more extent of 1 in front), in pixels of the pictures given. It may be
 *   coarser than these by a whole factor.
 *
 * What cannot be asked is taken on trust, and said in the notes: how many iterations the file holds.
 *
 * @module
 */
import { basename } from "@std/path";
import { type FlowField, type NdArray, ndarray, packed, type Picture } from "../../base/arrays.ts";
import { DataError, EnvironmentError, UsageError } from "../../base/errors.ts";
import { sha256 } from "../../base/files.ts";
import { readBytes } from "../../datasets/formats/guard.ts";
import { agreement } from "../onnx/agreement.ts";
import { type OnnxGraph, type OnnxValue, readOnnxGraph } from "../onnx/graph.ts";
import {
  type OnnxInput,
  type OnnxModel,
  type OnnxOutput,
  type OnnxProvider,
  openOnnx,
} from "../onnx/session.ts";
import type { FlowContender } from "./contender.ts";

/** Ranges of values that a network may want its pictures in. */
export const pixelRanges = ["0..255", "0..1", "-1..1"] as const;
/** See {@link pixelRanges}. */
export type PixelRange = (typeof pixelRanges)[number];

/** Orders of channels that a network may want. */
export const channelOrders = ["rgb", "bgr"] as const;
/** See {@link channelOrders}. */
export type ChannelOrder = (typeof channelOrders)[number];

/** What an ONNX file cannot say of itself. */
export interface OnnxOptions {
  /** Where it runs; on `webgpu`, its first flow is compared with what `wasm` gives. */
  readonly provider: OnnxProvider;
  /** Overrides the file's metadata. */
  readonly pixels?: PixelRange;
  /** Overrides the file's metadata. */
  readonly channels?: ChannelOrder;
}

/** How pictures become inputs. */
interface Layout {
  /** Names of the inputs: one of each picture, or one of both. */
  readonly names: readonly string[];
  readonly type: "float32" | "uint8";
  /** Extents that come before height, width and channels, with both pictures where one input has both. */
  readonly leading: readonly number[];
  /** Whether channels come before height and width. */
  readonly channelsFirst: boolean;
  /** Whether the channels of both pictures lie behind each other. */
  readonly stacked: boolean;
  /** Height and width, null where they are open. */
  readonly size: readonly [height: number | null, width: number | null];
}

const FLOAT32 = 1, UINT8 = 2;

/**
 * Opens an ONNX file.
 *
 * @throws {DataError} When it is no ONNX model, when parts of it lie in other files, or when its
 * inputs are not two pictures.
 * @throws {UsageError} When its metadata name a range or an order that doesn't exist.
 * @throws {EnvironmentError} When onnxruntime-web has not the operations it needs.
 */
export async function onnxContender(path: string, options: OnnxOptions): Promise<FlowContender> {
  const bytes = await readBytes(path);
  const graph = readOnnxGraph(bytes, path);
  if (graph.externalFiles.length > 0) {
    throw new DataError(
      path,
      `parts of it lie in other files (${graph.externalFiles.map((f) => `"${f}"`).join(", ")}), ` +
        "which are not opened",
      "Export it into one file, for example with save_as_external_data=False.",
    );
  }
  const layout = layoutOf(graph, path);
  const pixels = options.pixels ?? chosen(graph, "reflow.pixels", pixelRanges, path);
  const channels = options.channels ?? chosen(graph, "reflow.channels", channelOrders, path);
  if (layout.type === "uint8" && pixels !== "0..255") {
    throw new UsageError(
      `Cannot give ${path} pixels in ${pixels}: its inputs are whole numbers`,
      "Leave the range out, or export it with float32 inputs.",
    );
  }
  const name = basename(path);
  const model = await open(bytes, options.provider, path, graph);
  const output = outputOf(graph);
  const notes = [
    `${name} was given ${channels.toUpperCase()} pixels in ${pixels}.`,
    `How many iterations ${name} holds could not be checked.`,
  ];

  const infer = async (on: OnnxModel, image1: Picture, image2: Picture): Promise<FlowField> => {
    const [height, width] = image1.shape;
    const inputs = inputsOf(layout, [image1, image2], pixels, channels);
    const result = await on.run(inputs, output);
    return fieldOf(result, layout.channelsFirst, [height, width], path, output);
  };
  let compared = options.provider !== "webgpu";
  return {
    stamp: { kind: "onnx", name, digest: sha256(bytes), parameters: null },
    notes,
    async predict(image1, image2, iterations) {
      requireSize(layout, image1, path);
      const flow = await infer(model, image1, image2);
      if (!compared) {
        const other = await open(bytes, "wasm", path, graph);
        try {
          notes.push(agreement(name, flow, await infer(other, image1, image2)));
        } finally {
          await other.close();
        }
        compared = true;
      }
      return iterations.map(() => flow);
    },
    dispose() {
      model.close().catch(() => {}); // nothing rests on it any more
    },
  };
}

/** Opens the model; an operation that the runtime hasn't is named, with all others it cannot have. */
async function open(
  bytes: Uint8Array,
  provider: OnnxProvider,
  path: string,
  { operations }: OnnxGraph,
): Promise<OnnxModel> {
  try {
    return await openOnnx(bytes, provider, path);
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    const foreign = operations.filter((name) => /^(?!com\.microsoft:|ai\.onnx\.).*:/.test(name));
    // "Foo(-1) is not a registered function/op", "No Op registered for Foo with domain_version of 16",
    // "Could not find an implementation for Foo(11) node".
    const named = operations.filter((name) => {
      const own = name.split(":").at(-1)!;
      return new RegExp(`\\b${own}(?:\\(-?\\d+\\)| with domain_version)`).test(error.message);
    });
    const unknown = [...new Set([...named, ...foreign])];
    if (unknown.length === 0) throw error;
    throw new EnvironmentError(
      `Cannot run ${path}: onnxruntime-web (${provider}) doesn't have ${unknown.join(", ")}`,
      "Export the model with standard operations of opset 20 or below.",
    );
  }
}

/** The value of a metadata entry, the first of the choices where the file has none. */
function chosen<T extends string>(
  { metadata }: OnnxGraph,
  key: string,
  choices: readonly T[],
  path: string,
): T {
  const value = metadata.get(key);
  const found = choices.find((choice) => choice === value);
  if (value === undefined || found !== undefined) return found ?? choices[0];
  throw new UsageError(
    `Cannot use ${path}: its metadata say ${key}=${JSON.stringify(value)}`,
    `Known: ${choices.join(", ")}.`,
  );
}

/** How the file wants its pictures. */
function layoutOf({ inputs }: OnnxGraph, path: string): Layout {
  const refuse = (reason: string) =>
    new DataError(
      path,
      `${reason} (it has ${inputs.map(described).join(" and ") || "no input"})`,
      "Export it with two inputs [1, 3, H, W], or one of [1, 6, H, W].",
    );
  const [type] = inputs.map((input) => input.type);
  if (inputs.some((input) => input.type !== type) || ![FLOAT32, UINT8].includes(type)) {
    throw refuse("its inputs are neither float32 nor uint8");
  }
  const order = ({ name }: OnnxValue) => Number(/(\d+)\D*$/.exec(name)?.[1] ?? NaN);
  const sorted = inputs.some((input) => Number.isNaN(order(input)))
    ? inputs
    : inputs.toSorted((a, b) => order(a) - order(b));
  const fits = sorted.map(({ shape }) => (shape && pictureLayout(shape, inputs.length === 1)));
  const [first] = fits;
  if (
    inputs.length > 2 || !first || fits.some((fit) => JSON.stringify(fit) !== JSON.stringify(first))
  ) {
    throw refuse("its inputs are not two pictures");
  }
  return {
    ...first,
    names: sorted.map(({ name }) => name),
    type: type === UINT8 ? "uint8" : "float32",
  };
}

type PictureLayout = Omit<Layout, "names" | "type">;

/** How one input's shape holds one picture, or both; null where it doesn't. */
function pictureLayout(
  shape: readonly (number | null)[],
  both: boolean,
): PictureLayout | null {
  const leading = shape.slice(0, -3), last = shape.slice(-3);
  const batch = leading.length === 1 ? leading[0] : leading.length === 2 && both ? leading[1] : NaN;
  if (leading.length === 2 && (leading[0] ?? 1) !== 1) return null;
  const options = both
    ? leading.length === 2 ? [[2, 3]] as const : [[1, 6], [2, 3]] as const
    : [[1, 3]] as const;
  for (const [pictures, channels] of options) {
    if (batch !== null && batch !== pictures) continue;
    for (const channelsFirst of [true, false]) {
      if (last[channelsFirst ? 0 : 2] !== channels) continue;
      const [height, width] = channelsFirst ? last.slice(1) : last;
      return {
        leading: leading.length === 2 ? [1, pictures] : [pictures],
        channelsFirst,
        stacked: channels === 6,
        size: [height, width],
      };
    }
  }
  return null;
}

/** An input or output for people: `image1 [1, 3, ?, ?]`. */
function described({ name, shape }: OnnxValue): string {
  return `${name} ${
    shape ? `[${shape.map((extent) => extent ?? "?").join(", ")}]` : "of any shape"
  }`;
}

/** The output that holds the flow; only the result tells whether it does. */
function outputOf({ outputs }: OnnxGraph): string {
  const named = outputs.find(({ name }) => name === "flow");
  const twoChannels = outputs.filter(({ shape }) => shape?.at(-3) === 2 || shape?.at(-1) === 2);
  return (named ?? twoChannels.at(-1) ?? outputs.at(-1)!).name;
}

function requireSize({ size: [height, width] }: Layout, picture: Picture, path: string): void {
  const [h, w] = picture.shape;
  if ((height ?? h) === h && (width ?? w) === w) return;
  throw new DataError(
    path,
    `it takes pictures of ${width ?? "any"}x${height ?? "any"} only, and these are ${w}x${h}`,
    "Export it with open extents (dynamic axes), or for this size.",
  );
}

/** Two pictures as the file wants them. */
function inputsOf(
  { names, type, leading, channelsFirst, stacked }: Layout,
  pictures: readonly [Picture, Picture],
  pixels: PixelRange,
  channels: ChannelOrder,
): Record<string, OnnxInput> {
  const [height, width] = pictures[0].shape;
  const area = height * width;
  const all = type === "uint8" ? new Uint8Array(6 * area) : new Float32Array(6 * area);
  const scaled = (value: number) =>
    pixels === "0..255" ? value : pixels === "0..1" ? value / 255 : 2 * (value / 255) - 1;
  for (const [i, picture] of pictures.entries()) {
    const values = packed(picture);
    for (let pixel = 0; pixel < area; pixel++) {
      for (let c = 0; c < 3; c++) {
        const value = scaled(values[3 * pixel + (channels === "bgr" ? 2 - c : c)]);
        const at = channelsFirst
          ? (3 * i + c) * area + pixel
          : stacked
          ? 6 * pixel + 3 * i + c
          : 3 * (i * area + pixel) + c;
        all[at] = value;
      }
    }
  }
  const count = stacked ? 6 : 3;
  const shape = [...leading, ...channelsFirst ? [count, height, width] : [height, width, count]];
  if (names.length === 1) return { [names[0]]: { shape, data: all } };
  const halves = [all.subarray(0, 3 * area), all.subarray(3 * area)];
  return Object.fromEntries(names.map((name, i) => [name, { shape, data: halves[i] }]));
}

/** What the model gave as a flow field of the pictures' size, or coarser by a whole factor. */
function fieldOf(
  { shape, data }: OnnxOutput,
  channelsFirst: boolean,
  [height, width]: readonly [number, number],
  path: string,
  output: string,
): FlowField {
  const leading = shape.slice(0, -3), last = shape.slice(-3);
  // Where both ends are 2, the output is taken to lie as the inputs do.
  const first = last[0] === 2 && (channelsFirst || last[2] !== 2);
  const [h, w] = first ? last.slice(1) : last;
  const factor = height / h;
  const fits = leading.length <= 2 && leading.every((extent) => extent === 1) &&
    (first || last[2] === 2) && Number.isInteger(factor) && w * factor === width;
  if (!fits) {
    throw new DataError(
      path,
      `its output "${output}" is [${shape.join(", ")}], no flow of ${width}x${height} pictures`,
      'Call the output "flow" and give it [1, 2, H, W], or a whole fraction of H and W.',
    );
  }
  if (!first) return ndarray(data, [h, w, 2]);
  return ndarray(packed<Float32Array>(planar(data, h, w)), [h, w, 2]);
}

/** Channels-first data seen with its channels last. */
function planar(data: Float32Array, height: number, width: number): NdArray {
  return ndarray(data, [2, height, width]).transpose(1, 2, 0);
}
