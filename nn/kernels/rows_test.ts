import { assertEquals, assertNotEquals } from "@std/assert";
import "./group_norm.ts";
import { type HostTensor, oracleOf } from "./kernel.ts";
import {
  assertMatchesOracle,
  drawn,
  FORWARD,
  GRADIENT,
  type Named,
  ways,
  working,
} from "./kernel_test_support.ts";
import "./layer_norm.ts";
import { rowProgram } from "./rows.ts";
import "./softmax.ts";

Deno.test("a program's lanes are in its text, its workgroup and its name", () => {
  const program = rowProgram("count", ["x"], "result[row] = f32(LANES);");
  const [few, many] = [16, 32].map(program.of);
  assertEquals([few.workgroup, many.workgroup], [16, 32]);
  assertNotEquals(few.name, many.name);
  assertEquals(few.code.replaceAll("16", "32"), many.code);
});

/** Every kernel on rows: what it takes for rows of these lengths, and how exact it is. */
function kernelsOn(shape: number[]): [string, Named<HostTensor>, object, number][] {
  const channels = [shape.at(-1)!];
  const x = drawn("x", shape), dy = drawn("dy", shape);
  const weight = drawn("weight", channels), bias = drawn("bias", channels);
  const softmaxes = ["ScaledSoftmax", "ScaledLogSoftmax"].flatMap((name) => {
    const attributes = { scale: 0.125 };
    const out = oracleOf(name)({ x }, attributes);
    return [
      [name, { x }, attributes, FORWARD],
      [`${name}Gradient`, { dy, out }, attributes, GRADIENT],
    ] as [string, Named<HostTensor>, object, number][];
  });
  const epsilon = 1e-5;
  return [
    ...softmaxes,
    ["LayerNorm", { x, weight, bias }, { epsilon }, FORWARD],
    ["LayerNormInputGradient", { dy, x, weight }, { epsilon }, GRADIENT],
    ["LayerNormWeightGradient", { dy, x }, { epsilon }, GRADIENT],
    ["GroupNormMoments", { x }, { groups: 1, epsilon, relu: 0 }, GRADIENT],
  ];
}

for (const way of ["from textures", "on an unknown adapter"]) {
  const lanes = ways[way].rowLanes;
  Deno.test(`kernels on rows match their oracles with ${lanes} lanes`, () =>
    working(way, async () => {
      for (const shape of [[2, 3, 5], [3, 1, 33], [2, 17, 197]]) {
        for (const [name, inputs, attributes, tolerance] of kernelsOn(shape)) {
          await assertMatchesOracle(name, inputs, attributes, tolerance);
        }
      }
    }));
}

Deno.test("the two numbers of lanes that tables have are both tested", () => {
  const tested = ["from textures", "on an unknown adapter"].map((way) => ways[way]);
  const all = new Set(Object.values(ways).map(({ lanes, rowLanes }) => `${lanes} ${rowLanes}`));
  assertEquals(new Set(tested.map(({ lanes, rowLanes }) => `${lanes} ${rowLanes}`)), all);
});
