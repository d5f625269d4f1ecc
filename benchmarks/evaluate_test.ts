import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { type FlowField, ndarray, packed } from "../base/arrays.ts";
import { DataError, Interrupted, ReflowError, UsageError } from "../base/errors.ts";
import type { FlowDataset, FlowSample } from "../datasets/sample.ts";
import type { FlowContender } from "./contenders/contender.ts";
import { zeroFlow } from "./contenders/zero.ts";
import { evaluateFlow, type EvaluateOptions } from "./evaluate.ts";
import { flowProtocol, protocolStamp } from "./protocols/protocol.ts";
import { Evaluation } from "./record.ts";

const shapes = flowProtocol("moving-shapes");
const [HEIGHT, WIDTH] = [5, 13];

function constant(height: number, width: number, u: number): FlowField {
  const values = Float32Array.from({ length: 2 * height * width }, (_, i) => i % 2 === 0 ? u : 0);
  return ndarray(values, [height, width, 2]);
}

/** Samples whose pictures hold their index and whose true flow is `speeds[index]` to the right. */
function dataset(speeds: number[]): FlowDataset & { reads: number[] } {
  const reads: number[] = [];
  return {
    id: "moving-shapes",
    split: "test",
    digest: "0".repeat(64),
    length: speeds.length,
    sparse: false,
    reads,
    read(index): Promise<FlowSample> {
      reads.push(index);
      const pixels = HEIGHT * WIDTH;
      const picture = ndarray(new Uint8Array(3 * pixels).fill(index), [HEIGHT, WIDTH, 3]);
      const valid = ndarray(new Uint8Array(pixels).fill(1), [HEIGHT, WIDTH]);
      valid.set(0, 0, 0);
      const flow = constant(HEIGHT, WIDTH, speeds[index]);
      return Promise.resolve({ id: `s/${index}`, image1: picture, image2: picture, flow, valid });
    },
  };
}

/** A contender made of a function of the padded size, the number of iterations and the sample. */
function contender(
  field: (height: number, width: number, iterations: number, index: number) => FlowField,
): FlowContender & { asked: number[][] } {
  const asked: number[][] = [];
  return {
    stamp: { kind: "weights", name: "Tëst Net.pth", digest: "ab".repeat(32), parameters: 3 },
    asked,
    predict({ shape: [height, width], data }, _image2, iterations) {
      asked.push([height, width, ...iterations]);
      return Promise.resolve(iterations.map((n) => field(height, width, n, data[0])));
    },
  };
}

const evaluate = (options: Partial<EvaluateOptions>) =>
  evaluateFlow({
    contender: zeroFlow(),
    dataset: dataset([3, 1, 2]),
    protocol: shapes,
    ...options,
  });

Deno.test("evaluateFlow() scores every sample and keeps each one's numbers", async () => {
  const heard: unknown[] = [];
  const { evaluation, samples } = await evaluate({ onSample: (...args) => heard.push(args) });
  Evaluation.parse(evaluation);
  assertEquals([evaluation.samples, evaluation.metrics.epe, evaluation.metrics.epeOccluded], [
    3,
    2,
    null,
  ]);
  assertEquals(evaluation.protocol, protocolStamp(shapes));
  assertEquals(evaluation.byIteration, []);
  assertEquals(samples.ids, ["s/0", "s/1", "s/2"]);
  assertEquals([...samples.metrics.epe], [3, 1, 2]);
  assertEquals([...samples.metrics.pixels], [64, 64, 64]);
  assertEquals([...samples.metrics.epeOccluded], [NaN, NaN, NaN]);
  assertEquals(heard, [[1, 3, 3], [2, 3, 1], [3, 3, 2]]);
});

