/**
 * Time and peak memory of RAFT-small on one picture size; a process of its own, so that nothing
 * that ran before counts: `speed_at_size.ts HEIGHT WIDTH` prints a SizePoint.
 *
 * @module
 */
import { ndarray } from "../../base/arrays.ts";
import { randomStream } from "../../base/random.ts";
import type { SizePoint } from "../../base/speed_case.ts";
import { useBackend } from "../../nn/backend.ts";
import { GpuMeter } from "../../nn/speed.ts";
import { RaftContender } from "./contender.ts";
import { Raft, small } from "./model.ts";

/** Seconds that a first run may take to be repeated without the compiler's share. */
const AGAIN = 20;

/** Milliseconds between two looks at the process' memory. */
const LOOK = 5;

/** Runs the model on noise of this size, with 12 updates. */
async function pointAt(height: number, width: number): Promise<SizePoint> {
  const meter = new GpuMeter();
  await useBackend("webgpu");
  const model = new Raft(small);
  const stamp = { kind: "run", name: "RAFT-small", digest: null, parameters: null } as const;
  const contender = new RaftContender(model, stamp);
  const stream = randomStream(0, "size", height, width);
  const noise = Uint8Array.from({ length: height * width * 3 }, () => stream.integer(0, 256));
  const picture = ndarray(noise, [height, width, 3]);

  let residentBytes = 0;
  const look = () => residentBytes = Math.max(residentBytes, Deno.memoryUsage().rss);
  const timer = setInterval(look, LOOK);
  const run = async () => {
    const started = performance.now();
    await contender.predict(picture, picture, [12]);
    look();
    return (performance.now() - started) / 1000;
  };
  let seconds = await run();
  if (seconds < AGAIN) seconds = Math.min(await run(), await run());
  clearInterval(timer);
  return { height, width, seconds, residentBytes, deviceBytes: meter.peakBytes };
}

if (import.meta.main) {
  const [height, width] = Deno.args.map(Number);
  console.log(JSON.stringify(await pointAt(height, width)));
  Deno.exit();
}
