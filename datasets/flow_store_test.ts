import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { ndarray, packed } from "../base/arrays.ts";
import { DataError, UsageError } from "../base/errors.ts";
import { randomStream } from "../base/random.ts";
import {
  buildFlowStore,
  type FlowSource,
  type FlowStoreMeta,
  openFlowStore,
} from "./flow_store.ts";
import type { FlowSample } from "./sample.ts";
import { openStore } from "./store.ts";
import { withFolder } from "./store/small_store.ts";

const META: FlowStoreMeta = {
  id: "toy",
  title: "Toy",
  licence: "none",
  citation: "nobody",
  homepage: "https://example.org",
  splits: ["train", "val", "test"],
  sparse: true,
  notes: ["There is no test split."],
};

function makeSample(id: string, height: number, width: number, occluded: boolean): FlowSample {
  const random = randomStream(3, id);
  const bytes = (...shape: number[]) =>
    ndarray(
      Uint8Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.integer(0, 256)),
      shape,
    );
  const mask = () => ndarray(bytes(height, width).data.map((byte) => byte & 1), [height, width]);
  return {
    id,
    image1: bytes(height, width, 3),
    image2: bytes(height, width, 3),
    flow: ndarray(
      Float32Array.from({ length: height * width * 2 }, () => random.normal(0, 9)),
      [height, width, 2],
    ),
    valid: mask(),
    ...occluded && { occluded: mask() },
  };
}

const source = (sample: FlowSample, split = "train"): FlowSource => ({
  id: sample.id,
  split,
  load: () => Promise.resolve(sample),
});

/** Values by field, with the flow zeroed where it is not valid, as stores keep it. */
function valuesOf(sample: FlowSample): Record<string, unknown> {
  const valid = packed(sample.valid);
  return {
    id: sample.id,
    size: sample.image1.shape,
    image1: [...packed(sample.image1)],
    image2: [...packed(sample.image2)],
    flow: [...packed(sample.flow)].map((value, i) => valid[i >> 1] ? value : 0),
    valid: [...valid],
    occluded: sample.occluded && [...packed(sample.occluded)],
  };
}

Deno.test("pairs of several sizes come back by split, in the order they were given", () =>
  withFolder(async (folder) => {
    for (const occluded of [false, true]) {
      const path = join(folder, `${occluded}`);
      const sizes = [[4, 6], [5, 3], [4, 6], [4, 6], [5, 3]];
      const samples = sizes.map(([h, w], i) => makeSample(`s/${i}`, h, w, occluded));
      const sources = samples.map((sample, i) => source(sample, i % 2 ? "val" : "train"));
      const heard: string[] = [];
      await buildFlowStore(path, META, sources, {
        report: (done, total, note) => heard.push(`${done}/${total} ${note}`),
      });
      assertEquals(heard, ["1/5 s/0", "2/5 s/1", "3/5 s/2", "4/5 s/3", "5/5 s/4"]);

      const train = await openFlowStore(path, "toy", "train");
      const val = await openFlowStore(path, "toy", "val");
      assertEquals([train.length, val.length, train.sparse, train.split], [3, 2, true, "train"]);
      for (const [i, sample] of samples.entries()) {
        const read = await (i % 2 ? val : train).read(i >> 1);
        assertEquals(valuesOf(read), valuesOf(sample));
      }
      const store = await openStore(path);
      assertEquals(train.digest, store.digest);
      assertEquals(store.array("4x6/flow").shape, [3, 4, 6, 2]);
      await assertRejects(() => val.read(2), RangeError, "pair 2 of 2");
    }
  }));

Deno.test("unknown flow is stored as zero, whatever marked it", () =>
  withFolder(async (folder) => {
    const sample = makeSample("a", 2, 2, false);
    sample.flow.data.set([NaN, 1e10, Infinity, 0, 1, 2, 3, 4]);
    sample.valid.data.set([0, 0, 1, 1]);
    const path = join(folder, "toy");
    await buildFlowStore(path, META, [source(sample)]);
    const read = await (await openFlowStore(path, "toy", "train")).read(0);
    assertEquals([...packed(read.flow)], [0, 0, 0, 0, 1, 2, 3, 4]);
    assertEquals(sample.flow.data[0], NaN, "the caller's arrays are left alone");
  }));

Deno.test("pairs that do not fit are refused by name", () =>
  withFolder(async (folder) => {
    const path = join(folder, "toy");
    const good = makeSample("a", 4, 6, false);
    const other = makeSample("b", 4, 5, false);
    const nan = makeSample("b", 4, 6, false);
    nan.valid.data.fill(1);
    nan.flow.data[2 * 7 + 1] = NaN;
    const mask = makeSample("b", 4, 6, false);
    mask.valid.data[3] = 255;
    const faults: [FlowSource[], string][] = [
      [[], "there is no pair"],
      [[source({ ...good, image2: other.image2 })], "toy a: image2 is 4x5x3 where image1 asks for"],
      [[source({ ...good, flow: other.flow })], "flow is 4x5x2 where image1 asks for 4x6x2"],
      [[source(good), source(nan)], "toy b: its flow is not finite at row 1, column 1"],
      [[source(mask)], "its valid mask holds 255"],
      [[source(good), source(good)], "toy a: another pair has the same id"],
      [[source(good, "dev")], `"dev" is no split of toy`],
      [[source(good), source(makeSample("b", 4, 6, true))], "some have none"],
    ];
    for (const [sources, reason] of faults) {
      await assertRejects(() => buildFlowStore(path, META, sources), DataError, reason);
    }
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

Deno.test("a split that is unknown, a split that is empty and another dataset are refused", () =>
  withFolder(async (folder) => {
    const path = join(folder, "toy");
    await buildFlowStore(path, META, [source(makeSample("a", 2, 3, false))]);
    await assertRejects(() => openFlowStore(path, "toy", "trian"), UsageError, `split "trian"`);
    const empty = await assertRejects(
      () => openFlowStore(path, "toy", "test"),
      DataError,
      "no pair",
    );
    assertEquals(empty.nextStep, "There is no test split.");
    await assertRejects(() => openFlowStore(path, "other", "train"), DataError, "it holds toy");
  }));

Deno.test("a damaged pair is refused with its file, the others can be read", () =>
  withFolder(async (folder) => {
    const path = join(folder, "toy");
    const samples = ["a", "b"].map((id) => makeSample(id, 4, 6, false));
    await buildFlowStore(path, META, samples.map((sample) => source(sample)));
    const file = join(path, "4x6/flow/c.1.0.0.0");
    const bytes = await Deno.readFile(file);
    bytes[20] ^= 4;
    await Deno.writeFile(file, bytes);
    const train = await openFlowStore(path, "toy", "train");
    assertEquals(valuesOf(await train.read(0)), valuesOf(samples[0]));
    const error = await assertRejects(() => train.read(1), DataError, "crc32c");
    assertEquals(error.path, file);
    assertEquals(error.nextStep.includes("deno task data verify toy --deep"), true);
  }));
