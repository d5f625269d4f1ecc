/**
 * Weights and pictures that TypeScript and Python regenerate bit for bit, so that the reference
 * fixtures need not store them. `deterministic.py` holds the same rules: change both or neither.
 *
 * Every number is drawn from `randomStream(0, ...path)`; the only rounding is one double-precision
 * product and the final one to float32.
 *
 * @module
 */
import { ndarray, type Picture } from "../../base/arrays.ts";
import { randomStream } from "../../base/random.ts";

const SEED = 0;

/**
 * The values of one state-dict entry under its official PyTorch name. With u uniform in [-1, 1) from
 * the stream `["weights", name]`:
 *
 * - `*.weight` and `*.in_proj_weight` of more than one axis (a convolution, OIHW, or a matrix, OI):
 *   u·√(3 / fan_in), fan_in being all axes but the first, which keeps the variance of what passes
 *   through; `deconv*` and `upfeat*` are transposed, IOHW with stride 2, and have a fan_in of
 *   I·H·W / 4; `predict_flow*` is five times that, which gives flows of some pixels;
 * - `*.weight` of one axis (a normalization) and `*.running_var`: 1 + 0.1·u;
 * - `*.bias`, `*.in_proj_bias` and `*.running_mean`: 0.1·u;
 * - `cls_token` and `pos_embed`: u;
 * - `*.num_batches_tracked`: 0.
 *
 * The official code registers a shortcut's BatchNorm both as `norm3` and as `downsample.1`; both
 * names give the values of `norm3`.
 *
 * @param name Official name without the `module.` prefix, for example `fnet.conv1.weight`.
 * @param shape The entry's shape, `[]` for a scalar.
 * @returns The values in row-major order.
 * @throws {Error} When no rule covers the name.
 */
export function deterministicTensor(name: string, shape: readonly number[]): Float32Array {
  const values = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const kind = name.slice(name.lastIndexOf(".") + 1);
  if (kind === "num_batches_tracked") return values;
  let [center, reach] = [0, 0.1];
  if (["weight", "in_proj_weight"].includes(kind) && shape.length > 1) {
    const transposed = /^(deconv|upfeat)/.test(name);
    const fanIn = transposed ? values.length / shape[1] / 4 : values.length / shape[0];
    reach = Math.sqrt(3 / fanIn) * (name.startsWith("predict_flow") ? 5 : 1);
  } else if (kind === "weight" || kind === "running_var") center = 1;
  else if (kind === "cls_token" || kind === "pos_embed") reach = 1;
  else if (!["bias", "in_proj_bias", "running_mean"].includes(kind)) {
    throw new Error(`no rule for ${name}`);
  }
  const stream = randomStream(SEED, "weights", name.replace(".downsample.1.", ".norm3."));
  for (let i = 0; i < values.length; i++) {
    values[i] = center + reach * (2 * stream.uniform() - 1);
  }
  return values;
}

/**
 * Which entries of a large tensor the fixtures keep: integers in 0…size-1, with repetition.
 *
 * @param name The tensor's official name.
 * @param size Its number of elements.
 */
export function sampledIndices(name: string, size: number, count = 64): Uint32Array {
  const stream = randomStream(SEED, "samples", name);
  return Uint32Array.from({ length: count }, () => stream.integer(0, size));
}

/**
 * A smooth texture that wraps around at its borders: byte noise from the stream
 * `["pictures", name]`, summed twice over a 7x7 window and stretched to 0…255, in integers.
 */
export function deterministicPicture(name: string, height: number, width: number): Picture {
  const stream = randomStream(SEED, "pictures", name);
  let values = Int32Array.from({ length: height * width * 3 }, () => stream.integer(0, 256));
  for (let pass = 0; pass < 2; pass++) {
    values = windowSums(values, height, width * 3);
    values = windowSums(values, width, 3);
  }
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  const bytes = Uint8Array.from(values, (value) => Math.floor((value - low) * 255 / (high - low)));
  return ndarray(bytes, [height, width, 3]);
}

/**
 * A texture and itself moved by (dx, dy) pixels, wrapping around, under noise of -4…4 grey levels
 * from the stream `["pictures", name, "noise"]`. The flow from the first to the second is (dx, dy).
 */
export function deterministicPair(
  name: string,
  height: number,
  width: number,
  dy: number,
  dx: number,
): [Picture, Picture] {
  const first = deterministicPicture(name, height, width);
  const stream = randomStream(SEED, "pictures", name, "noise");
  const second: Picture = ndarray(new Uint8Array(first.size), [height, width, 3]);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [fromY, fromX] = [wrap(y - dy, height), wrap(x - dx, width)];
      for (let channel = 0; channel < 3; channel++) {
        const value = first.get(fromY, fromX, channel) + stream.integer(0, 9) - 4;
        second.set(y, x, channel, Math.min(255, Math.max(0, value)));
      }
    }
  }
  return [first, second];
}

/** Sums of seven neighbors along one periodic axis of `size` elements, `stride` apart. */
function windowSums(values: Int32Array, size: number, stride: number): Int32Array<ArrayBuffer> {
  return Int32Array.from(values, (_, at) => {
    const position = Math.floor(at / stride) % size;
    let sum = 0;
    for (let shift = -3; shift <= 3; shift++) {
      sum += values[at + (wrap(position + shift, size) - position) * stride];
    }
    return sum;
  });
}

/** The remainder of division, never negative. */
function wrap(index: number, size: number): number {
  return ((index % size) + size) % size;
}
