/**
 * Activations that kernels apply on the way, and their slopes.
 *
 * Slopes are had from the result, not the argument (ReLU, leaky or not: y > 0, sigmoid: y(1 − y),
 * tanh: 1 − y²), so the argument is never kept.
 *
 * @module
 */
import { GELU_TEXT } from "./gelu.ts";

/** The activations whose slope can be had from their value. */
export type ByValue = "none" | "relu" | "leaky" | "sigmoid" | "tanh";

/** Every {@link ByValue}. */
export const byValue: readonly ByValue[] = ["none", "relu", "leaky", "sigmoid", "tanh"];

/** Slope of "leaky", the leaky ReLU of the flow networks, below zero. */
export const LEAK = 0.1;

/** What follows a sum. */
export type Activation = ByValue | "gelu";

/** WGSL type of the argument. */
type Type = "f32" | "vec4<f32>";

/** WGSL of the result from the argument `v`. */
export const VALUE: Readonly<Record<ByValue, (type: Type) => string>> = {
  none: () => "v",
  relu: (type) => `max(v, ${type}(0.0))`,
  leaky: () => `max(v, ${LEAK} * v)`,
  sigmoid: () => "1.0 / (1.0 + exp(-v))",
  // WGSL's tanh may overflow for large arguments; beyond 15 it is 1 in single precision.
  tanh: (type) => `tanh(clamp(v, ${type}(-15.0), ${type}(15.0)))`,
};

/** WGSL of the derivative from the result `y`. */
export const SLOPE: Readonly<Record<ByValue, (type: Type) => string>> = {
  none: (type) => `${type}(1.0)`,
  relu: (type) => `select(${type}(0.0), ${type}(1.0), y > ${type}(0.0))`,
  leaky: (type) => `select(${type}(${LEAK}), ${type}(1.0), y > ${type}(0.0))`,
  sigmoid: () => "y * (1.0 - y)",
  tanh: () => "1.0 - y * y",
};

/** WGSL of the derivative from a result of another name. */
export const slopeOf = (activation: "sigmoid" | "tanh", name: string): string =>
  SLOPE[activation]("f32").replaceAll(/\by\b/g, name);

/** `fn activate(v : f32) -> f32` in WGSL. */
export function activationText(activation: Activation): string {
  return activation === "gelu"
    ? `${GELU_TEXT}\nfn activate(v : f32) -> f32 { return gelu(v); }`
    : `fn activate(v : f32) -> f32 { return ${VALUE[activation]("f32")}; }`;
}

/** The same on the host. */
export const onHost: Readonly<
  Record<ByValue, { value(v: number): number; slope(y: number): number }>
> = {
  none: { value: (v) => v, slope: () => 1 },
  relu: { value: (v) => Math.max(v, 0), slope: (y) => y > 0 ? 1 : 0 },
  leaky: { value: (v) => Math.max(v, LEAK * v), slope: (y) => y > 0 ? 1 : LEAK },
  sigmoid: { value: (v) => 1 / (1 + Math.exp(-v)), slope: (y) => y * (1 - y) },
  tanh: { value: Math.tanh, slope: (y) => 1 - y * y },
};
