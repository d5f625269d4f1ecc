import { assertEquals } from "@std/assert";
import { clock, Progress, type ProgressSink } from "./progress.ts";

function recording(interactive: boolean): ProgressSink & { text: string; time: number } {
  return {
    interactive,
    text: "",
    time: 0,
    write(text) {
      this.text += text;
    },
    now() {
      return this.time;
    },
  };
}

Deno.test("clock() shows hours only when there are any", () => {
  assertEquals([0, 61, 3599.6, 3725].map(clock), ["0:00", "1:01", "1:00:00", "1:02:05"]);
});

Deno.test("Progress writes a plain line every five seconds without a terminal", () => {
  const sink = recording(false);
  const progress = new Progress("train", 10, sink);
  for (let done = 1; done <= 10; done++) {
    sink.time += 1000;
    progress.update(done, "loss 1");
  }
  progress.end();
  assertEquals(sink.text.trimEnd().split("\n"), [
    "train 10% 1/10 - left ? loss 1",
    "train 60% 6/10 1.0/s left 0:04 loss 1",
    "train 100% 10/10 1.0/s left 0:00 loss 1",
  ]);
});

Deno.test("Progress counts the rate of resumed work from where it resumes", () => {
  const sink = recording(false);
  const progress = new Progress("train", 100, sink);
  progress.update(91);
  sink.time = 6000;
  progress.update(94);
  assertEquals(sink.text.trimEnd().split("\n").at(-1), "train 94% 94/100 2.0 s each left 0:12");
});

Deno.test("Progress redraws one line on a terminal", () => {
  const sink = recording(true);
  const progress = new Progress("fetch", 2, sink);
  progress.update(1);
  sink.time = 500;
  progress.update(2);
  progress.end();
  assertEquals(sink.text.split("\r").length, 3);
  assertEquals(sink.text.endsWith("2/2 2.0/s left 0:00\n"), true);
});

Deno.test("Progress writes amounts as it is told", () => {
  const sink = recording(false);
  const progress = new Progress("fetch", 4e9, sink, (bytes) => `${bytes / 1e9} GB`);
  progress.update(1e9);
  sink.time = 5000;
  progress.update(2e9);
  assertEquals(
    sink.text.trimEnd().split("\n").at(-1),
    "fetch 50% 2 GB/4 GB 0.2 GB/s left 0:10",
  );
});
