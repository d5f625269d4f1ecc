/**
 * Gradients of a loss, with less work and memory than TensorFlow.js' own backward pass.
 *
 * The tape is TensorFlow.js'. Walking it back differs in two things: what an operation saved and the
 * gradients of its results are freed as soon as it is done, and an operation can add gradients of its
 * parameters onto those of the operation's other uses in the same dispatch ({@link Together}), which
 * a network that shares its weights between iterations needs dozens of times a step.
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
}

/** The parts of TensorFlow.js' engine that its own gradients use. */
interface Tape {
  startTape(): void;
  endTape(): void;
  scopedRun<T>(start: () => void, end: () => void, run: () => T): T;
  state: { activeTape: Node[] | null; gradientDepth: number };
}

/** Entries on a way from the parameters to the loss, and the tensors that depend on a parameter. */
function between(tape: readonly Node[], parameters: readonly tf.Tensor[], loss: tf.Tensor) {
  const dependent = new Set(parameters.map(({ id }) => id));
  const forward = tape.filter(({ inputs, outputs }) => {
    const reached = Object.values(inputs).some(({ id }) => dependent.has(id));
    if (reached) { for (const { id } of outputs) dependent.add(id); }
    return reached;
  });
  const leading = new Set([loss.id]);
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
  const tape = tf.engine() as unknown as Tape;
  if (tape.state.gradientDepth > 0) throw new Error("backward() cannot run inside another tape");
  return tf.tidy(() => {
    const value = tape.scopedRun(() => tape.startTape(), () => tape.endTape(), () => tf.tidy(f));
    const all = tape.state.activeTape!;
    try {
      const grads = walkBack(all, parameters, value);
      return { value, grads };
    } finally {
      for (const { saved } of all) tf.dispose([...saved ?? []]);
      tape.state.activeTape = null;
    }
  });
}

/** A gradient on its way; a type, so that TensorFlow.js sees a container. */
type Contribution = { to: tf.Tensor; gradient: tf.Tensor };

function walkBack(
  tape: readonly Node[],
  parameters: readonly tf.Tensor[],
  loss: tf.Tensor,
): tf.Tensor[] {
  const { nodes, dependent } = between(tape, parameters, loss);
  const sums = new Map<number, tf.Tensor>([[loss.id, tf.onesLike(loss)]]);
  const addable = new Set<tf.Tensor>(); // nobody else holds these tensors' data
  const give = (to: tf.Tensor, gradient: tf.Tensor) => {
    const sum = sums.get(to.id);
    sums.set(to.id, sum ? tf.add(sum, gradient) : gradient);
    if (sum) tf.dispose([sum, gradient]);
  };
  for (const node of nodes) {
    const dys = node.outputs.map(({ id }) => sums.get(id)!);
    if (!node.gradient) throw new Error(`${node.kernelName} has no gradient`);
    const made = tf.tidy(() => {
      const gradients = node.gradient!(dys);
      const wanted = Object.keys(node.inputs).filter((name) => dependent.has(node.inputs[name].id));
      const together = gradients[TOGETHER];
      const jointly = together?.names.every((name) => wanted.includes(name)) ? together : null;
      const results: Contribution[] = wanted
        .filter((name) => !jointly?.names.includes(name))
        .map((name) => ({ to: node.inputs[name], gradient: gradients[name]() }));
      if (jointly) {
        const inputs = jointly.names.map((name) => node.inputs[name]);
        const before = inputs.map(({ id }) => sums.get(id));
        if (before.every((sum) => sum && addable.has(sum))) {
          jointly.addOnto(before as tf.Tensor[]);
        } else {
          jointly.make().forEach((gradient, i) => {
            addable.add(gradient);
            results.push({ to: inputs[i], gradient });
          });
        }
      }
      return results;
    });
    const passedOn = new Set(made.map(({ gradient }) => gradient));
    for (const { to, gradient } of made) give(to, gradient);
    for (const dy of dys) if (!passedOn.has(dy)) dy?.dispose();
    tf.dispose([...node.saved ?? []]);
  }
  return parameters.map((parameter) => sums.get(parameter.id) ?? tf.zerosLike(parameter));
}
