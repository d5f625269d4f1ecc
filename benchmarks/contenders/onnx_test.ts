import { assert, assertAlmostEquals, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { ndarray, packed, type Picture } from "../../base/arrays.ts";
import { DataError, EnvironmentError, UsageError } from "../../base/errors.ts";
import { sha256 } from "../../base/files.ts";
import { randomStream } from "../../base/random.ts";
import { withFolder } from "../../datasets/store/small_store.ts";
import {
  differenceModel,
  integers,
  node,
  onnxFile,
  tensor,
  type TinyModel,
} from "../onnx/test_support.ts";
import { onnxContender, type OnnxOptions } from "./onnx.ts";

function noise(height: number, width: number, name: string): Picture {
  const random = randomStream(0, name);
  const values = Uint8Array.from({ length: 3 * height * width }, () => random.integer(0, 256));
  return ndarray(values, [height, width, 3]);
}

const [first, second] = [noise(4, 6, "first"), noise(4, 6, "second")];

/** What `differenceModel` gives for the two pictures, times a factor; channel 0 and 2 of each. */
function difference(factor: number, [u, v] = [0, 2]): number[] {
  const a = packed(first), b = packed(second);
  return Array.from(
    { length: 24 },
    (_, i) => [u, v].map((c) => factor * (b[3 * i + c] - a[3 * i + c])),
  )
    .flat();
}

/** Scores nothing: the flow that a file gives for the two pictures, and its notes. */
async function flowOf(bytes: Uint8Array, options: Partial<OnnxOptions> = {}) {
  return await withFolder(async (folder) => {
    const path = join(folder, "net.onnx");
    await Deno.writeFile(path, bytes);
    const contender = await onnxContender(path, { provider: "wasm", ...options });
    try {
      const flows = await contender.predict(first, second, [1, 12]);
      assertEquals(flows.length, 2);
      return { flow: flows[0], notes: contender.notes!, stamp: contender.stamp };
    } finally {
      contender.dispose?.();
    }
  });
}

function assertClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  assertEquals(actual.length, expected.length);
  expected.forEach((value, i) => assertAlmostEquals(actual[i], value, 1e-4));
}

Deno.test("onnxContender() runs two pictures to a flow, on either provider", async () => {
  const bytes = differenceModel();
  for (const provider of ["wasm", "webgpu"] as const) {
    const { flow, notes, stamp } = await flowOf(bytes, { provider });
    assertEquals(flow.shape, [4, 6, 2]);
    assertClose(packed(flow), difference(1));
    assertEquals(stamp, {
      kind: "onnx",
      name: "net.onnx",
      digest: sha256(bytes),
      parameters: null,
    });
    assertMatch(notes[0], /RGB pixels in 0\.\.255/);
    assertEquals(notes.some((note) => note.includes("WebAssembly give")), provider === "webgpu");
  }
});

Deno.test("onnxContender() takes one input of both pictures, in each layout", async () => {
  const layouts: [string, (number | string)[], string[], number[]][] = [
    ["1, 6, H, W", [1, 6, "h", "w"], ["pair"], []],
    ["1, H, W, 6", [1, "h", "w", 6], ["pair"], [0, 3, 1, 2]],
    ["2, 3, H, W", [2, 3, 4, 6], ["pair"], []],
    ["2, H, W, 3", [2, 4, 6, 3], ["pair"], [0, 3, 1, 2]],
    ["1, 2, 3, H, W", [1, 2, 3, "h", "w"], ["pair"], []],
    ["1, 2, H, W, 3", ["n", 2, 4, 6, 3], ["pair"], [0, 1, 4, 2, 3]],
  ];
  for (const [name, shape, [input], order] of layouts) {
    const moved = order.length > 0;
    const channels = moved ? "channelsFirst" : input;
    const { flow } = await flowOf(onnxFile({
      nodes: [
        ...moved ? [node("Transpose", [input], [channels], [integers("perm", order)])] : [],
        node("Reshape", [channels, "extents"], ["both"]),
        node("Conv", ["both", "weights"], ["flow"]),
      ],
      initializers: [
        tensor("weights", [2, 6, 1, 1], [-1, 0, 0, 1, 0, 0, 0, 0, -1, 0, 0, 1]),
        [[1, 4], [2, 7], [8, "extents"], [
          9,
          new Uint8Array(BigInt64Array.of(1n, 6n, 4n, 6n).buffer),
        ]],
      ],
      inputs: { [input]: shape },
      outputs: { flow: [1, 2, "h", "w"] },
    }));
    assertClose(packed(flow), difference(1));
    assert(flow.shape.join() === "4,6,2", name);
  }
});

