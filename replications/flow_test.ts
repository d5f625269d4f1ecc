import { assertAlmostEquals, assertEquals } from "@std/assert";
import { splitVolume } from "../datasets/registry.ts";
import { bytesPerDraw } from "./flow.ts";

Deno.test("bytesPerDraw() weighs each dataset by how often its pairs are drawn", () => {
  const sintel = "sintel-clean:train", kitti = "kitti-2015:train";
  const [a, b] = [sintel, kitti].map(splitVolume);
  assertEquals(bytesPerDraw([{ dataset: kitti, repeat: 200 }]), b.bytesPerPair);
  const mixed = bytesPerDraw([{ dataset: sintel, repeat: 1 }, { dataset: kitti, repeat: 10 }]);
  const expected = (1041 * a.bytesPerPair + 2000 * b.bytesPerPair) / 3041;
  assertAlmostEquals(mixed, expected, 1e-6 * expected);
});
