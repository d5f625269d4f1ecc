import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import reflow from "../deno.json" with { type: "json" };
import { DataError, Interrupted, ReflowError } from "../base/errors.ts";
import { silent } from "../base/progress.ts";
import { forgeZip } from "../datasets/archives/forge.ts";
import { BadServer, wellBehaved } from "../datasets/fetch/bad_server.ts";
import { demoConfig } from "../datasets/moving_shapes/config.ts";
import { defineMovingShapes } from "../datasets/moving_shapes/mod.ts";
import { hostsOf } from "../datasets/manifest.ts";
import { datasets, findDataset } from "../datasets/registry.ts";
import { writeTinyFiles } from "../datasets/tiny_files.ts";
import { fetchDataset } from "./data.ts";
import { datasetStatus } from "./dataset_status.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));

/** Runs `deno task data` as people do, in a folder of its own. */
async function data(folder: string, ...args: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-P=fetch", "--no-prompt", "cli/data.ts", ...args],
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
    const { homepage, licence, manifest } = findDataset("kitti-2015");
    const command = "deno task data import kitti-2015 --from DIR";
    for (const part of [homepage, licence, manifest!.files[0].name, command]) {
      assertStringIncludes(error, part);
    }
  }));

Deno.test("the task's permission set names the hosts of the manifests and no others", () => {
  const { fetch } = reflow.permissions;
  const hosts = datasets.flatMap(({ manifest }) => manifest ? hostsOf(manifest) : []);
  assertEquals(fetch.net, [...new Set(hosts)].sort().map((host) => `${host}:443`));
  for (const { manifest } of datasets) {
    for (const { url } of manifest?.files ?? []) {
      assertEquals(url?.startsWith("http:") ?? false, false);
    }
  }
  assertStringIncludes(reflow.tasks.data.command, "-P=fetch --no-prompt");
  // The reports are served to this machine alone.
  assertEquals(reflow.permissions.serve.net, ["127.0.0.1"]);
  for (const [name, set] of Object.entries(reflow.permissions)) {
    assertEquals("net" in set, ["fetch", "serve", "test"].includes(name), name);
  }
});

Deno.test("commands give the network up, and fetch all hosts but its dataset's", async () => {
  const program = `
    import { findDataset } from ${JSON.stringify(import.meta.resolve("../datasets/registry.ts"))};
    import { giveUpNetwork } from ${JSON.stringify(import.meta.resolve("./data.ts"))};
    const hosts = ${JSON.stringify(reflow.permissions.fetch.net)};
    const allowed = () => hosts.filter((host) =>
      Deno.permissions.querySync({ name: "net", host }).state === "granted");
    const seen = [allowed()];
    await giveUpNetwork(findDataset("middlebury"));
    seen.push(allowed());
    await giveUpNetwork(findDataset("kitti-2015"));
    seen.push(allowed());
    const { name } = await fetch("https://vision.middlebury.edu/").catch((error) => error);
    console.log(JSON.stringify({ seen, name }));
  `;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, program);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", `--config=${ROOT}deno.json`, "-P=fetch", "--no-prompt", file],
    cwd: ROOT,
  }).output();
  await Deno.remove(file);
  const { seen, name } = JSON.parse(new TextDecoder().decode(stdout) || "null") ??
    (() => {
      throw new Error(new TextDecoder().decode(stderr));
    })();
  assertEquals(seen, [reflow.permissions.fetch.net, ["vision.middlebury.edu:443"], []]);
  assertEquals(name, "NotCapable");
});

