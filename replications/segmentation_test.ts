import { assertEquals } from "@std/assert";
import { type FlowField, ndarray, packed } from "../base/arrays.ts";
import type { MaskedVideos } from "../datasets/sample.ts";
import { flowOfFrames } from "./segmentation.ts";
import { tinyVideos } from "./test_support.ts";

const videos = tinyVideos([2, 1], () => ndarray(new Uint8Array(3), [1, 1, 3]));

Deno.test("a video's last frame gets the flow to the one before, turned around", async () => {
  // From frame 0 to 1 and back; the second video has a single frame.
  const known = new Map([["0 1", [3, -2]], ["1 -1", [-3, 2.5]]]);
  const flow: MaskedVideos["flow"] = (index, gap) => {
    const values = known.get(`${index} ${gap}`);
    return Promise.resolve(values ? ndarray(Float32Array.from(values), [1, 1, 2]) : null);
  };
  const of = (await flowOfFrames({ ...videos, flow }, "nowhere", "the command"))!;
  const vector = (field: FlowField | null) => field && [...packed(field)];
  assertEquals(vector(await of(0)), [3, -2]);
  assertEquals(vector(await of(1)), [3, -2.5]);
  assertEquals(await of(2), null);
});

Deno.test("videos without flow, exact or computed, have none to score with", async () => {
  assertEquals(await flowOfFrames(videos, "nowhere", "the command"), undefined);
});
