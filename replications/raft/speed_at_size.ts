/**
 * Time and peak memory of RAFT-small on one picture size; a process of its own, so that nothing
 * that ran before counts: `speed_at_size.ts inference|training HEIGHT WIDTH` prints a SizePoint.
 *
 * @module
 */
import { ndarray } from "../../base/arrays.ts";
import { randomStream } from "../../base/random.ts";
import type { SizePoint } from "../../base/speed_case.ts";
import { settle, useBackend } from "../../nn/backend.ts";
import { adamwDefaults } from "../../nn/optimizer_config.ts";
import { createOptimizer } from "../../nn/optimizers.ts";
import { asNew, GpuMeter, MemoryMeter } from "../../nn/speed.ts";
import { trainStep } from "../training_step.ts";
import { RaftContender } from "./contender.ts";
import { Raft, small } from "./model.ts";
import { lossOf, noiseBatch } from "./speed_training.ts";

/** Seconds that a first run may take to be repeated without the compiler's share. */
const AGAIN = 20;

/** Milliseconds between two looks at the process' memory. */
const LOOK = 5;

/** Updates of an inference and of a training step. */
const UPDATES = 12;

/** Work of which a first run is there to warm up, and the bytes it took on the device. */
interface Sized {
  run(): Promise<void>;
  deviceBytes(): number;
}

/** A prediction; its memory is all that was held since the process began. */
function inference(height: number, width: number, meter: GpuMeter): Sized {
  const model = new Raft(small);
  const stamp = { kind: "run", name: "RAFT-small", digest: null, parameters: null } as const;
  const contender = new RaftContender(model, stamp);
  const stream = randomStream(0, "size", height, width);
  const noise = Uint8Array.from({ length: height * width * 3 }, () => stream.integer(0, 256));
  const picture = ndarray(noise, [height, width, 3]);
  return {
    run: async () => void await contender.predict(picture, picture, [UPDATES]),
    deviceBytes: () => meter.peakBytes,
  };
}

/** A training step; its memory is what tensors held beyond parameters and optimiser. */
function training(height: number, width: number): Sized {
  const model = new Raft(small);
  const optimizer = createOptimizer(model.network, adamwDefaults);
  const batch = noiseBatch(height, width);
  let bytes = 0;
  return {
    async run() {
      const meter = new MemoryMeter();
      asNew(Object.values(batch));
      await trainStep(model.network, optimizer, () => lossOf(model, batch, UPDATES), batch, 0);
      await settle();
      meter.close();
      bytes = meter.beyond; // a later run finds the optimiser's arrays in place
    },
    deviceBytes: () => bytes,
  };
}

async function pointAt(what: string, height: number, width: number): Promise<SizePoint> {
  const meter = new GpuMeter();
  await useBackend("webgpu");
  const work = what === "training" ? training(height, width) : inference(height, width, meter);

  let residentBytes = 0;
  const look = () => residentBytes = Math.max(residentBytes, Deno.memoryUsage().rss);
  const timer = setInterval(look, LOOK);
  const run = async () => {
    const started = performance.now();
    await work.run();
    look();
    return (performance.now() - started) / 1000;
  };
  let seconds = await run();
  if (seconds < AGAIN || what === "training") seconds = await run();
  if (seconds < AGAIN) seconds = Math.min(seconds, await run());
  clearInterval(timer);
  return { height, width, seconds, residentBytes, deviceBytes: work.deviceBytes() };
}

if (import.meta.main) {
  const [what, ...size] = Deno.args;
  const [height, width] = size.map(Number);
  console.log(JSON.stringify(await pointAt(what, height, width)));
  Deno.exit();
}
