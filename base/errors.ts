/**
 * The errors a user can meet, each with the exit code scripts rely on.
 *
 * A message reads "Cannot <verb> <object>: <reason>" and is followed by the next step. Anything
 * else that is thrown is a fault of ours: it keeps its stack trace and has an exit code of its own.
 *
 * @module
 */

/** Exit codes of every command; part of the command line's contract. */
export const ExitCode = {
  done: 0,
  /** Worse, or wrong: results that disagree, a table that is stale, a number that is not finite. */
  worse: 1,
  /** Also where a comparison cannot tell. */
  usage: 2,
  data: 3,
  environment: 4,
  /** A fault of ours (EX_SOFTWARE of sysexits.h): a gate on 1 must not take a crash for "worse". */
  fault: 70,
  interrupted: 130,
} as const;

/** An error the user can act on: a reason, a next step and an exit code. */
export class ReflowError extends Error {
  /**
   * @param message What could not be done and why, without a full stop at the end.
   * @param nextStep One sentence or command that mends it.
   * @param exitCode One of {@link ExitCode}.
   */
  constructor(
    message: string,
    readonly nextStep: string,
    readonly exitCode: number,
  ) {
    super(message);
    this.name = new.target.name;
  }
}

/** A wrong option, value or configuration. Exit code 2. */
export class UsageError extends ReflowError {
  constructor(message: string, nextStep = "") {
    super(message, nextStep, ExitCode.usage);
  }
}

/** A file or store that is missing, damaged or not what it claims to be. Exit code 3. */
export class DataError extends ReflowError {
  /**
   * @param path The file or folder at fault.
   * @param reason Why it cannot be used.
   * @param nextStep What the user can do about it.
   */
  constructor(readonly path: string, readonly reason: string, nextStep = "") {
    super(`Cannot use ${path}: ${reason}`, nextStep, ExitCode.data);
  }
}

/** No adapter, limits too small, out of memory, a lost device. Exit code 4. */
export class EnvironmentError extends ReflowError {
  constructor(message: string, nextStep = "") {
    super(message, nextStep, ExitCode.environment);
  }
}

/** The user asked to stop (Ctrl-C); what was done so far is saved. Exit code 130. */
export class Interrupted extends ReflowError {
  constructor(message: string, nextStep = "") {
    super(message, nextStep, ExitCode.interrupted);
  }
}
