/**
 * A stream of bytes, read by bits from wherever it was left.
 *
 * @module
 */

/** What came of a stream and was not dropped yet. Positions are bits, from the first of those. */
export class BitBuffer {
  private readonly source: AsyncIterator<Uint8Array>;
  private bytes = new Uint8Array(2 ** 21);
  /** Bytes of `bytes` that count. */
  private filled = 0;
  /** Bits of the first byte that were dropped. */
  private skipped = 0;
  private done = false;
  private readonly candidates: Uint8Array;

  /** @param marks The 48-bit marks that {@link find} looks for. */
  constructor(stream: AsyncIterable<Uint8Array>, private readonly marks: readonly number[]) {
    this.source = stream[Symbol.asyncIterator]();
    this.candidates = candidatesOf(marks);
  }

  /** Whether everything came. */
  get ended(): boolean {
    return this.done;
  }

  /** Whether there are that many bits; waits for them. */
  async has(bits: number): Promise<boolean> {
    while (8 * this.filled - this.skipped < bits) {
      if (!await this.more()) return false;
    }
    return true;
  }

  /** At most 48 bits as a number, the first the highest. They must be there. */
  read(bits: number, from = 0): number {
    let value = 0;
    const first = this.skipped + from;
    for (let at = first; at < first + bits;) {
      const room = 8 - (at & 7), taken = Math.min(room, first + bits - at);
      const byte = this.bytes[at >> 3] >> (room - taken) & (1 << taken) - 1;
      value = value * 2 ** taken + byte;
      at += taken;
    }
    return value;
  }

  /**
   * Where one of the marks comes next; null where none does below `limit` or the end.
   *
   * @param from The first position it may have.
   */
  async find(from: number, limit: number): Promise<number | null> {
    for (let byte = (this.skipped + from) >> 3;; byte++) {
      const position = 8 * byte - this.skipped;
      if (position >= limit) return null;
      // A mark that starts in this byte takes the next five whole, or ends in the one after.
      while (this.filled < byte + 8 && await this.more());
      if (byte + 6 > this.filled) return null;
      const shifts = this.candidates[this.bytes[byte + 1] << 8 | this.bytes[byte + 2]];
      if (shifts === 0) continue;
      for (let shift = 0; shift < 8; shift++) {
        const at = position + shift;
        if (!(shifts & 1 << shift) || at < from) continue;
        if (at + 48 + this.skipped > 8 * this.filled) continue;
        if (this.marks.includes(this.read(48, at))) return at;
      }
    }
  }

  /** Copies bits to the front of `target`; what is behind them in their last byte is zero. */
  copy(bits: number, target: Uint8Array): void {
    const length = Math.ceil(bits / 8), left = this.skipped, right = 8 - left;
    for (let i = 0; i < length; i++) {
      target[i] = this.bytes[i] << left | this.bytes[i + 1] >> right;
    }
    if (bits % 8 > 0) target[length - 1] &= 0xff00 >> bits % 8;
  }

  /** Forgets bits at the front. */
  drop(bits: number): void {
    const position = this.skipped + bits, bytes = position >> 3;
    this.bytes.copyWithin(0, bytes, this.filled);
    this.filled -= bytes;
    this.skipped = position & 7;
  }

  /** Forgets what is left of a byte that was begun. */
  dropToByte(): void {
    if (this.skipped > 0) this.drop(8 - this.skipped);
  }

  private async more(): Promise<boolean> {
    const { done, value } = await this.source.next();
    this.done = done === true;
    if (done) return false;
    const filled = this.filled + value.length;
    // One byte beyond may be read, and is shifted away.
    if (filled >= this.bytes.length) {
      const larger = new Uint8Array(2 * filled);
      larger.set(this.bytes.subarray(0, this.filled));
      this.bytes = larger;
    }
    this.bytes.set(value, this.filled);
    this.filled = filled;
    return true;
  }
}

/** Which shifts the two bytes after a mark's first one leave possible, by those two bytes. */
function candidatesOf(marks: readonly number[]): Uint8Array {
  const table = new Uint8Array(2 ** 16);
  for (const mark of marks) {
    for (let shift = 0; shift < 8; shift++) {
      // The mark's bits 8 - shift to 24 - shift, counted from its highest.
      table[Math.floor(mark / 2 ** (24 + shift)) % 2 ** 16] |= 1 << shift;
    }
  }
  return table;
}
