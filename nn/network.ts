/**
 * Named parameters and buffers of a network, under the names and layouts of its official code.
 *
 * A model is built by handing a {@link Scope} down: each layer asks it for parameters, and the scope's
 * path gives them their official names (`fnet.layer1.0.conv1.weight`). Tensors live on the device in
 * TensorFlow's layout; {@link Network.stateDict} and {@link Network.load} speak PyTorch's.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { RandomStream } from "../base/random.ts";
import { DataError } from "../base/errors.ts";
import type { StateDict, StoredTensor } from "./weights/tensor_file.ts";
import { toFloat32 } from "./weights/tensor_file.ts";

/** First values of a parameter, in official layout. */
export type Initializer = (shape: readonly number[], stream: RandomStream) => Float32Array;

/** One tensor of a network. */
export interface Parameter {
  /** Official name. */
  readonly name: string;
  /** Official shape; convolution filters are OIHW. */
  readonly shape: readonly number[];
  /** False for buffers such as running statistics. */
  readonly trainable: boolean;
  /** On the device; filters are HWIO. Updated in place. */
  readonly tensor: tf.Variable;
}

/** OIHW → HWIO or back, on the host. */
function permuteFilter(data: Float32Array, shape: readonly number[], toDevice: boolean) {
  const [o, i, h, w] = shape;
  const out = new Float32Array(data.length);
  for (let oo = 0; oo < o; oo++) {
    for (let ii = 0; ii < i; ii++) {
      for (let tap = 0; tap < h * w; tap++) {
        const official = (oo * i + ii) * h * w + tap;
        const device = (tap * i + ii) * o + oo;
        if (toDevice) out[device] = data[official];
        else out[official] = data[device];
      }
    }
  }
  return out;
}

const deviceShape = (shape: readonly number[]) =>
  shape.length === 4 ? [shape[2], shape[3], shape[1], shape[0]] : [...shape];

/** All tensors of a model, and what must happen to them after a training step. */
export class Network {
  private readonly byName = new Map<string, Parameter>();
  private readonly aliases = new Map<string, string>();
  private readonly counters = new Map<string, { value: number }>();
  private readonly afterStepHooks: (() => void)[] = [];

  /** @param stream Where initial values come from; each parameter forks it by its name. */
  constructor(private readonly stream: RandomStream) {}

  /** Trainable parameters, in the order the model asked for them. */
  get trainable(): Parameter[] {
    return [...this.byName.values()].filter((p) => p.trainable);
  }

  /** Trainable parameters and buffers. */
  get all(): Parameter[] {
    return [...this.byName.values()];
  }

  /** Number of trainable numbers. */
  get size(): number {
    return this.trainable.reduce((sum, p) => sum + p.tensor.size, 0);
  }

  /** Adds a tensor; layers call this through their {@link Scope}. */
  add(name: string, shape: readonly number[], init: Initializer, trainable: boolean): Parameter {
    if (this.byName.has(name)) throw new Error(`parameter ${name} exists already`);
    const values = init(shape, this.stream.fork(name));
    const data = shape.length === 4 ? permuteFilter(values, shape, true) : values;
    const first = tf.tensor(data, deviceShape(shape), "float32");
    const tensor = tf.variable(first);
    first.dispose();
    const parameter = { name, shape, trainable, tensor };
    this.byName.set(name, parameter);
    return parameter;
  }

  /** A second official name of the same tensors: everything below `alias` is that below `target`. */
  alias(alias: string, target: string): void {
    this.aliases.set(alias, target);
  }

  /** A stored counter, such as `num_batches_tracked`. */
  counter(name: string): { value: number } {
    const counter = { value: 0 };
    this.counters.set(name, counter);
    return counter;
  }

  /** Registers work for {@link afterStep}. */
  onStep(hook: () => void): void {
    this.afterStepHooks.push(hook);
  }

  /** Brings buffers up to date after a training step (running statistics). */
  afterStep(): void {
    for (const hook of this.afterStepHooks) hook();
  }

  /** Official names that stand for `name`: itself and its aliases. */
  private namesOf(name: string): string[] {
    const names = [name];
    for (const [alias, target] of this.aliases) {
      if (name.startsWith(`${target}.`)) names.push(alias + name.slice(target.length));
    }
    return names;
  }

