/**
 * Gradients of a loss, with less work and memory than TensorFlow.js' own backward pass.
 *
 * The tape is TensorFlow.js'. Walking it back differs in two things: what an operation saved and the
 * gradients of its results are freed as soon as it is done, and an operation can add gradients of its
 * parameters onto those of the operation's other uses in the same dispatch ({@link Together}), which
 * a network that shares its weights between iterations needs dozens of times a step. And a stretch of
 * the computation can be {@link recomputed} on the way back instead of kept (Chen et al., Training
 * Deep Nets with Sublinear Memory Cost, 2016).
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** Key under which an operation's gradient function offers a {@link Together}. */
export const TOGETHER = Symbol("gradients that come together");

/** Gradients of several inputs that one kernel computes. */
export interface Together {
  /** Names of the inputs. */
  readonly names: readonly string[];
  /** New tensors, in the order of the names. */
  make(): tf.Tensor[];
  /** Adds to tensors that {@link make} made, in place. */
  addOnto(sums: readonly tf.Tensor[]): void;
}

/** An entry of the tape. */
interface Node {
  readonly kernelName: string;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly outputs: readonly tf.Tensor[];
  readonly saved?: readonly tf.Tensor[];
  readonly gradient?: (
    dys: readonly tf.Tensor[],
  ) => Record<string, () => tf.Tensor> & { [TOGETHER]?: Together };
  /** A stretch that is run again, on what it saved, instead of having a gradient. */
  readonly again?: Stretch;
}

/** A computation from some tensors to others. */
type Stretch = (inputs: readonly tf.Tensor[]) => tf.Tensor[];

/** The parts of TensorFlow.js' engine that its own gradients use. */
interface Tape {
  startTape(): void;
  endTape(): void;
  scopedRun<T>(start: () => void, end: () => void, run: () => T): T;
  state: { activeTape: Node[] | null; gradientDepth: number };
}

/** Whether {@link backward} is recording. */
let recording = false;

/** What is recorded while `run` runs, and its result. */
function recorded<T>(run: () => T): { tape: Node[]; result: T } {
  const engine = tf.engine() as unknown as Tape;
  recording = true;
  try {
    const result = engine.scopedRun(() => engine.startTape(), () => engine.endTape(), run);
    return { tape: engine.state.activeTape!, result };
  } catch (error) {
    free(engine.state.activeTape ?? []);
    throw error;
  } finally {
    recording = false;
    engine.state.activeTape = null;
  }
}

/** Frees what entries saved. */
function free(tape: readonly Node[]): void {
  for (const { saved } of tape) tf.dispose([...saved ?? []]);
}

/**
 * A stretch of a loss whose inner results are not kept for the way back, where it runs once more:
 * less memory for more work. Gradients are the same to the bit. Outside of {@link backward} it just
 * runs.
 *
 * @param inputs All tensors that it reads, except parameters.
 * @param stretch Must do the same both times.
 */
export function recomputed<T extends tf.Tensor[]>(
  inputs: readonly tf.Tensor[],
  stretch: (inputs: readonly tf.Tensor[]) => T,
): T {
  const { state } = tf.engine() as unknown as Tape;
  if (!recording || state.gradientDepth === 0) return stretch(inputs);
  const depth = state.gradientDepth;
  state.gradientDepth = 0; // nothing is recorded
  try {
    const outputs = tf.tidy(() => stretch(inputs));
    const saved = inputs.map((input) => tf.keep(tf.clone(input)));
    state.activeTape!.push({
      kernelName: "Recomputed",
      inputs: Object.fromEntries(inputs.map((input, i) => [i, input])),
      outputs,
      saved,
      again: stretch,
    });
    return outputs;
  } finally {
    state.gradientDepth = depth;
  }
}

/** Entries on a way from the parameters to results, and the tensors that depend on a parameter. */
function between(
  tape: readonly Node[],
  parameters: ReadonlySet<number>,
  results: Iterable<number>,
) {
  const dependent = new Set(parameters);
  const forward = tape.filter(({ inputs, outputs, again }) => {
    // Which parameters a stretch reads is not known until it runs again.
    const reached = again || Object.values(inputs).some(({ id }) => dependent.has(id));
    if (reached) { for (const { id } of outputs) dependent.add(id); }
    return reached;
  });
  const leading = new Set(results);
  const nodes = forward.reverse().filter(({ inputs, outputs }) => {
    const leads = outputs.some(({ id }) => leading.has(id));
    if (leads) { for (const { id } of Object.values(inputs)) leading.add(id); }
    return leads;
  });
  return { nodes, dependent };
}

/**
 * The loss and its gradients.
 *
 * @param f Computes the loss.
 * @param parameters What to differentiate by.
 * @returns Gradients in the order of the parameters; zeros where the loss does not depend on one.
 */