Deno.test("evaluateFlow() shows the contender padded pictures and crops what it gives", async () => {
  const coordinates = contender((height, width) => {
    const field = constant(height, width, 0);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        field.set(y, x, 0, x);
        field.set(y, x, 1, y);
      }
    }
    return field;
  });
  const { samples } = await evaluate({ contender: coordinates, gallery: 1, limit: 1 });
  assertEquals(coordinates.asked, [[8, 16, 6]]);
  const { prediction } = samples.gallery[0];
  assertEquals(prediction.shape, [HEIGHT, WIDTH, 2]);
  assertEquals([prediction.get(0, 0, 0), prediction.get(0, 0, 1)], [1, 1]);
  assertEquals(packed(prediction).length, 2 * HEIGHT * WIDTH);
});

Deno.test("evaluateFlow() scores further numbers of iterations in one pass", async () => {
  const halving = contender((h, w, n, index) => constant(h, w, [3, 1, 2][index] - 1 / n));
  const { evaluation } = await evaluate({ contender: halving, alsoAt: [16, 1, 4, 4], gallery: 0 });
  assertEquals(halving.asked, new Array(3).fill([8, 16, 1, 4, 6, 16]));
  const epes = evaluation.byIteration.map(({ iterations, metrics }) =>
    Math.round(metrics.epePooled! * iterations * 1e6) / 1e6
  );
  assertEquals(evaluation.byIteration.map(({ iterations }) => iterations), [1, 4, 6, 16]);
  assertEquals(epes, [1, 1, 1, 1]);
  assertEquals(evaluation.metrics, evaluation.byIteration[2].metrics);
});

Deno.test("evaluateFlow() counts the pixels the protocol says", async () => {
  const all = { ...shapes, validity: "all" as const };
  const { samples } = await evaluate({ protocol: all });
  assertEquals([...samples.metrics.pixels], [65, 65, 65]);
  assert(packed(samples.gallery[0].valid).every((flag) => flag === 1));
});

Deno.test("evaluateFlow() keeps a small gallery and predicts a lost median again", async () => {
  const data = dataset([5, 1, 4, 9, 2, 8, 3]);
  const perfect = contender((h, w) => constant(h, w, 0));
  const { samples } = await evaluate({ contender: perfect, dataset: data, gallery: 1 });
  assertEquals(
    samples.gallery.map((
      { id, why, truth, image1 },
    ) => [id, why, truth.get(0, 0, 0), image1.data[0]]),
    [["s/0", "first", 5, 0], ["s/2", "median", 4, 2], ["s/3", "worst", 9, 3]],
  );
  assertEquals(data.reads, [0, 1, 2, 3, 4, 5, 6, 2]);
});

Deno.test("evaluateFlow() stops after `limit` samples", async () => {
  const { evaluation, samples } = await evaluate({ limit: 2 });
  assertEquals([evaluation.samples, samples.ids.length, samples.metrics.epe.length], [2, 2, 2]);
  assertEquals((await evaluate({ limit: 99 })).evaluation.samples, 3);
});

Deno.test("evaluateFlow() stops between two samples when told to", async () => {
  const stop = new AbortController();
  const data = dataset([1, 2, 3]);
  const error = await assertRejects(
    () => evaluate({ dataset: data, signal: stop.signal, onSample: () => stop.abort() }),
    Interrupted,
  );
  assertMatch(error.message, /zero flow .* 1 of 3/);
  assertEquals(data.reads, [0]);
});

Deno.test("evaluateFlow() names an evaluation so that it can name a folder", async () => {
  const net = contender((h, w) => constant(h, w, 0));
  const { evaluation } = await evaluate({
    contender: net,
    protocol: flowProtocol("sintel-raft@12"),
  });
  assertEquals(
    evaluation.id,
    "test-net.pth--abababab--moving-shapes--test--sintel-raft@12",
  );
});

