/**
 * The last step of a gated recurrent unit: h' = (1 − z) ⊙ h + z ⊙ q.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { defineGradient, defineKernel, type HostTensor } from "./kernel.ts";
import { mapping } from "./map.ts";

const update = mapping({
  name: "gru update",
  inputs: ["h", "z", "q"],
  value: () => "h + z * (q - h)",
  feedsConvolution: true,
});

/** One input's gradient, from dy and two others. */
const part = (
  name: string,
  inputs: readonly [string, string, string?],
  wgsl: (type: string) => string,
  host: (values: readonly number[]) => number,
) => {
  const gpu = mapping({
    name: `gru ${name}`,
    inputs: inputs.filter((input) => input !== undefined),
    value: wgsl,
    feedsConvolution: false,
  });
  return defineKernel<Record<never, never>>({
    name: `GruUpdate${name}`,
    gpu: (backend, tensors) => gpu(backend, inputs.map((input) => tensors[input!]).filter(Boolean)),
    oracle: (tensors) => {
      const operands = inputs.map((input) => tensors[input!]).filter(Boolean) as HostTensor[];
      const data = operands[0].data.map((_, i) => host(operands.map((operand) => operand.data[i])));
      return { shape: operands[0].shape, data };
    },
  });
};

const dh = part("dh", ["dy", "z"], () => "dy - dy * z", ([dy, z]) => dy - dy * z);
const dz = part("dz", ["dy", "h", "q"], () => "dy * (q - h)", ([dy, h, q]) => dy * (q - h));
const dq = part("dq", ["dy", "z"], () => "dy * z", ([dy, z]) => dy * z);

const forward = defineKernel<Record<never, never>>({
  name: "GruUpdate",
  gpu: (backend, { h, z, q }) => update(backend, [h, z, q]),
  oracle: ({ h, z, q }) => ({
    shape: h.shape,
    data: h.data.map((value, i) => value + z.data[i] * (q.data[i] - value)),
  }),
  stock: ({ h, z, q }) => tf.add(h, tf.mul(z, tf.sub(q, h))),
});

defineGradient("GruUpdate", ["h", "z", "q"], {
  h: (dy, { z }) => dh({ dy, z }, {}),
  z: (dy, { h, q }) => dz({ dy, h, q }, {}),
  q: (dy, { z }) => dq({ dy, z }, {}),
});

/**
 * New hidden state of a gated recurrent unit.
 *
 * @param h Hidden state.
 * @param z Update gate, 0…1; shaped like `h`.
 * @param q Candidate; shaped like `h`.
 * @returns (1 − z) ⊙ h + z ⊙ q. Differentiable with respect to all three.
 */
export function gruUpdate<T extends tf.Tensor>(h: T, z: T, q: T): T {
  for (const other of [z, q]) tf.util.assertShapesMatch(h.shape, other.shape, "gruUpdate: ");
  return forward({ h, z, q }, {}) as T;
}
