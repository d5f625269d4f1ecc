import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { randomStream } from "../../base/random.ts";
import { drawn, onDevice, take } from "../../nn/kernels/kernel_test_support.ts";
import { Network, Scope } from "../../nn/network.ts";
import { Vit } from "../../nn/vit.ts";
import { writeSafetensors } from "../../nn/weights/safetensors.ts";
import { FrozenVit, normalized } from "./backbone.ts";

Deno.test("a batch has the maps of its pictures alone, and those of one pass, to the bit", async () => {
  const dataDir = await Deno.makeTempDir({ prefix: "reflow-backbone-" });
  try {
    const network = new Network(randomStream(5, "vit"));
    const config = { patch: 8, width: 64, depth: 3, heads: 1, grid: 4 };
    const vit = new Vit(new Scope(network), { ...config, stride: 4 });
    await Deno.mkdir(join(dataDir, "weights"));
    await writeSafetensors(
      join(dataDir, "weights", "tiny.pth"),
      await network.stateDict(),
      {},
    );
    const frozen = await FrozenVit.open("tiny.pth", dataDir, 4);
    const pictures = onDevice<tf.Tensor4D>(drawn("pictures", [3, 24, 32, 3], 50));
    const blocks = [0, 2];
    const numbers = (maps: tf.Tensor4D[]) => Promise.all(maps.map(take));
    const before = tf.memory().numTensors;
    const together = frozen.maps(pictures, blocks);
    assertEquals(tf.memory().numTensors, before + blocks.length);
    const batch = await numbers(together);
    assertEquals(batch.map(({ shape }) => shape), [[3, 5, 7, 64], [3, 5, 7, 64]]);
    assertEquals(
      batch.map(({ data }) => data),
      (await numbers(tf.tidy(() => vit.keys(normalized(pictures), blocks)))).map(({ data }) =>
        data
      ),
    );
    for (let i = 0; i < 3; i++) {
      const alone = tf.slice(pictures, [i, 0, 0, 0], [1, 24, 32, 3]);
      const own = await numbers(frozen.maps(alone, blocks));
      for (const [b, { data }] of own.entries()) {
        assertEquals(data, batch[b].data.slice(i * data.length, (i + 1) * data.length));
      }
      alone.dispose();
    }
    tf.dispose(pictures);
    frozen.dispose();
    network.dispose();
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});
