/**
 * Progress of long work: a bar on a terminal, one plain line every few seconds elsewhere.
 *
 * @module
 */

/** Seconds as `1:02:03` or `2:03`. */
export function clock(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = `${Math.floor(s / 60) % 60}`;
  return s >= 3600
    ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`
    : `${minutes}:${two(s % 60)}`;
}

/** What {@link Progress} needs of a terminal; tests give their own. */
export interface ProgressSink {
  /** Whether a line may be redrawn in place. */
  readonly interactive: boolean;
  /** Writes text as it is. */
  write(text: string): void;
  /** Milliseconds now. */
  now(): number;
}

/** Standard error, which stays free of results. */
export const terminal: ProgressSink = {
  get interactive() {
    return Deno.stderr.isTerminal();
  },
  write(text) {
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  },
  now: () => performance.now(),
};

/** A sink that shows nothing (`--quiet`). */
export const silent: ProgressSink = { interactive: false, write() {}, now: () => 0 };

/** One piece of long work with a known number of units. */
export class Progress {
  private shown = -Infinity;
  /** The first update: the rate counts from there, so neither start-up nor resumed units distort it. */
  private first: { done: number; at: number } | null = null;

  /**
   * @param label What is being done, for example "train".
   * @param total Units in all.
   * @param sink Where to draw; {@link silent} for none.
   * @param show Writes an amount of units where they are not counted one by one: `5.6 GB`.
   */
  constructor(
    private readonly label: string,
    private readonly total: number,
    private readonly sink: ProgressSink = terminal,
    private readonly show: ((units: number) => string) | null = null,
  ) {}

  /** Shows that `done` units are finished, with a short note such as the current loss. */
  update(done: number, note = ""): void {
    const now = this.sink.now();
    this.first ??= { done, at: now };
    const every = this.sink.interactive ? 100 : 5000;
    if (now - this.shown < every && done < this.total) return;
    this.shown = now;
    const seconds = (now - this.first.at) / 1000;
    const rate = seconds > 0 ? (done - this.first.done) / seconds : 0;
    const left = rate > 0 ? clock((this.total - done) / rate) : "?";
    const share = this.total > 0 ? done / this.total : 1;
    const speed = this.show ? `${this.show(rate)}/s` : perSecond(rate);
    const amounts = [done, this.total].map((units) => this.show?.(units) ?? `${units}`).join("/");
    const facts = `${amounts} ${speed} left ${left} ${note}`.trimEnd();
    if (this.sink.interactive) {
      const bar = "█".repeat(Math.round(share * 24)).padEnd(24, "░");
      this.sink.write(`\r\x1b[2K${this.label} ${bar} ${facts}`);
    } else {
      this.sink.write(`${this.label} ${Math.floor(share * 100)}% ${facts}\n`);
    }
  }

  /** Ends the line; later output starts on a fresh one. */
  end(): void {
    if (this.sink.interactive) this.sink.write("\n");
  }
}

function perSecond(rate: number): string {
  if (rate >= 1) return `${rate.toFixed(1)}/s`;
  return rate > 0 ? `${(1 / rate).toFixed(1)} s each` : "-";
}
