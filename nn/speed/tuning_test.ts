import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { assertClose } from "../kernels/kernel_test_support.ts";
import { kernelSet } from "../kernels/selection.ts";
import { type Tile, tilesInUse } from "../kernels/tiles.ts";
import { buckets, everyTile, nameOf, rowsOf } from "./tuning.ts";

const [small, wide, block]: Tile[] = [{ registers: 4 }, { registers: 16 }, { workgroup: 32 }];

Deno.test("rows that say nothing are left out", () => {
  const rows = rowsOf<"convolution">([
    { limits: { channels: 4, pixels: 128 }, tile: small },
    { limits: { channels: 4, pixels: 2048 }, tile: small },
    { limits: { channels: 4 }, tile: wide },
    { limits: { pixels: 128 }, tile: wide },
    { limits: { pixels: 2048 }, tile: block },
    { limits: {}, tile: block },
  ]);
  assertEquals(rows, [
    { channels: 4, pixels: 2048, tile: small },
    { channels: 4, tile: wide },
    { pixels: 128, tile: wide },
    { tile: block },
  ]);
});

Deno.test("every operation has buckets, and the last of them has no limits", () => {
  const operations = Object.groupBy(buckets, ({ operation }) => operation);
  assertEquals(Object.keys(operations), ["convolution", "filterGradient", "product"]);
  for (const all of Object.values(operations)) {
    assertEquals(
      all.map(({ limits }) => Object.keys(limits).length === 0).indexOf(true),
      all.length - 1,
    );
  }
});

// The smallest of each operation.
for (
  const [operation, limits] of [["convolution", { pixels: 128, channels: 4 }], ["product", {
    rows: 4,
  }]]
) {
  Deno.test(`every tile does the work of a bucket: ${operation}`, async () => {
    const found = buckets.find((one) =>
      one.operation === operation && JSON.stringify(one.limits) === JSON.stringify(limits)
    )!;
    const [tiles, tensors] = [tilesInUse(), tf.memory().numTensors];
    const work = found.open();
    const right = await work.stock.result();
    for (const tile of everyTile) {
      const contestant = work.with(tile);
      assertEquals(contestant.name, nameOf(tile));
      const result = await contestant.result();
      assertEquals(result.length, right.length);
      for (const [i, part] of right.entries()) {
        const host = (data: ArrayLike<number>) => ({
          shape: [data.length],
          data: data as Float32Array,
        });
        assertClose(host(result[i]), host(part), 1e-4, `${nameOf(tile)}, part ${i}`);
      }
      assert(tilesInUse() !== tiles);
    }
    work.close();
    assertEquals([tilesInUse(), kernelSet(), tf.memory().numTensors], [tiles, "tuned", tensors]);
  });
}
