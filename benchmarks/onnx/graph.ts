/**
 * What an ONNX file says of itself, read without running it: inputs, outputs, operations, metadata and
 * whether parts of it lie in other files.
 *
 * ONNX is a protocol buffer (github.com/onnx/onnx, onnx.proto3). Only the fields named here are
 * looked at; everything else is passed over by its length.
 *
 * @module
 */
import { DataError } from "../../base/errors.ts";

/** An input or output of a model. */
export interface OnnxValue {
  readonly name: string;
  /** Element type, ONNX' number for it: 1 float32, 2 uint8, 7 int64, 10 float16. */
  readonly type: number;
  /** Extents, null where the file leaves one open; null altogether where it says nothing. */
  readonly shape: readonly (number | null)[] | null;
}

/** What an ONNX file says of itself. */
export interface OnnxGraph {
  /** What has to be given to it; initial values are none of it. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Operations by name, those of other domains than ONNX' own as `domain:Name`, sorted. */
  readonly operations: readonly string[];
  /** Names of files that hold tensors of the model, as the model spells them. */
  readonly externalFiles: readonly string[];
  readonly metadata: ReadonlyMap<string, string>;
}

/**
 * Reads what an ONNX file says of itself.
 *
 * @param path Named in errors.
 * @throws {DataError} When it is no ONNX model or cut short.
 */
export function readOnnxGraph(bytes: Uint8Array, path: string): OnnxGraph {
  const found = new Found();
  try {
    found.model(new Message(bytes));
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new DataError(path, `it is no ONNX model, or cut short (${error.message})`, EXPORT_AGAIN);
  }
  if (found.operations.size === 0 || found.outputs.length === 0) {
    throw new DataError(path, "it is no ONNX model: it holds no operation", EXPORT_AGAIN);
  }
  return {
    inputs: found.inputs.filter(({ name }) => !found.initialized.has(name)),
    outputs: found.outputs,
    operations: [...found.operations].sort(),
    externalFiles: [...found.externalFiles].sort(),
    metadata: found.metadata,
  };
}

const EXPORT_AGAIN = "Export or copy the file again.";

/** A file that contradicts the format. */
class Malformed extends Error {}

/** The values of one field: numbers of varints, bytes of strings and messages. */
type Field = { readonly number: number; readonly value: number | Uint8Array };

/** Most messages inside each other that are followed; a loop's body is a graph of its own. */
const MOST_NESTED = 64;

/** A protocol-buffer message. */
class Message {
  constructor(private readonly bytes: Uint8Array, readonly depth = 0) {
    if (depth > MOST_NESTED) throw new Malformed("messages nest too deep");
  }

  /** The message's fields in file order. */
  *fields(): Generator<Field> {
    const { bytes } = this;
    const reader = { at: 0 };
    while (reader.at < bytes.length) {
      const key = varint(bytes, reader);
      const number = Math.floor(key / 8), wire = key % 8;
      if (number === 0) throw new Malformed(`a field numbered 0 at byte ${reader.at}`);
      if (wire === 0) {
        yield { number, value: varint(bytes, reader) };
        continue;
      }
      const length = wire === 2 ? varint(bytes, reader) : wire === 1 ? 8 : wire === 5 ? 4 : NaN;
      if (!(length <= bytes.length - reader.at)) {
        throw new Malformed(`a field beyond the end at byte ${reader.at}`);
      }
      const value = bytes.subarray(reader.at, reader.at += length);
      if (wire === 2) yield { number, value };
    }
  }

  /** The messages among one field's values. */
  *messages(number: number): Generator<Message> {
    for (const { number: n, value } of this.fields()) {
      if (n === number && typeof value !== "number") yield new Message(value, this.depth + 1);
    }
  }

  /** A field's last number, 0 where it has none. */
  number(number: number): number {
    let last = 0;
    for (const field of this.fields()) {
      if (field.number === number && typeof field.value === "number") last = field.value;
    }
    return last;
  }

