import { assertEquals } from "@std/assert";
import type { MixPart } from "../flow_batches.ts";
import type { RaftAugmentation } from "./augment.ts";
import { recipes } from "./recipes.ts";

/** A part of a mix, `200×kitti-2015:train`. */
const mixed = ({ dataset, repeat }: MixPart<RaftAugmentation>) => `${repeat}×${dataset}`;

Deno.test("the paper recipe is the official standard schedule", () => {
  const { model, iterations, stages } = recipes.paper;
  assertEquals([model.kind, iterations], ["large", 12]);
  const table = stages.map((stage) => {
    const { height, width } = stage.data[0].augmentation.crop;
    return [
      ...[stage.name, stage.data.map(mixed).join(" + "), stage.steps, stage.batch],
      ...[stage.learningRate, `${height}×${width}`, stage.weightDecay, stage.gamma],
      ...[stage.batchNorm, stage.beyond],
    ];
  });
  const chairs = "1×flying-chairs:train";
  const things = "1×flying-things-clean:train + 1×flying-things-final:train";
  const sintel = "100×sintel-clean:train + 100×sintel-final:train + 200×kitti-2015:train + " +
    "5×hd1k:train + 1×flying-things-clean:train";
  const kitti = "1×kitti-2015:train";
  assertEquals(table, [
    ["chairs", chairs, 100_000, 10, 4e-4, "368×496", 1e-4, 0.8, "batch", 100],
    ["things", things, 100_000, 6, 1.25e-4, "400×720", 1e-4, 0.8, "frozen", 100],
    ["sintel", sintel, 100_000, 6, 1.25e-4, "368×768", 1e-5, 0.85, "frozen", 100],
    ["kitti", kitti, 50_000, 6, 1e-4, "288×960", 1e-5, 0.85, "frozen", 100],
  ]);
});

Deno.test("every part of the paper recipe is augmented as in the official code", () => {
  const eraser = { probability: 0.5, count: [1, 3], size: [50, 100], unit: "pixels" } as const;
  const dense = {
    jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.5 / 3.14 },
    ...{ asymmetricJitter: 0.2, eraser, resizeProbability: 0.8, margin: 8 },
    stretch: { probability: 0.8, log2: 0.2 },
    flips: { horizontal: 0.5, vertical: 0.1 },
  } as const;
  const sparse = {
    jitter: { brightness: 0.3, contrast: 0.3, saturation: 0.3, hue: 0.3 / 3.14 },
    ...{ eraser, resizeProbability: 0.8, margin: 1 },
    overshoot: { top: 0, bottom: 20, left: 50, right: 50 },
  } as const;
  const expected: Record<string, RaftAugmentation[]> = {
    chairs: [{ ...dense, crop: { height: 368, width: 496 }, scale: [-0.1, 1] }],
    things: [0, 1].map(() => ({ ...dense, crop: { height: 400, width: 720 }, scale: [-0.4, 0.8] })),
    sintel: [
      { ...dense, scale: [-0.2, 0.6] as const },
      { ...dense, scale: [-0.2, 0.6] as const },
      { ...sparse, scale: [-0.3, 0.5] as const, horizontalFlip: 0.5 },
      { ...sparse, scale: [-0.5, 0.2] as const, horizontalFlip: 0.5 },
      { ...dense, scale: [-0.2, 0.6] as const },
    ].map((part) => ({ ...part, crop: { height: 368, width: 768 } })),
    kitti: [{
      ...{ ...sparse, crop: { height: 288, width: 960 } },
      ...{ scale: [-0.2, 0.4], horizontalFlip: 0 },
    }],
  };
  for (const { name, data } of recipes.paper.stages) {
    assertEquals(data.map(({ augmentation }) => augmentation), expected[name], name);
  }
});
