/**
 * The last step of a gated recurrent unit: h' = (1 − z) ⊙ h + z ⊙ q.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { inOneGo } from "../backward.ts";
import { slopeOf } from "./activation.ts";
import { inPlace } from "./in_place.ts";
import { defineKernel, type HostTensor } from "./kernel.ts";
import { mapping } from "./map.ts";
import { dispatch, type Program, programOf } from "./program.ts";
import { keepTexels, newTexels } from "./texels.ts";
import { operandAccess } from "./tiles.ts";

const update = mapping({
  name: "gru update",
  inputs: ["h", "z", "q"],
  value: () => "h + z * (q - h)",
  feedsConvolution: true,
});

const forward = defineKernel<Record<never, never>>({
  name: "GruUpdate",
  gpu: (backend, { h, z, q }) => update(backend, [h, z, q]),
  oracle: ({ h, z, q }) => ({
    shape: h.shape,
    data: h.data.map((value, i) => value + z.data[i] * (q.data[i] - value)),
  }),
  stock: ({ h, z, q }) => tf.add(h, tf.mul(z, tf.sub(q, h))),
});

const NAMES = ["h", "z", "q"];

/** WGSL of the gradients of h, z and q, and of those past sigmoid and tanh, which convolutions read. */
const GRADIENTS = ["dy - dy * z", "dy * (q - h)", "dy * z"];
const PAST = [`dz * (${slopeOf("sigmoid", "z")})`, `dq * (${slopeOf("tanh", "q")})`];

const gradientProgram = (aligned: boolean, twins: boolean): Program => {
  const width = aligned ? 4 as const : 1 as const, written = aligned ? "update4" : "update";
  return {
    name: `gru gradients${aligned ? " aligned" : ""}${twins ? " twins" : ""}`,
    inputs: ["dys", "hs", "zs", "qs", "dzs", "dqs", ...twins ? ["dzTwin", "dqTwin"] : []],
    widths: [
      ...[width, width, width, width],
      ...[written, written] as const,
      ...twins ? ["store", "store"] as const : [],
      width,
    ],
    uniforms: { size: "i32" },
    workgroup: 64,
    code: `
fn main(index : i32) {
  if (index >= uniforms.size) { return; }
  ${["dy", ...NAMES].map((name) => `let ${name} = ${name}s[index];`).join("\n  ")}
  ${NAMES.map((name, i) => `let d${name} = ${GRADIENTS[i]};`).join("\n  ")}
  result[index] = dh;
  dzs[index] = dz;
  dqs[index] = dq;
  ${twins ? `store_dzTwin(index, ${PAST[0]}); store_dqTwin(index, ${PAST[1]});` : ""}
}`,
  };
};

/** The gradients of h, z and q by plain loops. */
export function gruGradientsOracle(
  dy: HostTensor["data"],
  [h, z, q]: readonly HostTensor["data"][],
): HostTensor["data"][] {
  return [
    dy.map((g, i) => g - g * z[i]),
    dy.map((g, i) => g * (q[i] - h[i])),
    dy.map((g, i) => g * z[i]),
  ];
}

/** The gradients of h, z and q in one dispatch; shaped like `dy`. */
export function gruGradients(dy: tf.Tensor, operands: readonly tf.Tensor[]): tf.Tensor[] {
  return inPlace({
    gpu(backend) {
      const { shape, size } = dy;
      const aligned = shape.at(-1)! % 4 === 0;
      const twins = aligned && operandAccess() === "texels";
      const program = programOf(
        `gru gradients ${aligned} ${twins}`,
        () => gradientProgram(aligned, twins),
      );
      const [dz, dq] = [1, 2].map(() => backend.makeTensorInfo([...shape], "float32"));
      const count = aligned ? size / 4 : size;
      const copies = twins ? [newTexels(backend, count), newTexels(backend, count)] : [];
      const inputs = [dy, ...operands, dz, dq, ...copies];
      const dh = dispatch(backend, program, inputs, shape, [count], count);
      // Where z and q come from a convolution's sigmoid and tanh, it reads its gradient there.
      const forms = [["sigmoid", operands[1]], ["tanh", operands[2]]] as const;
      copies.forEach((copy, i) => {
        const [slope, { dataId }] = forms[i];
        keepTexels(backend, [dz, dq][i].dataId, copy, { channels: 0, slope, of: dataId });
      });
      return [dh, dz, dq].map((info) => tf.engine().makeTensorFromTensorInfo(info));
    },
    cpu: (host) =>
      gruGradientsOracle(host(dy), operands.map((operand) => host(operand)))
        .map((data) => tf.tensor(Float32Array.from(data), dy.shape)),
  });
}

tf.registerGradient({
  kernelName: "GruUpdate",
  inputsToSave: NAMES,
  gradFunc: (dy, saved) => inOneGo(NAMES, () => gruGradients(dy as tf.Tensor, saved)),
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