  /** A field's last text, "" where it has none. */
  text(number: number): string {
    let last = "";
    for (const field of this.fields()) {
      if (field.number === number && typeof field.value !== "number") {
        last = new TextDecoder().decode(field.value);
      }
    }
    return last;
  }
}

/** The next variable-length number; beyond 2^53 it is rounded, which no field here reaches. */
function varint(bytes: Uint8Array, reader: { at: number }): number {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    if (reader.at >= bytes.length) break;
    const byte = bytes[reader.at++];
    value += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return value;
  }
  throw new Malformed(`a number without an end at byte ${reader.at}`);
}

/** What is gathered on the way through a model; field numbers as in onnx.proto3. */
class Found {
  inputs: OnnxValue[] = [];
  outputs: OnnxValue[] = [];
  readonly initialized = new Set<string>();
  readonly operations = new Set<string>();
  readonly externalFiles = new Set<string>();
  readonly metadata = new Map<string, string>();

  /** ModelProto: graph 7, metadata_props 14, training_info 20, functions 25. */
  model(model: Message): void {
    for (const graph of model.messages(7)) {
      this.graph(graph);
      this.inputs = [...graph.messages(11)].map(valueOf);
      this.outputs = [...graph.messages(12)].map(valueOf);
      for (const tensor of graph.messages(5)) this.initialized.add(tensor.text(8));
    }
    for (const entry of model.messages(14)) this.metadata.set(entry.text(1), entry.text(2));
    for (const training of model.messages(20)) {
      for (const part of [1, 2]) for (const graph of training.messages(part)) this.graph(graph);
    }
    for (const body of model.messages(25)) {
      for (const node of body.messages(7)) this.node(node);
    }
  }

  /** GraphProto: node 1, initializer 5, sparse_initializer 15 (of values 1 and indices 2). */
  private graph(graph: Message): void {
    for (const node of graph.messages(1)) this.node(node);
    for (const tensor of graph.messages(5)) this.tensor(tensor);
    for (const sparse of graph.messages(15)) this.sparse(sparse);
  }

  /** NodeProto: op_type 4, attribute 5, domain 7. */
  private node(node: Message): void {
    const domain = node.text(7), name = node.text(4);
    this.operations.add(domain === "" || domain === "ai.onnx" ? name : `${domain}:${name}`);
    for (const attribute of node.messages(5)) this.attribute(attribute);
  }

  /** AttributeProto: t 5, g 6, tensors 10, graphs 11, sparse_tensor 22, sparse_tensors 23. */
  private attribute(attribute: Message): void {
    for (const { number, value } of attribute.fields()) {
      if (typeof value === "number") continue;
      const inner = () => new Message(value, attribute.depth + 1);
      if (number === 5 || number === 10) this.tensor(inner());
      else if (number === 6 || number === 11) this.graph(inner());
      else if (number === 22 || number === 23) this.sparse(inner());
    }
  }

  private sparse(sparse: Message): void {
    for (const part of [1, 2]) for (const tensor of sparse.messages(part)) this.tensor(tensor);
  }

  /** TensorProto: external_data 13 (key 1, value 2), data_location 14 (1 is EXTERNAL). */
  private tensor(tensor: Message): void {
    const entries = [...tensor.messages(13)];
    if (entries.length === 0 && tensor.number(14) !== 1) return;
    const location = entries.find((entry) => entry.text(1) === "location");
    this.externalFiles.add(location?.text(2) ?? "");
  }
}

/** ValueInfoProto: name 1, type 2 (tensor_type 1: elem_type 1, shape 2: dim 1: dim_value 1). */
function valueOf(info: Message): OnnxValue {
  const [type] = info.messages(2);
  const [tensor] = type?.messages(1) ?? [];
  const [shape] = tensor?.messages(2) ?? [];
  return {
    name: info.text(1),
    type: tensor?.number(1) ?? 0,
    shape: shape ? [...shape.messages(1)].map((dim) => dim.number(1) || null) : null,
  };
}
