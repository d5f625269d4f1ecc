/**
 * Named, counter-based random streams (Threefry-2x32-20; Salmon et al., "Parallel random numbers:
 * as easy as 1, 2, 3", SC 2011).
 *
 * A stream is a key and a counter. The key comes from the seed and a path of names, so that two
 * consumers never share numbers and adding a consumer changes nobody else's; the counter is the
 * whole state, so that a checkpoint stores one integer a stream. `Math.random` is never used.
 *
 * @module
 */

const ROTATIONS = [13, 15, 26, 6, 17, 29, 16, 24];
const PARITY = 0x1BD11BDA;

/** Threefry-2x32 with 20 rounds: two 32-bit words out of a two-word key and counter. */
export function threefry2x32(
  key: readonly [number, number],
  counter: readonly [number, number],
): [number, number] {
  const schedule = [key[0] >>> 0, key[1] >>> 0, (PARITY ^ key[0] ^ key[1]) >>> 0];
  let x0 = (counter[0] + schedule[0]) >>> 0;
  let x1 = (counter[1] + schedule[1]) >>> 0;
  for (let round = 0; round < 20; round++) {
    const r = ROTATIONS[round % 8];
    x0 = (x0 + x1) >>> 0;
    x1 = (((x1 << r) | (x1 >>> (32 - r))) ^ x0) >>> 0;
    if (round % 4 === 3) {
      const injection = (round >> 2) + 1;
      x0 = (x0 + schedule[injection % 3]) >>> 0;
      x1 = (x1 + schedule[(injection + 1) % 3] + injection) >>> 0;
    }
  }
  return [x0, x1];
}

/** 32-bit FNV-1a of a label's UTF-16 code units, from a chosen offset basis. */
function fnv1a(label: string, basis: number): number {
  let hash = basis;
  for (let i = 0; i < label.length; i++) {
    const unit = label.charCodeAt(i);
    hash = Math.imul(hash ^ (unit & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (unit >>> 8), 0x01000193);
  }
  return hash >>> 0;
}

/** One stream of random numbers; draw from it, or fork named children off it. */
export class RandomStream {
  /** Number of two-word blocks drawn so far: with the key, the stream's whole state. */
  counter: number;

  constructor(private readonly key: readonly [number, number], counter = 0) {
    this.counter = counter;
  }

  /** A child stream named by `label`, independent of this stream and of its other children. */
  fork(...labels: (string | number)[]): RandomStream {
    let key = this.key;
    for (const label of labels) {
      const text = `${typeof label}:${label}`;
      key = threefry2x32(key, [fnv1a(text, 0x811c9dc5), fnv1a(text, 0x9747b28c)]);
    }
    return new RandomStream(key);
  }

  private words(): [number, number] {
    const at = this.counter++;
    // The high word's top bit keeps draws apart from the blocks `fork` spends on keys.
    return threefry2x32(this.key, [at >>> 0, (0x80000000 | Math.floor(at / 2 ** 32)) >>> 0]);
  }

  /** Uniform in [low, high), with 53 random bits. */
  uniform(low = 0, high = 1): number {
    const [a, b] = this.words();
    return low + (high - low) * ((a >>> 5) * 2 ** 26 + (b >>> 6)) / 2 ** 53;
  }

  /** Standard normal (Box-Muller; one draw of two words each, so that no half is ever pending). */
  normal(mean = 0, deviation = 1): number {
    const [a, b] = this.words();
    const radius = Math.sqrt(-2 * Math.log((a + 1) / 2 ** 32));
    return mean + deviation * radius * Math.cos(2 * Math.PI * b / 2 ** 32);
  }

  /** Uniform integer in [low, high). */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low));
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** One of the items, each equally likely. */
  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length)];
  }

  /** The integers 0…n-1 in random order (Fisher-Yates). */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(0, i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }
}

/** The stream named by `path` under a run's seed. */
export function randomStream(seed: number, ...path: (string | number)[]): RandomStream {
  const root = new RandomStream([seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0]);
  return path.length === 0 ? root : root.fork(...path);
}
