import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { DataError, UsageError } from "../base/errors.ts";
import { unsafeName } from "./archives/names.ts";
import { refusedAddress } from "./fetch/address.ts";
import { archiveKind, hostsOf } from "./manifest.ts";
import { datasets, findDataset, openDataset, splitVolume } from "./registry.ts";
import { demoConfig } from "./moving_shapes/mod.ts";
import { withFolder } from "./store/small_store.ts";
import { writeTinyFiles } from "./tiny_files.ts";

Deno.test("every dataset has a unique plain name, a source and a way to be made", () => {
  const ids = datasets.map(({ id }) => id);
  assertEquals(new Set(ids).size, ids.length);
  for (const dataset of datasets) {
    assertEquals(/^[a-z0-9]+(-[a-z0-9]+)*$/.test(dataset.id), true, dataset.id);
    assertEquals((dataset.build === undefined) !== (dataset.importFrom === undefined), true);
    for (const text of [dataset.title, dataset.licence, dataset.citation]) {
      assertEquals(text.length > 0, true, dataset.id);
    }
    assertEquals(
      Object.keys(dataset.size.frames ?? dataset.size.pairs).sort(),
      dataset.splits.toSorted(),
      dataset.id,
    );
    if (dataset.importFrom) assertEquals(URL.canParse(dataset.homepage), true, dataset.id);
    assertEquals(dataset.importFrom === undefined, dataset.manifest === undefined, dataset.id);
    for (const name of Object.keys(dataset.subsets ?? {})) {
      assertEquals(dataset.splits.includes(name), true, `${dataset.id} ${name}`);
    }
    assertEquals(findDataset(dataset.id), dataset);
  }
});

Deno.test("manifests say what is known, and only that", () => {
  const urls = new Map<string, string | null>();
  for (const { id, manifest } of datasets) {
    for (const file of manifest?.files ?? []) {
      const { name, url, bytes, sha256, knownFrom, archive, limits } = file;
      assertEquals(unsafeName(name) === null && !name.includes("/"), true, name);
      // Datasets that share a file share all that is known of it.
      assertEquals(urls.get(name) ?? url, url, name);
      urls.set(name, url);
      assertEquals(archive, archiveKind(name), name);
      assertEquals([archive === null, url === null], [limits === null, manifest!.byHand !== null]);
      assertEquals(knownFrom === null, bytes === null && sha256 === null, `${id} ${name}`);
      if (url !== null) assertEquals(refusedAddress(new URL(url), hostsOf(manifest!)), null, url);
      if (sha256 !== null) assertEquals(/^[0-9a-f]{64}$/.test(sha256), true, name);
      if (bytes !== null && limits !== null) assertEquals(bytes < limits.bytes, true, name);
    }
  }
});

Deno.test("a wrong name is answered with the nearest right one", async () => {
  assertEquals(
    assertThrows(() => findDataset("sintel-claen"), UsageError, `no dataset named "sintel-claen"`)
      .nextStep,
    `Did you mean "sintel-clean"?`,
  );
  const far = assertThrows(() => findDataset("imagenet"), UsageError);
  assertEquals(far.nextStep.startsWith("Known: moving-shapes, "), true);
  const split = await assertRejects(() => openDataset("flying-chairs:vall", "data"), UsageError);
  assertEquals(split.nextStep, `Did you mean "val"?`);
});

Deno.test("splitVolume() counts a split's pairs and the bytes a store reads for one", () => {
  const chairs = splitVolume("flying-chairs:val");
  assertEquals(chairs, { pairs: 640, bytesPerPair: 512 * 384 * (2 * 3 + 2 * 4 + 1) });
  assertEquals(splitVolume("flying-chairs").pairs, 22232);
  assertThrows(() => splitVolume("flying-chairs:vall"), UsageError);
  const { pairs } = splitVolume("moving-shapes:test");
  assertEquals(pairs, demoConfig.testVideos * (demoConfig.frames - 1));
});

Deno.test("a dataset that is not there yet is answered with the command that makes it", () =>
  withFolder(async (folder) => {
    const fetched = await assertRejects(() => openDataset("sintel-clean", folder), DataError);
    assertEquals(fetched.path, join(folder, "sintel-clean"));
    assertEquals(fetched.nextStep, "deno task data fetch sintel-clean");
    const imported = await assertRejects(() => openDataset("kitti-2012", folder), DataError);
    assertEquals(
      imported.nextStep,
      "deno task data import kitti-2012 --from DIR (DIR holds data_stereo_flow.zip from " +
        "https://www.cvlibs.net/datasets/kitti/eval_stereo_flow.php?benchmark=flow, " +
        "or what it unpacks to)",
    );
    const built = await assertRejects(() => openDataset("moving-shapes", folder), DataError);
    assertEquals(built.nextStep, "deno task data fetch moving-shapes");
  }));

Deno.test("openDataset() opens the first split, or the one that is named", () =>
  withFolder(async (folder) => {
    const pair = ["img1.ppm", "img2.ppm", "flow.flo"];
    await writeTinyFiles(
      folder,
      ["00001", "00002", "00003"].flatMap((id) =>
        pair.map((end) => `FlyingChairs_release/data/${id}_${end}`)
      ),
    );
    await Deno.writeTextFile(join(folder, "FlyingChairs_train_val.txt"), "1\n2\n1\n");
    const chairs = findDataset("flying-chairs");
    await chairs.importFrom!(folder, join(folder, "data", chairs.id), () => {});
    const lengths = [];
    for (const name of ["flying-chairs", "flying-chairs:train", "flying-chairs:val"]) {
      const { split, length } = await openDataset(name, join(folder, "data"));
      lengths.push(`${split} ${length}`);
    }
    assertEquals(lengths, ["train 2", "train 2", "val 1"]);
  }));