Deno.test("evaluateFlow() refuses options and data that make no sense", async () => {
  await assertRejects(() => evaluate({ limit: 0 }), UsageError, "0 samples");
  await assertRejects(() => evaluate({ limit: 1.5 }), UsageError);
  await assertRejects(() => evaluate({ alsoAt: [0] }), UsageError, "0 iterations");
  await assertRejects(() => evaluate({ dataset: dataset([]) }), DataError, "no samples");
  await assertRejects(
    () => evaluate({ protocol: flowProtocol("chairs-raft") }),
    UsageError,
    "13x5",
  );
});

Deno.test("evaluateFlow() refuses broken predictions", async () => {
  const nan = contender((h, w) => constant(h, w, NaN));
  await assertRejects(() => evaluate({ contender: nan }), ReflowError, "sample s/0");
  const uncropped = contender(() => constant(HEIGHT, WIDTH, 0));
  await assertRejects(
    () => evaluate({ contender: uncropped }),
    TypeError,
    "gave a 5x13x2 field, which is neither 8x16x2",
  );
  const silent = { ...zeroFlow(), predict: () => Promise.resolve([]) };
  await assertRejects(() => evaluate({ contender: silent }), TypeError, "0 fields");
});

/** A contender of finished flows: `speeds[index]` to the right, but for a hole at the second pixel. */
function finished(speeds: number[], holes: number[] = []): FlowContender & { expected: unknown[] } {
  const expected: unknown[] = [];
  return {
    stamp: { kind: "folder", name: "flows", digest: null, parameters: null },
    expected,
    predict: () => Promise.reject(new Error("it has its flows already")),
    expect: (...asked) => Promise.resolve(void expected.push(asked)),
    recall({ id, height, width }) {
      const valid = ndarray(new Uint8Array(height * width).fill(1), [height, width]);
      for (const hole of holes) valid.set(0, hole, 0);
      return Promise.resolve({ flow: constant(height, width, speeds[Number(id.slice(2))]), valid });
    },
  };
}

Deno.test("evaluateFlow() scores finished flows as they are, and asks for them by name", async () => {
  const flows = finished([3, 1, 1]);
  const data = { ...dataset([3, 1, 2]), ids: ["s/0", "s/1", "s/2"] };
  const { evaluation } = await evaluate({ contender: flows, dataset: data, alsoAt: [1], limit: 2 });
  assertEquals(flows.expected, [["moving-shapes", ["s/0", "s/1"]]]);
  assertEquals(evaluation.metrics.epe, 0);
  assertEquals((await evaluate({ contender: flows })).evaluation.metrics.epe, 1 / 3);
});

Deno.test("evaluateFlow() fills holes only where the protocol does", async () => {
  const flows = finished([3, 1, 2], [1, 2]);
  const error = await assertRejects(() => evaluate({ contender: flows }), DataError);
  assertMatch(error.message, /sample s\/0: it leaves 2 of 65 pixels out, which moving-shapes/);
  const kitti = flowProtocol("kitti15-devkit");
  const { evaluation } = await evaluate({ contender: flows, protocol: kitti });
  assertEquals(evaluation.metrics.epe, 0);
});

Deno.test("evaluateFlow() scores what a file format keeps of a prediction", async () => {
  const kitti = flowProtocol("kitti15-devkit");
  const kept: FlowField[] = [];
  const { evaluation, samples } = await evaluate({
    contender: contender((h, w) => constant(h, w, 600.01)),
    dataset: dataset([3.01, 600, 0]),
    protocol: kitti,
    onPrediction: (_, flow) => Promise.resolve(void kept.push(flow)),
  });
  assertEquals([...samples.metrics.epe].map((e) => Math.round(e * 1000)), [508974, 88016, 511984]);
  assertEquals(evaluation.metrics.fl, 100);
  assert(kept.every((flow) => flow.get(1, 1, 0) > 600), "predictions are kept as they were");
});