export function backward(
  f: () => tf.Scalar,
  parameters: readonly tf.Tensor[],
): { value: tf.Scalar; grads: tf.Tensor[] } {
  const { state } = tf.engine() as unknown as Tape;
  if (state.gradientDepth > 0) throw new Error("backward() cannot run inside another tape");
  return tf.tidy(() => {
    const { tape, result: value } = recorded(() => tf.tidy(f));
    const walk = new Walk(parameters);
    walk.add(value, tf.onesLike(value));
    walk.back(tape, [value]);
    return { value, grads: parameters.map((p) => walk.take(p) ?? tf.zerosLike(p)) };
  });
}

/** A gradient on its way; a type, so that TensorFlow.js sees a container. */
type Contribution = { to: tf.Tensor; gradient: tf.Tensor };

/** The way back: gradients that have arrived so far, added up by tensor. */
class Walk {
  private readonly sums = new Map<number, tf.Tensor>();
  /** Gradients whose data nobody else holds. */
  private readonly addable = new Set<tf.Tensor>();
  private readonly parameters: ReadonlySet<number>;

  constructor(parameters: readonly tf.Tensor[]) {
    this.parameters = new Set(parameters.map(({ id }) => id));
  }

  /** Adds to a tensor's gradient and takes over what is added. */
  add(to: tf.Tensor, gradient: tf.Tensor): void {
    const sum = this.sums.get(to.id);
    this.sums.set(to.id, sum ? tf.add(sum, gradient) : gradient);
    if (sum) tf.dispose([sum, gradient]);
  }

  /** A tensor's gradient, if there is one, which is the caller's from now on. */
  take(of: tf.Tensor): tf.Tensor | undefined {
    const sum = this.sums.get(of.id);
    this.sums.delete(of.id);
    return sum;
  }

  /**
   * From the gradients of results to those of all that they depend on. Frees what the tape saved.
   *
   * @param inputs Beside the parameters, what to differentiate by.
   */
  back(
    tape: readonly Node[],
    results: readonly tf.Tensor[],
    inputs: readonly tf.Tensor[] = [],
  ): void {
    try {
      const wanted = new Set([...this.parameters, ...inputs.map(({ id }) => id)]);
      const { nodes, dependent } = between(tape, wanted, results.map(({ id }) => id));
      for (const node of nodes) {
        const dys = node.outputs.map((output) => this.take(output));
        if (node.again) this.runAgain(node, node.again, dys, dependent);
        else this.throughNode(node, dys, dependent);
        free([node]);
      }
    } finally {
      free(tape);
    }
  }

  private throughNode(
    node: Node,
    dys: readonly (tf.Tensor | undefined)[],
    dependent: ReadonlySet<number>,
  ): void {
    if (!node.gradient) throw new Error(`${node.kernelName} has no gradient`);
    const made = tf.tidy(() => {
      const gradients = node.gradient!(dys as tf.Tensor[]);
      const wanted = Object.keys(node.inputs).filter((name) => dependent.has(node.inputs[name].id));
      const together = gradients[TOGETHER];
      const jointly = together?.names.every((name) => wanted.includes(name)) ? together : null;
      const results: Contribution[] = wanted
        .filter((name) => !jointly?.names.includes(name))
        .map((name) => ({ to: node.inputs[name], gradient: gradients[name]() }));
      if (jointly) {
        const inputs = jointly.names.map((name) => node.inputs[name]);
        const before = inputs.map(({ id }) => this.sums.get(id));
        if (before.every((sum) => sum && this.addable.has(sum))) {
          jointly.addOnto(before as tf.Tensor[]);
        } else {
          jointly.make().forEach((gradient, i) => {
            this.addable.add(gradient);
            results.push({ to: inputs[i], gradient });
          });
        }
      }
      return results;
    });
    const passedOn = new Set(made.map(({ gradient }) => gradient));
    for (const { to, gradient } of made) this.add(to, gradient);
    for (const dy of dys) if (dy && !passedOn.has(dy)) dy.dispose();
  }

  private runAgain(
    { inputs, saved }: Node,
    again: Stretch,
    dys: readonly (tf.Tensor | undefined)[],
    dependent: ReadonlySet<number>,
  ): void {
    const { tape, result } = recorded(() => tf.tidy(() => again(saved!)));
    const reached = result.filter((output, i) => {
      if (dys[i]) this.add(output, dys[i]);
      return dys[i];
    });
    const originals = Object.values(inputs);
    const differentiated = saved!.filter((_, i) => dependent.has(originals[i].id));
    this.back(tape, reached, differentiated);
    saved!.forEach((copy, i) => {
      const gradient = this.take(copy);
      if (gradient) this.add(originals[i], gradient);
    });
    tf.dispose(result);
  }
}
