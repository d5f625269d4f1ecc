import { assertEquals, assertRejects } from "@std/assert";
import { Interrupted, ReflowError } from "../base/errors.ts";
import { silent } from "../base/progress.ts";
import type { Contestant } from "../base/speed_case.ts";
import { type Tile, Tiles, tileTable } from "../nn/kernels/tiles.ts";
import { type Bucket, everyTile, nameOf } from "../nn/speed/tuning.ts";
import { bestOf, type Clock, tilesFrom, tune } from "./tune.ts";

const before: Tiles = {
  ...tileTable.software,
  measuredOn: null,
  convolution: [{ pixels: 128, tile: { registers: 4 } }, { tile: { registers: 16 } }],
  product: [{ tile: { registers: 8 } }],
};

/** Buckets whose work is to say 1; `wrong` names a tile that says something else. */
function bucketsOf(closed: string[], wrong?: string): Bucket[] {
  const contestant = (name: string): Contestant => ({
    name,
    call() {},
    settle: () => Promise.resolve(),
    result: () => Promise.resolve([[name === wrong ? 2 : 1]]),
  });
  const bucket = (operation: Bucket["operation"], limits: Bucket["limits"]): Bucket => ({
    operation,
    limits,
    open: () => ({
      with: (tile) => contestant(nameOf(tile)),
      stock: contestant("stock"),
      close: () => void closed.push(operation),
    }),
  });
  return [
    bucket("convolution", { pixels: 128 }),
    bucket("convolution", {}),
    bucket("filterGradient", {}),
    bucket("product", {}),
  ];
}

/** A clock that finds one tile the fastest in each bucket, one after the other. */
function clockFor(...fastest: Tile[]): Clock {
  let bucket = 0;
  return (contestants) => {
    const best = nameOf(fastest[bucket++]);
    return Promise.resolve(contestants.map(({ name }) => name === best ? 1 : 2));
  };
}

const setting = (clock: Clock, signal = new AbortController().signal) => ({
  clock,
  sink: silent,
  signal,
});

Deno.test("the fastest tile of each bucket becomes its row", async () => {
  const closed: string[] = [];
  const clock = clockFor({ workgroup: 32 }, { registers: 16 }, { registers: 4 }, { workgroup: 64 });
  const tuned = await tune(bucketsOf(closed), before, setting(clock));
  assertEquals(closed.length, 4);
  assertEquals(tuned[0].seconds.length, everyTile.length);
  assertEquals(tuned.map(({ before, best }) => [nameOf(before), nameOf(best)]), [
    ["registers 4", "workgroup 32"],
    ["registers 16", "registers 16"],
    ["registers 16", "registers 4"],
    ["registers 8", "workgroup 64"],
  ]);
  const tiles = Tiles.parse(tilesFrom(tuned, before, "a GPU"));
  assertEquals(tiles, {
    ...before,
    measuredOn: "a GPU",
    convolution: [{ pixels: 128, tile: { workgroup: 32 } }, { tile: { registers: 16 } }],
    filterGradient: [{ tile: { registers: 4 } }],
    product: [{ tile: { workgroup: 64 } }],
  });
});

Deno.test("the tile in use stays where another is hardly faster", () => {
  const seconds = (own: number) => [
    { tile: { registers: 4 } as const, seconds: 1 },
    { tile: { workgroup: 64 } as const, seconds: own },
  ];
  assertEquals(bestOf(seconds(1.04), { workgroup: 64 }), { workgroup: 64 });
  assertEquals(bestOf(seconds(1.06), { workgroup: 64 }), { registers: 4 });
});

Deno.test("wrong results of a tile are an error, whoever was fastest", async () => {
  const closed: string[] = [];
  const clock: Clock = (contestants) => Promise.resolve(contestants.map(() => 1));
  const error = await assertRejects(
    () => tune(bucketsOf(closed, "workgroup 64"), before, setting(clock)),
    ReflowError,
    "product, the rest: workgroup 64 is off by 1.0e+0",
  );
  assertEquals([error.exitCode, closed.length], [1, 4]);
});

Deno.test("Ctrl-C stops between buckets, and what was open is closed", async () => {
  const closed: string[] = [];
  const stop = new AbortController();
  const clock: Clock = (contestants) => {
    stop.abort(new Interrupted("Stopped"));
    return Promise.resolve(contestants.map(() => 1));
  };
  await assertRejects(
    () => tune(bucketsOf(closed), before, setting(clock, stop.signal)),
    Interrupted,
  );
  assertEquals(closed, ["convolution"]);
});
