import { assert, assertEquals, assertMatch } from "@std/assert";
import { metricName } from "../../benchmarks/metric_names.ts";
import { segmentationProtocol } from "../../benchmarks/protocols/segmentation.ts";
import { armRecipe, armsOf } from "../claim.ts";
import { claims } from "./claims.ts";
import { recipes } from "./recipes.ts";

Deno.test("an arm's id names one recipe, and another one than every other id does", () => {
  for (const recipe of Object.values(recipes)) {
    const plain = (arm: typeof claims[number]["other"]) => JSON.stringify(arm.of(recipe));
    const arms = armsOf(claims);
    assertEquals(new Set(arms.map(plain)).size, arms.length, recipe.name);
    for (const { favoured, other } of claims) {
      for (const arm of [favoured, other]) {
        assertMatch(arm.id, /^[a-z0-9-]+$/);
        assertEquals(plain(arm), plain(arms.find(({ id }) => id === arm.id)!), arm.id);
      }
    }
  }
});

Deno.test("each arm changes the one thing its claim is about", () => {
  const { demo, small } = recipes;
  const changed = (recipe: typeof demo) =>
    armsOf(claims).map((arm) => {
      const { arm: _, scale: _s, notes: _n, trainedOn: _t, ...settings } = armRecipe(recipe, arm);
      return Object.entries(settings)
        .filter(([name, value]) =>
          JSON.stringify(value) !== JSON.stringify(recipe[name as keyof typeof recipe])
        )
        .map(([name]) => name).join();
    });
  assertEquals(changed(demo), ["", "motion", "motion", "head", "gaps"]);
  const [, affine, constant, two, forward] = armsOf(claims).map((arm) => armRecipe(small, arm));
  assertEquals([affine.motion, constant.motion], ["affine", "constant"]);
  assertEquals(two.head, { ...small.head, segments: 2 });
  assertEquals([forward.gaps, armRecipe(demo, armsOf(claims)[4]).gaps], [[1, 2], [1]]);
});

Deno.test("claims are about the number that the recipes' protocols quote", () => {
  for (const { metric, favoured, other } of claims) {
    assert(metricName(metric).better === "higher");
    assertEquals([favoured.published, other.published], [null, null]);
    for (const { heldOut } of Object.values(recipes)) {
      assertEquals(segmentationProtocol(heldOut.protocol).headline, metric);
    }
  }
  assertEquals(new Set(claims.map(({ id }) => id)).size, claims.length);
});
