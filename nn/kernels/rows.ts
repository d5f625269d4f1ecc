/**
 * Programs that reduce the last axis: a workgroup owns a row, its lanes stride along it.
 *
 * Sums run in a fixed order, so results repeat bit for bit.
 *
 * @module
 */
import type { TensorInfo } from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { dispatch, type Program, programOf } from "./program.ts";
import { tilesInUse } from "./tiles.ts";

/**
 * A program for every number of lanes. Few, since at a barrier a software driver switches between all
 * invocations of a workgroup; a GPU runs at least 32 at once, whether they have work or not.
 */
export interface RowProgram {
  readonly name: string;
  readonly of: (lanes: number) => Program;
}

/** Uniforms of a program on rows: their number and length, and a factor or an epsilon. */
const ROWS = { rows: "i32", length: "i32", setting: "f32" } as const;

/**
 * A program on rows of the last axis. Its text says `LANES` where their number goes.
 *
 * @param body What a lane does with its row: `first` is the row's first index, `row` its number; the
 * lane takes every `LANES`-th element from `lane` on. `total(lane, v)` sums a vec2 over the lanes,
 * `largest(lane, v)` is the greatest of a number; all lanes must call them, and all get the result.
 * @param more Uniforms that follow those of rows.
 */
export function rowProgram(
  name: string,
  inputs: readonly string[],
  body: string,
  more: Program["uniforms"] = {},
): RowProgram {
  const code = `
var<workgroup> partial : array<vec2<f32>, LANES>;
fn total(lane : i32, value : vec2<f32>) -> vec2<f32> {
  partial[lane] = value;
  workgroupBarrier();
  var sum = vec2<f32>(0.0);
  for (var i = 0; i < LANES; i++) { sum += partial[i]; }
  workgroupBarrier();
  return sum;
}
fn largest(lane : i32, value : f32) -> f32 {
  partial[lane].x = value;
  workgroupBarrier();
  var most = partial[0].x;
  for (var i = 1; i < LANES; i++) { most = max(most, partial[i].x); }
  workgroupBarrier();
  return most;
}
fn main(index : i32) {
  let lane = index % LANES;
  // Padding workgroups repeat the last row; barriers must be met by all.
  let row = min(index / LANES, uniforms.rows - 1);
  let first = row * uniforms.length;
  ${body}
}`;
  return {
    name,
    of: (lanes) => ({
      name: `${name} ${lanes} lanes`,
      inputs,
      widths: [...inputs.map(() => 1 as const), 1],
      uniforms: { ...ROWS, ...more },
      workgroup: lanes,
      code: code.replaceAll("LANES", String(lanes)),
    }),
  };
}

/** Dispatches a program, on so many rows, with as many lanes as suit the adapter. */
export function dispatchRows(
  backend: WebGPUBackend,
  { name, of }: RowProgram,
  inputs: readonly TensorInfo[],
  shape: readonly number[],
  uniforms: readonly number[],
  rows: number,
): TensorInfo {
  const lanes = tilesInUse().rowLanes;
  const program = programOf(`${name} ${lanes} lanes`, () => of(lanes));
  return dispatch(backend, program, inputs, shape, uniforms, rows * lanes);
}

/** Text of a loop over the lane's elements; `each` sees `i`, the element's place in its row. */
export const along = (each: string): string =>
  `for (var i = lane; i < uniforms.length; i += LANES) { ${each} }`;