Deno.test("onnxContender() tells the first picture by the numbers in names, else by their order", async () => {
  const picture = [1, 3, "h", "w"];
  const bytes = differenceModel("two", { inputs: { image2: picture, image1: picture } });
  assertClose(packed((await flowOf(bytes)).flow), difference(1));
  const unnumbered = onnxFile({
    nodes: [
      node("Concat", ["previous", "next"], ["both"], [[[1, "axis"], [20, 2], [3, 1]]]),
      node("Conv", ["both", "weights"], ["flow"]),
    ],
    initializers: [tensor("weights", [2, 6, 1, 1], [-1, 0, 0, 1, 0, 0, 0, 0, -1, 0, 0, 1])],
    inputs: { previous: picture, next: picture },
    outputs: { flow: [1, 2, "h", "w"] },
  });
  assertClose(packed((await flowOf(unnumbered)).flow), difference(1));
});

Deno.test("onnxContender() gives the range and the order that the file or the user says", async () => {
  const said = { "reflow.pixels": "0..1", "reflow.channels": "bgr" };
  const file = await flowOf(differenceModel("two", { metadata: said }));
  assertClose(packed(file.flow), difference(1 / 255, [2, 0]));
  assertMatch(file.notes[0], /BGR pixels in 0\.\.1/);
  const told = { pixels: "-1..1", channels: "rgb" } as const;
  const user = await flowOf(differenceModel("two", { metadata: said }), told);
  assertClose(packed(user.flow), difference(2 / 255));
});

Deno.test("onnxContender() takes whole-number pictures and flow with its channels last", async () => {
  const picture = [1, "h", "w", 3];
  const { flow } = await flowOf(onnxFile({
    nodes: [
      node("Cast", ["a"], ["x"], [[[1, "to"], [20, 2], [3, 1]]]),
      node("Cast", ["b"], ["y"], [[[1, "to"], [20, 2], [3, 1]]]),
      node("Sub", ["y", "x"], ["difference"]),
      node("Split", ["difference"], ["u", "middle", "v"], [[[1, "axis"], [20, 2], [3, 3]]]),
      node("Concat", ["u", "v"], ["flow"], [[[1, "axis"], [20, 2], [3, 3]]]),
    ],
    inputs: { a: picture, b: picture },
    inputType: 2,
    outputs: { flow: [1, "h", "w", 2] },
  }));
  assertClose(packed(flow), difference(1));
});

/** The difference model with a last step behind it. */
const andThen = (last: TinyModel["nodes"][0], outputs: TinyModel["outputs"]) => {
  const picture = [1, 3, "h", "w"];
  return onnxFile({
    nodes: [
      node("Concat", ["image1", "image2"], ["both"], [[[1, "axis"], [20, 2], [3, 1]]]),
      node("Conv", ["both", "weights"], ["full"]),
      last,
    ],
    initializers: [tensor("weights", [2, 6, 1, 1], [-1, 0, 0, 1, 0, 0, 0, 0, -1, 0, 0, 1])],
    inputs: { image1: picture, image2: picture },
    outputs,
  });
};

Deno.test("onnxContender() finds the flow among outputs, and takes a coarser one", async () => {
  const halves = node("AveragePool", ["full"], ["coarse"], [
    integers("kernel_shape", [2, 2]),
    integers("strides", [2, 2]),
  ]);
  const shape = [1, 2, "h", "w"];
  const last = await flowOf(andThen(halves, { full: shape, coarse: shape }));
  assertEquals(last.flow.shape, [2, 3, 2]);
  const named = node("Identity", ["full"], ["flow"]);
  const { flow } = await flowOf(andThen(named, { flow: shape, full: shape }));
  assertEquals(flow.shape, [4, 6, 2]);
});

/** The error of opening and running a file. */
const refusal = async (
  bytes: Uint8Array,
  kind: typeof DataError | typeof UsageError | typeof EnvironmentError,
  options: Partial<OnnxOptions> = {},
) => (await assertRejects(() => flowOf(bytes, options), kind as typeof UsageError)).message;

