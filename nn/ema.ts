/**
 * A teacher that follows a student as its exponential moving average (Tarvainen & Valpola 2017).
 *
 * @module
 */
import { Arena, Layout } from "./arena.ts";
import { blend } from "./kernels/blend.ts";
import type { Parameter } from "./network.ts";

/** A parameter of the teacher and the student's that it follows. */
export type Followed = readonly [teacher: Parameter, student: Parameter];

/** Averages in one dispatch. What follows, BatchNorm's buffers for one, is up to the paper. */
export class Ema {
  private readonly teacher: Arena;
  private readonly student: Arena;

  /**
   * @param limit Largest flat array in bytes; what the adapter binds where it is missing.
   * @throws {Error} When the shapes of a pair differ.
   */
  constructor(private readonly pairs: readonly Followed[], limit?: number) {
    for (const [teacher, student] of pairs) {
      if (teacher.shape.join() !== student.shape.join()) {
        throw new Error(
          `${teacher.name} [${teacher.shape}] cannot follow ${student.name} [${student.shape}]`,
        );
      }
    }
    const layout = new Layout(pairs.map(([{ tensor }]) => tensor.size), limit);
    this.teacher = new Arena(layout);
    this.student = new Arena(layout);
  }

  /**
   * teacher ← momentum · teacher + (1 − momentum) · student, in place.
   *
   * @param momentum In [0, 1]; 0 makes the teacher a copy of the student.
   */
  update(momentum: number): void {
    const teachers = this.pairs.map(([{ tensor }]) => tensor);
    this.teacher.gather(teachers);
    this.student.gather(this.pairs.map(([, { tensor }]) => tensor));
    this.teacher.parts.forEach((part, i) => blend(part, this.student.parts[i], momentum));
    this.teacher.scatter(teachers);
  }

  /** Frees everything but the parameters. */
  dispose(): void {
    this.teacher.dispose();
    this.student.dispose();
  }
}
