import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { findDataset } from "../datasets/registry.ts";
import { withFolder } from "../datasets/store/small_store.ts";
import { datasetStatus } from "./dataset_status.ts";

Deno.test("datasetStatus() says how an absent dataset comes, and by whom", () =>
  withFolder(async (folder) => {
    const ways = async (id: string) => {
      const { state, download, byHand, command } = await datasetStatus(findDataset(id), folder);
      return [state, download, byHand !== null, command];
    };
    assertEquals(await ways("moving-shapes"), [
      ...["absent", 0, false, "deno task data fetch moving-shapes"],
    ]);
    assertEquals(await ways("middlebury"), [
      ...["absent", null, false, "deno task data fetch middlebury"],
    ]);
    assertEquals(await ways("hd1k"), [
      ...["absent", 7.8e9, true, "deno task data import hd1k --from DIR"],
    ]);
  }));

Deno.test("datasetStatus() says what is wrong with a damaged store", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "middlebury"));
    const { state, reason, digest, command } = await datasetStatus(
      findDataset("middlebury"),
      folder,
    );
    assertEquals([state, digest, command], ["damaged", null, null]);
    assertStringIncludes(reason!, join(folder, "middlebury"));
  }));
