/**
 * Whether two providers run a model to the same flow.
 *
 * @module
 */
import { type FlowField, packed } from "../../base/arrays.ts";
import { EnvironmentError } from "../../base/errors.ts";

/**
 * Mean distance above which two flows are not the same: so many pixels and such a share of the mean
 * flow. Wrong kernels are off by whole flows; rounding, which a network's iterations may amplify at
 * single pixels, stays far below.
 */
const WITHIN = { pixels: 1e-2, share: 1e-2 };

/**
 * What is to be said of the flows that WebGPU and WebAssembly give for the same pictures.
 *
 * @param name The model's name.
 * @throws {EnvironmentError} When they are not the same flow.
 */
export function agreement(name: string, webgpu: FlowField, wasm: FlowField): string {
  const ours = packed(webgpu), theirs = packed(wasm);
  let most = 0, sum = 0, length = 0;
  for (let i = 0; i < theirs.length; i++) {
    const apart = Math.abs(ours[i] - theirs[i]);
    most = Math.max(most, apart);
    sum += apart;
    length += Math.abs(theirs[i]);
  }
  const mean = sum / theirs.length;
  const allowed = WITHIN.pixels + WITHIN.share * length / theirs.length;
  if (!(mean <= allowed)) { // NaN is no agreement either
    throw new EnvironmentError(
      `Cannot trust ${name} on webgpu: its first flow is ${mean.toPrecision(3)} px away from ` +
        "what wasm gives, on average",
      "Run it with --backend cpu, which uses WebAssembly.",
    );
  }
  return `On the first pair, WebGPU and WebAssembly give ${name} flows at most ` +
    `${most.toPrecision(2)} px apart, ${mean.toPrecision(2)} px on average.`;
}
