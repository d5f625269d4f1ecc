/**
 * Gradients of a loss, with less work and memory than TensorFlow.js' own backward pass.
 *
 * The tape is TensorFlow.js'. Walking it back differs in four things. What an operation saved and the
 * gradients of its results are freed as soon as it is done. An operation can add a gradient to what has
 * arrived before while it computes it ({@link InPlace}), which saves a dispatch for each use of a tensor
 * but the first. It can leave sums of its parameters' gradients unfinished until all uses have added
 * theirs ({@link Deferred}), which a network that shares its weights between iterations needs dozens of
 * times a step. And a stretch of the computation can be {@link recomputed} on the way back instead of
 * kept (Chen et al., Training Deep Nets with Sublinear Memory Cost, 2016).
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { KernelBackend } from "@tensorflow/tfjs-core";

/** Key under which an operation's gradient function offers an {@link InPlace}. */
export const IN_PLACE = Symbol("gradients in place");

/** Gradients that can be added to what has arrived before. */
export interface InPlace {
  /** Names of the inputs. */
  readonly names: readonly string[];
  /**
   * @param sums In the order of the names, what nobody else holds of what has arrived.
   * @returns In that order: the sum, added to in place, or a new tensor without it.
   */
  run(sums: readonly (tf.Tensor | undefined)[]): tf.Tensor[];
}

/**
 * What a gradient function returns for gradients that are computed together.
 *
 * @param run See {@link InPlace.run}; it may leave the sums alone and make new tensors for all.
 */
export function inOneGo(
  names: readonly string[],
  run: InPlace["run"],
): Record<string, () => tf.Tensor> & { [IN_PLACE]: InPlace } {
  let made: tf.Tensor[] = [];
  const byName = names.map((name, i) =>
    [name, () => {
      // TensorFlow.js asks one by one, and frees what it did not get.
      if (!made[i] || made[i].isDisposed) made = run(names.map(() => undefined));
      return made[i];
    }] as const
  );
  return { ...Object.fromEntries(byName), [IN_PLACE]: { names, run } };
}

/** Key under which an operation's gradient function offers a {@link Deferred}. */
export const DEFERRED = Symbol("gradients that are finished later");

/** Gradients of several inputs that stay unfinished sums until they are wanted. */
export interface Deferred {
  /** Names of the inputs. */
  readonly names: readonly string[];
  /** Uses whose kinds are equal can add to the same sums. */
  readonly kind: string;
  /** New sums. */
  start(): tf.Tensor[];
  /** Adds to sums that {@link Deferred.start} made, in place. */
  addTo(sums: readonly tf.Tensor[]): void;
  /** The gradients in the order of the names; may be the sums themselves. */
  finish(sums: readonly tf.Tensor[]): tf.Tensor[];
}

/** An entry of the tape. */
interface Node {
  readonly kernelName: string;
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly outputs: readonly tf.Tensor[];
  readonly saved?: readonly tf.Tensor[];
  readonly gradient?: (
    dys: readonly tf.Tensor[],
  ) => Record<string, () => tf.Tensor> & { [IN_PLACE]?: InPlace; [DEFERRED]?: Deferred };
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

/** Sums that are not finished. */
interface Unfinished {
  readonly to: readonly tf.Tensor[];
  readonly deferred: Deferred;
  readonly sums: readonly tf.Tensor[];
}

/** The way back: gradients that have arrived so far, added up by tensor. */
class Walk {
  private readonly sums = new Map<number, tf.Tensor>();
  /** By each of the tensors that they are for. */
  private readonly unfinished = new Map<number, Unfinished>();
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
    const unfinished = this.unfinished.get(of.id);
    if (unfinished) this.finish(unfinished);
    const sum = this.sums.get(of.id);
    this.sums.delete(of.id);
    return sum;
  }

  private finish({ to, deferred, sums }: Unfinished): void {
    for (const { id } of to) this.unfinished.delete(id);
    const made = tf.tidy(() => deferred.finish(sums));
    to.forEach((tensor, i) => this.add(tensor, made[i]));
    for (const sum of sums) if (!made.includes(sum)) sum.dispose();
  }

  /** Makes what has arrived for one tensor another's. */
  private move(from: tf.Tensor, to: tf.Tensor): void {
    const sum = this.sums.get(from.id);
    this.sums.delete(from.id);
    if (sum) this.add(to, sum);
  }

  /** What has arrived for a tensor, where nobody else holds the data. */
  private own(of: tf.Tensor): tf.Tensor | undefined {
    const sum = this.sums.get(of.id);
    if (!sum) return undefined;
    return (tf.backend() as KernelBackend).refCount(sum.dataId) === 1 ? sum : undefined;
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
    const { made } = tf.tidy(() => {
      const gradients = node.gradient!(dys as tf.Tensor[]);
      const wanted = new Set(
        Object.keys(node.inputs).filter((name) => dependent.has(node.inputs[name].id)),
      );
      const { [IN_PLACE]: inPlace, [DEFERRED]: deferred } = gradients;
      const made: Contribution[] = inPlace ? this.inPlace(node, inPlace, wanted) : [];
      const started = deferred ? this.defer(node, deferred, wanted) : [];
      for (const name of wanted) made.push({ to: node.inputs[name], gradient: gradients[name]() });
      return { made, started };
    });
    const passedOn = new Set(made.map(({ gradient }) => gradient));
    for (const { to, gradient } of made) this.add(to, gradient);
    for (const dy of dys) if (dy && !passedOn.has(dy)) dy.dispose();
  }

  /** Runs what can add in place, and gives what it made anew. */
  private inPlace(node: Node, { names, run }: InPlace, wanted: Set<string>): Contribution[] {
    if (!names.some((name) => wanted.has(name))) return [];
    const sums = names.map((name) => wanted.has(name) ? this.own(node.inputs[name]) : undefined);
    // One that is an input twice is given once.
    const given = sums.map((sum, i) => sums.indexOf(sum) === i ? sum : undefined);
    return run(given).flatMap((gradient, i) =>
      wanted.delete(names[i]) && gradient !== given[i]
        ? [{ to: node.inputs[names[i]], gradient }]
        : []
    );
  }

  /** Adds to sums that are not finished, or starts such, which it gives. */
  private defer(node: Node, deferred: Deferred, wanted: Set<string>): tf.Tensor[] {
    const { names, kind } = deferred;
    if (!names.every((name) => wanted.has(name))) return [];
    for (const name of names) wanted.delete(name);
    const to = names.map((name) => node.inputs[name]);
    const before = this.unfinished.get(to[0].id);
    if (before?.deferred.kind === kind && before.to.every(({ id }, i) => id === to[i].id)) {
      deferred.addTo(before.sums);
      return [];
    }
    if (before) this.finish(before);
    const sums = deferred.start();
    for (const { id } of to) this.unfinished.set(id, { to, deferred, sums });
    return sums;
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
    // What has arrived before is added to in there.
    saved!.forEach((copy, i) => this.move(originals[i], copy));
    this.back(tape, reached, differentiated);
    saved!.forEach((copy, i) => this.move(copy, originals[i]));
    tf.dispose(result);
  }
}
