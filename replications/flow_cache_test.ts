import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { type FlowField, ndarray, packed, type Picture } from "../base/arrays.ts";
import { DataError, Interrupted } from "../base/errors.ts";
import type { FlowContender } from "../benchmarks/contenders/contender.ts";
import { openStore } from "../datasets/store.ts";
import { withFolder } from "../datasets/store/small_store.ts";
import { buildFlowCache, flowCachePath, openVideoFlow } from "./flow_cache.ts";
import { tinyVideos } from "./test_support.ts";

/** A picture whose first number is the frame's, so that a flow can tell which pair it is of. */
function picture(frame: number, height: number, width: number): Picture {
  const image = ndarray(new Uint8Array(height * width * 3), [height, width, 3]);
  for (let y = 0; y < height; y++) image.set(y, 0, 0, frame);
  return image;
}

const videos = tinyVideos(
  [3, 2],
  (index) => index < 3 ? picture(index, 10, 12) : picture(index, 16, 8),
);

/** Flow (second frame − first frame, iterations / 3) everywhere; 600 px at the first pixel. */
const contender: FlowContender = {
  stamp: { kind: "weights", name: "counting", digest: "b".repeat(64), parameters: 1 },
  sizing: () => ({ padding: "sintel", multiple: 8 }),
  predict(image1, image2, [iterations]) {
    const [height, width] = image1.shape;
    assertEquals([height % 8, width % 8], [0, 0]);
    const u = image2.get(8, 0, 0) - image1.get(8, 0, 0);
    const values = Float32Array.from(
      { length: height * width * 2 },
      (_, i) => i % 2 === 0 ? u : iterations / 3,
    );
    return Promise.resolve([ndarray(values, [height, width, 2])]);
  },
};

const options = { videos, contender, iterations: 4, gaps: [1, -1, 2] };

Deno.test("each gap's flow is computed within videos, kept, and named", () =>
  withFolder(async (dataDir) => {
    const heard: number[] = [];
    const { path, flows } = await buildFlowCache({
      ...options,
      dataDir,
      onFlow: (done, total) => heard.push(done / total),
    });
    assertEquals([path, flows, heard.at(-1)], [join(dataDir, "tiny-val-flow"), 3 + 3 + 1, 1]);
    const { attributes, digest } = await openStore(path);
    assertEquals((attributes.model as { digest: string }).digest, "b".repeat(64));
    const flow = await openVideoFlow(videos, dataDir, "cmd");
    assertEquals(flow.gaps, [1, -1, 2]);
    assertEquals(flow.made, { by: "counting, 4 iterations", digest, flows: 7 });
    const values = (field: FlowField | null) => field && [...packed(field).subarray(0, 2)];
    const expected: [number, number, number | null][] = [
      [0, 1, 1],
      [2, 1, null],
      [1, -1, -1],
      [0, 2, 2],
      [3, 1, 1],
      [4, -1, -1],
      [3, 2, null],
      [0, 3, null],
    ];
    for (const [index, gap, u] of expected) {
      const field = await flow.read(index, gap);
      assertEquals(values(field)?.[0] ?? null, u, `${index} ${gap}`);
      if (!field) continue;
      assertEquals(field.shape, index < 3 ? [10, 12, 2] : [16, 8, 2]);
      assert(Math.abs(values(field)![1] - 4 / 3) <= 1 / 128);
    }
  }));

Deno.test("pictures reach the size that the contender wants, and flow comes back to their own", () =>
  withFolder(async (dataDir) => {
    const asked: string[] = [];
    const quarter: FlowContender = {
      ...contender,
      sizing(dataset) {
        asked.push(dataset);
        return { padding: "resize", multiple: 64 };
      },
      predict({ shape: [height, width] }) {
        assertEquals([height, width], [64, 64]);
        // (64, 32) pixels of the stretched picture, at a quarter of its resolution.
        const values = Float32Array.from({ length: 16 * 16 * 2 }, (_, i) => i % 2 === 0 ? 64 : 32);
        return Promise.resolve([ndarray(values, [16, 16, 2])]);
      },
    };
    await buildFlowCache({ ...options, contender: quarter, gaps: [1], dataDir });
    const flow = await openVideoFlow(videos, dataDir, "cmd");
    for (const [index, height, width] of [[0, 10, 12], [3, 16, 8]]) {
      const field = (await flow.read(index, 1))!;
      assertEquals(field.shape, [height, width, 2]);
      assertEquals([...packed(field).subarray(0, 2)], [width, height / 2]);
    }
    assertEquals([...new Set(asked)], ["tiny"]);
  }));

Deno.test("flow is not computed over, not taken for other videos, and asked for by its command", () =>
  withFolder(async (dataDir) => {
    const missing = () => openVideoFlow(videos, dataDir, "the command");
    await assertRejects(missing, DataError, "no flow of these videos");
    await buildFlowCache({ ...options, dataDir });
    await assertRejects(() => buildFlowCache({ ...options, dataDir }), DataError, "already");
    await buildFlowCache({ ...options, dataDir, gaps: [1], replace: true });
    assertEquals((await missing()).gaps, [1]);
    const others = { ...videos, digest: "c".repeat(64) };
    await assertRejects(() => openVideoFlow(others, dataDir, "x"), DataError, "other videos");
    const stopped = { ...options, dataDir, replace: true, signal: AbortSignal.abort() };
    await assertRejects(() => buildFlowCache(stopped), Interrupted, "none is kept");
    assertEquals((await missing()).gaps, [1]);
    assertEquals([...Deno.readDirSync(dataDir)].length, 1, flowCachePath(videos, dataDir));
  }));

Deno.test("flow that was stopped is not used, and the same call goes on with it", () =>
  withFolder(async (dataDir) => {
    const open = () => openVideoFlow(videos, dataDir, "the command");
    const stopAfter = (flows: number, more: object = {}) => {
      const stop = new AbortController();
      const onFlow = (done: number) => done === flows && stop.abort();
      return buildFlowCache({ ...options, ...more, dataDir, signal: stop.signal, onFlow });
    };
    await assertRejects(() => stopAfter(2), Interrupted, "2 of 7 flows, which are kept");
    await assertRejects(open, DataError, "it has 2 of 7 flows");
    await assertRejects(() => stopAfter(1), Interrupted, "2 of 7 flows, which are kept");
    await assertRejects(() => stopAfter(9, { iterations: 5 }), DataError, "there is flow already");
    let computed = 0;
    const counting: FlowContender = {
      ...contender,
      predict: (...pair) => {
        computed++;
        return contender.predict(...pair);
      },
    };
    const { flows } = await buildFlowCache({ ...options, contender: counting, dataDir });
    assertEquals([flows, computed], [7, 5]);
    const flow = await open();
    await buildFlowCache({ ...options, dataDir: join(dataDir, "at-once") });
    const whole = await openVideoFlow(videos, join(dataDir, "at-once"), "x");
    for (const gap of options.gaps) {
      for (let index = 0; index < 5; index++) {
        assertEquals(await flow.read(index, gap), await whole.read(index, gap));
      }
    }
    await assertRejects(() => stopAfter(3, { replace: true }), Interrupted, "none is kept");
    assertEquals((await open()).made!.flows, 7, "what was to be replaced is still there");
  }));

Deno.test("exact flow needs no store", async () => {
  const field = ndarray(new Float32Array(2), [1, 1, 2]);
  const exact = { ...videos, flow: () => Promise.resolve(field) };
  const flow = await openVideoFlow(exact, "nowhere", "x");
  assertEquals([flow.made, await flow.read(0, 1)], [null, field]);
});