Deno.test("archives are imported as they were downloaded", () =>
  inFolder(async (folder) => {
    const flow = ["flow_occ/000003_10.png", "flow_noc/000003_10.png"];
    const frames = ["colored_0/000003_10.png", "colored_0/000003_11.png"];
    const names = [...flow, ...frames].map((name) => `training/${name}`);
    await writeTinyFiles(join(folder, "raw"), names);
    const entries = names.map((name) => ({
      name,
      content: Deno.readFileSync(join(folder, "raw", name)),
    }));
    await Deno.writeFile(join(folder, "data_stereo_flow.zip"), forgeZip(entries));
    const args = ["import", "kitti-2012", "--data", "stores", "--json", "--quiet", "--from"];
    const { code, out, error } = await data(folder, ...args, "data_stereo_flow.zip");
    assertEquals([code, error], [0, ""]);
    assertEquals(JSON.parse(out).samples, { train: 1, val: 0, "train-without-val": 1 });
    assertEquals([...Deno.readDirSync(join(folder, "stores", "downloads"))], []);

    await Deno.remove(join(folder, "stores"), { recursive: true });
    assertEquals((await data(folder, ...args, ".")).code, 0);

    await Deno.remove(join(folder, "stores"), { recursive: true });
    await Deno.writeFile(join(folder, "evil.zip"), forgeZip([...entries, { name: "../evil" }]));
    const evil = await data(folder, ...args, "evil.zip");
    assertEquals(evil.code, 3);
    assertStringIncludes(evil.error, '"../evil" is refused: it climbs out');
    assertEquals([...Deno.readDirSync(join(folder, "stores"))].map(({ name }) => name), [
      "downloads",
    ]);
  }));

Deno.test("wrong names and options exit with 2 and name the nearest", () =>
  inFolder(async (folder) => {
    const mistakes: [string[], string][] = [
      [["info", "sintel-claen"], 'Did you mean "sintel-clean"?'],
      [["verfy", "middlebury"], "Did you mean verify?"],
      [["verify", "middlebury", "--deeep"], "Did you mean --deep?"],
      [["import", "moving-shapes", "--from", "."], "deno task data fetch moving-shapes"],
      [["fetch", "middlebury", "--accept", "12"], "64 hexadecimal digits"],
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
    const ways = (name: string) => {
      const { download, byHand, command } = datasets.find(({ id }: { id: string }) => id === name);
      return [download, byHand !== null, command];
    };
    assertEquals(ways("moving-shapes"), [0, false, "deno task data fetch moving-shapes"]);
    assertEquals(ways("sintel-final"), [5627783629, false, "deno task data fetch sintel-final"]);
    assertEquals(ways("hd1k"), [7.8e9, true, "deno task data import hd1k --from DIR"]);
    assertEquals(ways("middlebury"), [null, false, "deno task data fetch middlebury"]);
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

Deno.test("fetchDataset() fetches what the manifest of Middlebury names", () =>
  inFolder(async (folder) => {
    const pair = ["Dots/frame10.png", "Dots/frame11.png"].map((name) => `other-data/${name}`);
    const archives: Record<string, string[]> = {
      "other-color-twoframes.zip": pair,
      "other-gt-flow.zip": ["other-gt-flow/Dots/flow10.flo"],
    };
    const raw = join(folder, "raw");
    await writeTinyFiles(raw, Object.values(archives).flat());
    await using server = new BadServer((request) => {
      const names = archives[request.path.replace("/flow/data/comp/zip/", "")];
      const content = (name: string) => Deno.readFileSync(join(raw, name));
      return wellBehaved(forgeZip(names.map((name) => ({ name, content: content(name) }))))(
        request,
      );
    });
    const data = join(folder, "data"), { request } = server;
    const middlebury = findDataset("middlebury");
    assertEquals(await fetchDataset(middlebury, data, silent, never, { request }), true);
    assertEquals((await datasetStatus(middlebury, data)).state, "ready");
    assertEquals((await middlebury.open(data, "train")).length, 1);
    assertEquals(await fetchDataset(middlebury, data, silent, never, { request }), false);
    assertEquals(server.requests.length, 2);
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

Deno.test("fetchDataset() refuses what a person must download with exit code 3", () =>
  inFolder(async (folder) => {
    const hd1k = findDataset("hd1k");
    const error = await assertRejects(
      () => fetchDataset(hd1k, folder, silent, never),
      ReflowError,
      "to those who register",
    );
    assertEquals(error.exitCode, 3);
    assertStringIncludes(error.nextStep, `--data ${folder}`);
  }));