Deno.test("evaluateFlow() leaves the size to the contender where the protocol does", async () => {
  const own = flowProtocol("middlebury");
  const any = contender((h, w) => constant(h, w, 0));
  await evaluate({ contender: any, protocol: own, limit: 1, gallery: 0 });
  assertEquals(any.asked, [[HEIGHT, WIDTH, 12]]);
  const picky = {
    ...any,
    sizing: (id: string) => ({
      padding: id === "moving-shapes" ? "resize" as const : "none" as const,
      multiple: 32,
    }),
  };
  const { samples } = await evaluate({ contender: picky, protocol: own, limit: 1 });
  assertEquals(any.asked[1], [32, 32, 12]);
  assertEquals(samples.gallery[0].prediction.shape, [HEIGHT, WIDTH, 2]);
});

/** A contender that adds one pixel an iteration to the flow it starts from, at half the resolution. */
function refining(): FlowContender & { starts: (number | null)[] } {
  const starts: (number | null)[] = [];
  return {
    stamp: { kind: "run", name: "refining", digest: null, parameters: 1 },
    starts,
    predict: () => Promise.reject(new Error("asked without a start")),
    predictFrom({ shape: [height, width] }, _image2, iterations, start) {
      // Row 0 is where a warm start drops vectors: the last row tells what came of it.
      const from = start === null ? null : start.get(start.shape[0] - 1, 0, 0);
      starts.push(from);
      const flow = constant(height, width, (from ?? 0) * 2 + iterations);
      const coarse = constant(height / 2, width / 2, (from ?? 0) + iterations / 2);
      return Promise.resolve({ flow, coarse });
    },
  };
}

/** Frames of one sequence, all with a true flow of zero. */
const frames = (...ids: string[]) => {
  const data = dataset(ids.map(() => 0));
  return { ...data, read: async (i: number) => ({ ...await data.read(i), id: ids[i] }) };
};

const warm = { ...flowProtocol("sintel-raft-warm"), iterations: 2 };

Deno.test("evaluateFlow() starts a pair from the one before it, within a sequence", async () => {
  const model = refining();
  const data = frames("a/frame_1", "a/frame_2", "a/frame_3", "b/frame_4", "b/frame_6");
  const { samples } = await evaluate({
    contender: model,
    dataset: data,
    protocol: warm,
    gallery: 0,
  });
  assertEquals(model.starts, [null, 1, 2, null, null]);
  assertEquals([...samples.metrics.epe], [2, 4, 6, 2, 2]);
});

Deno.test("evaluateFlow() keeps each number of iterations on its own warm path", async () => {
  const model = refining();
  const { evaluation } = await evaluate({
    contender: model,
    dataset: frames("a/frame_1", "a/frame_2"),
    protocol: warm,
    alsoAt: [4],
    gallery: 0,
  });
  assertEquals(model.starts, [null, null, 1, 2]);
  assertEquals(evaluation.byIteration.map(({ metrics }) => metrics.epe), [3, 6]);
});

Deno.test("evaluateFlow() predicts a lost median from its sequence's beginning", async () => {
  const model = refining();
  const ids = Array.from({ length: 7 }, (_, i) => `a/frame_${i}`);
  const { samples } = await evaluate({
    contender: model,
    dataset: frames(...ids),
    protocol: warm,
    gallery: 1,
  });
  const median = samples.gallery.find(({ why }) => why === "median")!;
  assertEquals([median.id, median.prediction.get(0, 0, 0)], ["a/frame_3", 8]);
  assertEquals(model.starts, [null, 1, 2, 3, 4, 5, 6, null, 1, 2, 3]);
});

Deno.test("evaluateFlow() starts nothing warm that cannot be, unless it needs no start", async () => {
  const cold = contender((h, w) => constant(h, w, 0));
  const error = await assertRejects(
    () => evaluate({ contender: cold, protocol: warm }),
    UsageError,
    "cannot start from a flow",
  );
  assertEquals(error.nextStep, "Choose a protocol without warm start.");
  assertEquals((await evaluate({ protocol: warm })).evaluation.metrics.epe, 2);
});
