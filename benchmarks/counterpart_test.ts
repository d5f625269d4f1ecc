import { assertEquals } from "@std/assert";
import { averagedOverVideos } from "./counterpart.ts";
import type { Evaluation } from "./record.ts";

const evaluation = {
  bySequence: [
    { name: "a", samples: 3, metrics: { j: 80, jFree: 10 } },
    { name: "b", samples: 1, metrics: { j: 40, jFree: null } },
  ],
} as unknown as Evaluation;

Deno.test("averagedOverVideos() weighs videos as the metric does", () => {
  assertEquals(averagedOverVideos("j", evaluation), { over: "videos", values: [80, 40] });
  assertEquals(averagedOverVideos("jPerImage", evaluation), {
    over: "videos",
    values: [80, 40],
    weights: [3, 1],
  });
});

Deno.test("averagedOverVideos() has nothing for a video without a value, nor without videos", () => {
  assertEquals(averagedOverVideos("jFree", evaluation)?.values, [10, NaN]);
  assertEquals(averagedOverVideos("j", { ...evaluation, bySequence: undefined }), null);
});