  /** Values in official names and layouts, ready for a weights file. */
  async stateDict(): Promise<StateDict> {
    const dict: StateDict = new Map();
    for (const { name, shape, tensor } of this.byName.values()) {
      const values = await tensor.data() as Float32Array;
      const data = shape.length === 4 ? permuteFilter(values, shape, false) : values.slice();
      for (const key of this.namesOf(name)) {
        dict.set(key, { dtype: "F32", shape: [...shape], data });
      }
    }
    for (const [name, { value }] of this.counters) {
      for (const key of this.namesOf(name)) {
        dict.set(key, { dtype: "I64", shape: [], data: BigInt64Array.of(BigInt(value)) });
      }
    }
    return dict;
  }

  /**
   * Takes over values from a weights file.
   *
   * @param dict Official names and shapes. Counters may be missing, as PyTorch before 0.4.1 had none.
   * @param path File they came from, for messages.
   * @throws {DataError} When a tensor is missing, unknown or of another shape, or when two names of one
   * tensor disagree. Nothing is taken over then.
   */
  load(dict: StateDict, path: string): void {
    const rest = new Map(dict);
    const values = new Map<Parameter, Float32Array>();
    const problems: string[] = [];
    const take = (name: string, shape: readonly number[]): StoredTensor | null => {
      const found = this.namesOf(name).filter((key) => rest.has(key));
      if (found.length === 0) return null;
      const first = rest.get(found[0])!;
      for (const key of found) {
        if (!sameNumbers(first, rest.get(key)!)) {
          problems.push(`${key} differs from ${found[0]}, which is the same tensor`);
        }
        rest.delete(key);
      }
      if (first.shape.join() !== shape.join()) {
        problems.push(`${name} has shape [${first.shape}], the model's has [${shape}]`);
      }
      return first;
    };
    for (const parameter of this.byName.values()) {
      const stored = take(parameter.name, parameter.shape);
      if (stored) values.set(parameter, toFloat32(stored));
      else problems.push(`${parameter.name} is missing`);
    }
    const counts = [...this.counters].map(([name, counter]) => [counter, take(name, [])] as const);
    for (const name of rest.keys()) problems.push(`${name} is not in the model`);
    if (problems.length > 0) {
      const shown = problems.slice(0, 3).join("; ");
      const more = problems.length > 3 ? ` (and ${problems.length - 3} more)` : "";
      throw new DataError(path, shown + more, "Check that the weights belong to this model.");
    }
    for (const [parameter, data] of values) {
      const { shape, tensor } = parameter;
      const laidOut = shape.length === 4 ? permuteFilter(data, shape, true) : data;
      tf.tidy(() => tensor.assign(tf.tensor(laidOut, tensor.shape, "float32")));
    }
    for (const [counter, stored] of counts) if (stored) counter.value = Number(stored.data[0]);
  }

  /** Frees every tensor. */
  dispose(): void {
    for (const { tensor } of this.byName.values()) tensor.dispose();
  }
}

function sameNumbers(a: StoredTensor, b: StoredTensor): boolean {
  if (a === b) return true;
  if (a.shape.join() !== b.shape.join()) return false;
  const x = toFloat32(a), y = toFloat32(b);
  return x.every((value, i) => Object.is(value, y[i]));
}

/** A place in a network's tree of names. */
export class Scope {
  /**
   * @param network Where parameters go.
   * @param path Official path so far, empty at the root.
   */
  constructor(readonly network: Network, readonly path = "") {}

  /** The scope below this one, for example `scope.at("fnet").at("conv1")`. */
  at(name: string): Scope {
    return new Scope(this.network, this.name(name));
  }

  /** Full official name of something in this scope. */
  name(local: string): string {
    return this.path === "" ? local : `${this.path}.${local}`;
  }

  /** A trainable parameter. */
  parameter(local: string, shape: readonly number[], init: Initializer): tf.Variable {
    return this.network.add(this.name(local), shape, init, true).tensor;
  }

  /** A tensor that training does not differentiate. */
  buffer(local: string, shape: readonly number[], init: Initializer): tf.Variable {
    return this.network.add(this.name(local), shape, init, false).tensor;
  }
}