Deno.test("onnxContender() refuses what it cannot give pictures to, and names it", async () => {
  const outputs = { flow: [1, 2, "h", "w"] };
  const inputs: [TinyModel["inputs"], string][] = [
    [{ image1: [1, 3, "h", "w"], image2: [1, 1, "h", "w"] }, "image2 [1, 1, ?, ?]"],
    [{ a: [1, 3, "h", "w"], b: [1, 3, "h", "w"], c: [1, 3, "h", "w"] }, "c [1, 3, ?, ?]"],
    [{ image: [1, 3, "h", "w"] }, "not two pictures"],
    [{ image: ["n", "c", "h", "w"] }, "not two pictures"],
    [{ image: [6] }, "not two pictures"],
  ];
  const nodes = [node("Identity", ["image"], ["flow"])];
  for (const [shapes, words] of inputs) {
    const message = await refusal(onnxFile({ nodes, inputs: shapes, outputs }), DataError);
    assertMatch(message, new RegExp(words.replaceAll(/[[\]?]/g, "\\$&")));
  }
  const whole = onnxFile({ nodes, inputs: { image: [1, 6, "h", "w"] }, inputType: 7, outputs });
  assertMatch(await refusal(whole, DataError), /neither float32 nor uint8/);
  const bytes = onnxFile({ nodes, inputs: { image: [1, 6, "h", "w"] }, inputType: 2, outputs });
  assertMatch(await refusal(bytes, UsageError, { pixels: "0..1" }), /whole numbers/);
});

Deno.test("onnxContender() refuses sizes and outputs that do not fit", async () => {
  const fixed = { image1: [1, 3, 8, 8], image2: [1, 3, 8, 8] };
  const message = await refusal(differenceModel("two", { inputs: fixed }), DataError);
  assertMatch(message, /takes pictures of 8x8 only, and these are 6x4/);
  const red = node("ReduceMean", ["full"], ["flow"], [integers("axes", [2, 3])]);
  const shape = { flow: [1, 2, 1, 1] };
  assertMatch(await refusal(andThen(red, shape), DataError), /"flow" is \[1, 2, 1, 1\], no flow/);
});

Deno.test("onnxContender() opens no other file that a model names", async () => {
  const outside = onnxFile({
    nodes: [node("Conv", ["pair", "w"], ["flow"])],
    initializers: [[[8, "w"], [13, [[1, "location"], [2, "../../secret.bin"]]], [14, 1]]],
    inputs: { pair: [1, 6, "h", "w"] },
    outputs: { flow: [1, 2, "h", "w"] },
  });
  assertMatch(await refusal(outside, DataError), /"..\/..\/secret.bin".*not opened/);
});

Deno.test("onnxContender() names the operations that onnxruntime-web doesn't have", async () => {
  const file = (...nodes: TinyModel["nodes"]) =>
    onnxFile({ nodes, inputs: { pair: [1, 6, "h", "w"] }, outputs: { flow: [1, 2, "h", "w"] } });
  const unknown = await refusal(file(node("Warp", ["pair"], ["flow"])), EnvironmentError);
  assertMatch(unknown, /doesn't have Warp$/);
  const foreign = file(
    node("Correlate", ["pair"], ["x"], [], "com.example"),
    node("Warp", ["x"], ["flow"], [], "com.example"),
  );
  const message = await refusal(foreign, EnvironmentError);
  assertMatch(message, /doesn't have com\.example:Correlate, com\.example:Warp$/);
});

Deno.test("onnxContender() refuses metadata, files and folders that make no sense", async () => {
  const odd = differenceModel("two", { metadata: { "reflow.pixels": "0..2" } });
  assertMatch(await refusal(odd, UsageError), /reflow\.pixels="0\.\.2"/);
  assertMatch(await refusal(new Uint8Array(), DataError), /no ONNX model/);
  await withFolder(async (folder) => {
    const none = join(folder, "none.onnx");
    await assertRejects(() => onnxContender(none, { provider: "wasm" }), DataError, "no such file");
    await assertRejects(() => onnxContender(folder, { provider: "wasm" }), DataError, "a folder");
  });
});
