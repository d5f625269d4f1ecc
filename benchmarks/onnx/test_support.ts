/**
 * Tiny ONNX files for tests, written field by field as onnx.proto3 numbers them.
 *
 * @module
 */

/** One protocol-buffer field: a number, a text, or what a message holds. */
export type Part = readonly [field: number, value: number | string | Uint8Array | readonly Part[]];

/** Encodes a message. */
export function message(parts: readonly Part[]): Uint8Array {
  const bytes: number[] = [];
  const varint = (n: number) => {
    for (; n >= 128; n = Math.floor(n / 128)) bytes.push(n % 128 + 128);
    bytes.push(n);
  };
  for (const [field, value] of parts) {
    if (typeof value === "number") {
      varint(8 * field);
      varint(value);
      continue;
    }
    const inner = typeof value === "string"
      ? new TextEncoder().encode(value)
      : value instanceof Uint8Array
      ? value
      : message(value);
    varint(8 * field + 2);
    varint(inner.length);
    for (const byte of inner) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/** A float32 tensor with its values in the file. */
export function tensor(name: string, shape: readonly number[], values: readonly number[]): Part[] {
  const raw = new Uint8Array(Float32Array.from(values).buffer);
  return [...shape.map((n): Part => [1, n]), [2, 1], [8, name], [9, raw]];
}

/** An operation on named values. */
export function node(
  operation: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: readonly Part[][] = [],
  domain = "",
): Part[] {
  return [
    ...inputs.map((name): Part => [1, name]),
    ...outputs.map((name): Part => [2, name]),
    [4, operation],
    ...attributes.map((attribute): Part => [5, attribute]),
    ...domain === "" ? [] : [[7, domain] as const],
  ];
}

/** An attribute of whole numbers. */
export function integers(name: string, values: readonly number[]): Part[] {
  return [[1, name], [20, 7], ...values.map((n): Part => [8, n])];
}

/** What a tiny model is made of. */
export interface TinyModel {
  readonly nodes: readonly Part[][];
  readonly initializers?: readonly Part[][];
  /** Names with extents; a text leaves an extent open. */
  readonly inputs: Readonly<Record<string, readonly (number | string)[]>>;
  readonly outputs: Readonly<Record<string, readonly (number | string)[]>>;
  /** Element type of the inputs: 1 float32, 2 uint8. */
  readonly inputType?: number;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** An ONNX file of opset 16. */
export function onnxFile(
  { nodes, initializers = [], inputs, outputs, inputType = 1, metadata = {} }: TinyModel,
): Uint8Array {
  const value = (name: string, type: number, shape: readonly (number | string)[]): Part[] => {
    const dims = shape.map((n): Part => [1, [typeof n === "number" ? [1, n] : [2, n]]]);
    return [[1, name], [2, [[1, [[1, type], [2, dims]]]]]];
  };
  const values = (field: number, type: number, all: TinyModel["inputs"]) =>
    Object.entries(all).map(([name, shape]): Part => [field, value(name, type, shape)]);
  return message([
    [1, 8],
    [8, [[2, 16]]],
    [8, [[1, "com.example"], [2, 1]]],
    [7, [
      ...nodes.map((part): Part => [1, part]),
      [2, "tiny"],
      ...initializers.map((part): Part => [5, part]),
      ...values(11, inputType, inputs),
      ...values(12, 1, outputs),
    ]],
    ...Object.entries(metadata).map(([key, text]): Part => [14, [[1, key], [2, text]]]),
  ]);
}

/**
 * A model whose u is the mean red of picture 2 less that of picture 1, pixel by pixel, and whose v is
 * the same of blue: `flow = Conv1x1(concat)`.
 *
 * @param layout How its pictures come: two inputs, or one with both pictures' channels behind each other.
 */
export function differenceModel(
  layout: "two" | "stacked" = "two",
  more: Partial<TinyModel> = {},
): Uint8Array {
  const weights = [-1, 0, 0, 1, 0, 0, 0, 0, -1, 0, 0, 1];
  const picture = [1, 3, "height", "width"];
  return onnxFile({
    nodes: layout === "two"
      ? [
        node("Concat", ["image1", "image2"], ["both"], [[[1, "axis"], [20, 2], [3, 1]]]),
        node("Conv", ["both", "weights"], ["flow"]),
      ]
      : [node("Conv", ["pair", "weights"], ["flow"])],
    initializers: [tensor("weights", [2, 6, 1, 1], weights)],
    inputs: layout === "two"
      ? { image1: picture, image2: picture }
      : { pair: [1, 6, "height", "width"] },
    outputs: { flow: [1, 2, "height", "width"] },
    ...more,
  });
}
