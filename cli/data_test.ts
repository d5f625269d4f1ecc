import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { DataError, Interrupted, ReflowError } from "../base/errors.ts";
import { silent } from "../base/progress.ts";
import { demoConfig } from "../datasets/moving_shapes/config.ts";
import { defineMovingShapes } from "../datasets/moving_shapes/mod.ts";
import { findDataset } from "../datasets/registry.ts";
import { writeTinyFiles } from "../datasets/tiny_files.ts";
import { datasetStatus, fetchDataset } from "./data.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));

/** Runs `deno task data` as people do, in a folder of its own. */
async function data(folder: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-P=data", "--no-prompt", "cli/data.ts", ...args],
    cwd: ROOT,
    env: { INIT_CWD: folder },
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), error: text.decode(stderr) };
}

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const never = new AbortController().signal;
const tinyShapes = defineMovingShapes("tiny-shapes", "Tiny shapes", {
  ...demoConfig,
  width: 32,
  height: 24,
  trainVideos: 1,
  valVideos: 1,
  testVideos: 1,
  maxDisplacement: 4,
});

Deno.test("import, verify and info work on what is on disk, from where the user is", () =>
  inFolder(async (folder) => {
    const pair = ["Dots/frame10.png", "Dots/frame11.png"].map((name) => `other-data/${name}`);
    await writeTinyFiles(join(folder, "raw"), [...pair, "other-gt-flow/Dots/flow10.flo"]);
    const imported = await data(
      ...[folder, "import", "middlebury", "--from", "raw", "--data", "stores", "--json", "--quiet"],
    );
    assertEquals([imported.code, imported.error], [0, ""]);
    const about = JSON.parse(imported.out);
    assertEquals([about.state, about.samples], ["ready", { train: 1 }]);
    assertEquals(about.notes, ["Only 1 of the dataset's 8 pairs were there."]);

    const verified = await data(folder, "verify", "middlebury", "--deep", "--data", "stores");
    assertEquals(verified.code, 0);
    assertStringIncludes(verified.out, "every byte is what was written");

    const chunk = join(folder, "stores", "middlebury", "6x8", "flow", "c.0.0.0.0");
    const bytes = await Deno.readFile(chunk);
    bytes[5] ^= 1;
    await Deno.writeFile(chunk, bytes);
    const damaged = await data(folder, "verify", "middlebury", "--deep", "--data", "stores");
    assertEquals([damaged.code, damaged.out], [3, ""]);
    assertStringIncludes(damaged.error, chunk);
  }));

Deno.test("a dataset that must be downloaded is answered with page, licence and command", () =>
  inFolder(async (folder) => {
    const { code, out, error } = await data(folder, "fetch", "kitti-2015", "--json");
    assertEquals([code, out], [3, ""]);
    const { homepage, licence } = findDataset("kitti-2015");
    for (const part of [homepage, licence, "deno task data import kitti-2015 --from DIR"]) {
      assertStringIncludes(error, part);
    }
  }));

Deno.test("wrong names and options exit with 2 and name the nearest", () =>
  inFolder(async (folder) => {
    const mistakes: [string[], string][] = [
      [["info", "sintel-claen"], 'Did you mean "sintel-clean"?'],
      [["verfy", "middlebury"], "Did you mean verify?"],
      [["verify", "middlebury", "--deeep"], "Did you mean --deep?"],
      [["import", "moving-shapes", "--from", "."], "deno task data fetch moving-shapes"],
    ];
    const results = await Promise.all(mistakes.map(([args]) => data(folder, ...args)));
    for (const [i, { code, error }] of results.entries()) {
      assertEquals(code, 2, error);
      assertStringIncludes(error, mistakes[i][1]);
    }
  }));

Deno.test("list shows every dataset and its state", () =>
  inFolder(async (folder) => {
    const { out } = await data(folder, "list", "--json", "--data", "none");
    const { datasets } = JSON.parse(out);
    assertEquals(datasets[0].id, "moving-shapes");
    assertEquals(
      new Set(datasets.map(({ state }: { state: string }) => state)),
      new Set(["absent"]),
    );
  }));

Deno.test("fetchDataset() makes a generated dataset once", () =>
  inFolder(async (folder) => {
    assertEquals((await datasetStatus(tinyShapes, folder)).state, "absent");
    assertEquals(await fetchDataset(tinyShapes, folder, silent, never), true);
    const made = await datasetStatus(tinyShapes, folder);
    assertEquals([made.state, made.command], ["ready", null]);
    assertEquals(await fetchDataset(tinyShapes, folder, silent, never), false);
    assertEquals(await datasetStatus(tinyShapes, folder), made);
  }));

Deno.test("fetchDataset() does not take a damaged store for a finished one", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(join(folder, "tiny-shapes"));
    await assertRejects(() => fetchDataset(tinyShapes, folder, silent, never), DataError);
    const { state, reason } = await datasetStatus(tinyShapes, folder);
    assertEquals(state, "damaged");
    assertStringIncludes(reason!, join(folder, "tiny-shapes"));
  }));

Deno.test("fetchDataset() leaves nothing when it is stopped", () =>
  inFolder(async (folder) => {
    const stopped = AbortSignal.abort(new Interrupted("Stopped"));
    await assertRejects(() => fetchDataset(tinyShapes, folder, silent, stopped), Interrupted);
    assertEquals([...Deno.readDirSync(folder)], []);
  }));

Deno.test("fetchDataset() refuses what it cannot download with exit code 3", () =>
  inFolder(async (folder) => {
    const sintel = findDataset("sintel-clean");
    const error = await assertRejects(
      () => fetchDataset(sintel, folder, silent, never),
      ReflowError,
      "downloading is not built yet",
    );
    assertEquals(error.exitCode, 3);
    assertStringIncludes(error.nextStep, `--data ${folder}`);
  }));
