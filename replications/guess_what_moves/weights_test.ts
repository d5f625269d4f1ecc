import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { withFolder } from "../../datasets/store/small_store.ts";
import { useBackend } from "../../nn/backend.ts";
import { writeSafetensors } from "../../nn/weights/safetensors.ts";
import { recipeMetadata } from "../weights_recipe.ts";
import { Segmenter } from "./contender.ts";
import { paper, tinyRecipe } from "./test_support.ts";

await useBackend("cpu");

Deno.test("a run's weights file is taken for the model the run trained, not for the paper's", () =>
  withFolder(async (folder) => {
    const path = join(folder, "weights.safetensors");
    const segmenter = await Segmenter.open(tinyRecipe, 0, folder);
    const weights = await segmenter.network.stateDict();
    const parameters = segmenter.network.size;
    segmenter.dispose();
    const training = { recipe: "demo-3-steps", config: tinyRecipe };
    await writeSafetensors(path, weights, recipeMetadata("guess-what-moves", training));
    const contender = await paper.contender({ kind: "weights", path }, { dataDir: folder });
    assertEquals(contender.stamp.parameters, parameters);
    contender.dispose?.();
    // Without that they would have to be official ones, which need DINO's beside them.
    await writeSafetensors(path, weights, {});
    await assertRejects(
      () => paper.contender({ kind: "weights", path }, { dataDir: folder }),
      DataError,
      "DINO weights are not there",
    );
  }));
