/**
 * What the text of many kernels is put together from: unrolled loops, vec4, sums over a workgroup.
 *
 * @module
 */

/** Numbers 0…n-1. */
export const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** The text of n unrolled iterations. */
export const lines = (n: number, text: (i: number) => string): string =>
  range(n).map(text).join("\n");

/** Number of vec4 that hold `channels` numbers. */
export const vec4s = (channels: number): number => Math.ceil(channels / 4);

/** WGSL that adds up `partial` over a workgroup's lanes, in an order that never changes. */
export const addUp = (lanes: number): string => `
  for (var step = ${lanes / 2}; step > 0; step = step / 2) {
    workgroupBarrier();
    if (lane < step) { partial[lane] += partial[lane + step]; }
  }`;

/** The largest float32; infinity may not reach a shader. */
export const LARGEST = 3.4028234663852886e38;

/** WGSL `finite(x)`. A compiler may assume that no number is infinite or NaN, so it looks at bits. */
export const FINITE = `
fn finite(x : f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }`;
