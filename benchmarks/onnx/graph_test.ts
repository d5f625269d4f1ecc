import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DataError } from "../../base/errors.ts";
import { readOnnxGraph } from "./graph.ts";
import { differenceModel, message, node, onnxFile, type Part, tensor } from "./test_support.ts";

const read = (bytes: Uint8Array) => readOnnxGraph(bytes, "a.onnx");

Deno.test("readOnnxGraph() says what a model takes, gives and needs", () => {
  const graph = read(differenceModel("two", { metadata: { "reflow.pixels": "0..1" } }));
  const open = { type: 1, shape: [1, 3, null, null] };
  assertEquals(graph, {
    inputs: [{ name: "image1", ...open }, { name: "image2", ...open }],
    outputs: [{ name: "flow", type: 1, shape: [1, 2, null, null] }],
    operations: ["Concat", "Conv"],
    externalFiles: [],
    metadata: new Map([["reflow.pixels", "0..1"]]),
  });
});

Deno.test("readOnnxGraph() takes no initial value for an input", () => {
  const inputs = { image1: [1, 3, 8, 8], image2: [1, 3, 8, 8], weights: [2, 6, 1, 1] };
  assertEquals(read(differenceModel("two", { inputs })).inputs.map(({ name }) => name), [
    "image1",
    "image2",
  ]);
});

const about = { inputs: { a: [1] }, outputs: { b: [1] } };

Deno.test("readOnnxGraph() finds operations and files in loops, functions and constants", () => {
  const external = (
    path: string,
  ): Part[] => [[8, "w"], [13, [[1, "location"], [2, path]]], [14, 1]];
  const body: Part[] = [
    [1, node("Inner", ["a"], ["b"], [], "com.example")],
    [5, external("../../etc/passwd")],
    [15, [[1, external("values.bin")], [2, external("indices.bin")]]],
  ];
  const file = onnxFile({
    ...about,
    nodes: [
      node("Loop", ["a"], ["b"], [[[1, "body"], [20, 5], [6, body]]]),
      node("Constant", [], ["c"], [[[1, "value"], [20, 4], [5, external("weights.bin")]]]),
    ],
    initializers: [tensor("inside", [1], [1]), [[8, "nowhere"], [14, 1]]],
  });
  const functions = message([[25, [[7, node("Helper", ["x"], ["y"])]]]]);
  const graph = read(Uint8Array.of(...file, ...functions));
  assertEquals(graph.operations, ["Constant", "Helper", "Loop", "com.example:Inner"]);
  assertEquals(graph.externalFiles, [
    "",
    "../../etc/passwd",
    "indices.bin",
    "values.bin",
    "weights.bin",
  ]);
});

Deno.test("readOnnxGraph() refuses what is no ONNX model", () => {
  for (const text of ["", "PK\u0003\u0004", "<!DOCTYPE html><html></html>", "hello"]) {
    assertThrows(() => read(new TextEncoder().encode(text)), DataError, "no ONNX model");
  }
  assertThrows(() => read(message([[1, 8]])), DataError, "no operation");
});

Deno.test("readOnnxGraph() refuses graphs in graphs without end", () => {
  let graph: Part[] = [[1, node("Leaf", [], ["b"])]];
  for (let i = 0; i < 100; i++) {
    graph = [[1, node("If", [], ["b"], [[[1, "then"], [6, graph]]])], [12, [[1, "b"]]]];
  }
  assertThrows(() => read(message([[7, graph]])), DataError, "nest too deep");
});

Deno.test("readOnnxGraph() reads or refuses a file that was cut or changed, and never hangs", () => {
  const whole = differenceModel();
  const readable = (bytes: Uint8Array) => {
    try {
      read(bytes);
      return true;
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      return false;
    }
  };
  for (let length = 0; length < whole.length; length++) readable(whole.subarray(0, length));
  assertEquals(readable(whole.subarray(0, whole.length - 1)), false);
  fc.assert(fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
    const changed = whole.slice();
    changed[at] = byte;
    readable(changed);
  }));
});
