import { assertEquals, assertRejects } from "@std/assert";
import { dirname, join } from "@std/path";
import { ndarray, packed } from "../base/arrays.ts";
import { DataError } from "../base/errors.ts";
import { flyingThingsClean, flyingThingsFinal } from "./flying_things.ts";
import { writePfm } from "./formats/pfm.ts";
import { withFolder } from "./store/small_store.ts";
import { tinyFlow, tinyPicture, writeTinyFiles } from "./tiny_files.ts";

const SCENE = "TRAIN/B/0007";
const FRAMES = ["0006", "0007", "0008"];

const picture = (frame: string, pass = "clean", scene = SCENE) =>
  `frames_${pass}pass/${scene}/left/${frame}.png`;
const future = (frame: string, scene = SCENE) =>
  `optical_flow/${scene}/into_future/left/OpticalFlowIntoFuture_${frame}_L.pfm`;
const past = (frame: string, scene = SCENE) =>
  `optical_flow/${scene}/into_past/left/OpticalFlowIntoPast_${frame}_L.pfm`;

/** Writes three-channel PFM files with the flow each path stands for. */
async function writeFlows(root: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    await Deno.mkdir(dirname(join(root, path)), { recursive: true });
    const flow = tinyFlow(path);
    const map = ndarray(new Float32Array(6 * 8 * 3), [6, 8, 3]);
    for (let i = 0; i < 48; i++) map.data.set(flow.data.slice(2 * i, 2 * i + 2), 3 * i);
    await writePfm(join(root, path), map);
  }
}

/** Writes a scene of three frames with all its flow, as the archives hold it. */
async function writeScene(root: string, scene = SCENE, pass = "clean"): Promise<void> {
  await writeTinyFiles(root, FRAMES.map((frame) => picture(frame, pass, scene)));
  await writeFlows(root, FRAMES.flatMap((frame) => [future(frame, scene), past(frame, scene)]));
}

async function importClean(folder: string) {
  const store = join(folder, "flying-things-clean");
  await flyingThingsClean.importFrom!(folder, store, () => {}, { replace: true });
  return await flyingThingsClean.open(folder, "train");
}

Deno.test("FlyingThings3D: frames pair both ways with the flow that starts at the first", () =>
  withFolder(async (folder) => {
    await writeScene(folder);
    await writeScene(folder, SCENE, "final");
    for (const dataset of [flyingThingsClean, flyingThingsFinal]) {
      const pass = dataset === flyingThingsClean ? "clean" : "final";
      await dataset.importFrom!(folder, join(folder, dataset.id), () => {});
      const train = await dataset.open(folder, "train");
      const expected = [
        { id: "into_future/0006", pictures: ["0006", "0007"], flow: future("0006") },
        { id: "into_past/0007", pictures: ["0007", "0006"], flow: past("0007") },
        { id: "into_future/0007", pictures: ["0007", "0008"], flow: future("0007") },
        { id: "into_past/0008", pictures: ["0008", "0007"], flow: past("0008") },
      ];
      assertEquals(train.length, expected.length);
      for (const [i, { id, pictures: [first, second], flow }] of expected.entries()) {
        const pair = await train.read(i);
        assertEquals(pair.id, `${SCENE}/${id}`);
        assertEquals(packed(pair.image1), packed(tinyPicture(picture(first, pass))));
        assertEquals(packed(pair.image2), packed(tinyPicture(picture(second, pass))));
        assertEquals(packed(pair.flow), packed(tinyFlow(flow)));
        assertEquals(packed(pair.valid).every((v) => v === 1), true);
      }
    }
  }));

Deno.test("FlyingThings3D: scenes do not pair with each other, and TEST is a split", () =>
  withFolder(async (folder) => {
    for (const scene of ["TRAIN/A/0000", "TRAIN/B/0000"]) await writeScene(folder, scene);
    const alone = await importClean(folder);
    assertEquals(alone.length, 8);
    await assertRejects(() => flyingThingsClean.open(folder, "test"), DataError, "no pair");
    await writeScene(folder, "TEST/A/0000");
    assertEquals((await importClean(folder)).length, 8);
    const test = await flyingThingsClean.open(folder, "test");
    assertEquals(test.length, 4);
    assertEquals((await test.read(0)).id, "TEST/A/0000/into_future/0006");
  }));

Deno.test("FlyingThings3D: the right camera is not read", () =>
  withFolder(async (folder) => {
    await writeScene(folder);
    const right = [future("0009"), picture("0009")].map((path) =>
      path.replace("/left/", "/right/").replace("_L.", "_R.")
    );
    await writeTinyFiles(folder, right.slice(1));
    await writeFlows(folder, right.slice(0, 1));
    assertEquals((await importClean(folder)).length, 4);
  }));

Deno.test("FlyingThings3D: flow that is NaN or infinite is unknown", () =>
  withFolder(async (folder) => {
    await writeScene(folder);
    const map = ndarray(new Float32Array(6 * 8 * 3).fill(1), [6, 8, 3]);
    map.set(2, 3, 0, NaN);
    map.set(4, 5, 1, -Infinity);
    map.set(5, 5, 2, NaN); // The third channel means nothing.
    await writePfm(join(folder, future("0006")), map);
    const { flow, valid } = await (await importClean(folder)).read(0);
    const unknown = [...packed(valid).entries()].filter(([, v]) => v === 0).map(([i]) => i);
    assertEquals(unknown, [2 * 8 + 3, 4 * 8 + 5]);
    assertEquals([...packed(flow)], [...packed(valid)].flatMap((v) => [v, v]));
  }));

Deno.test("FlyingThings3D: a hole in a scene is refused", () =>
  withFolder(async (folder) => {
    const needed = [
      ...FRAMES.map((frame) => picture(frame)),
      ...[future("0006"), future("0007"), past("0007"), past("0008")],
    ];
    for (const name of needed) {
      await writeScene(folder);
      await Deno.remove(join(folder, name));
      await assertRejects(() => importClean(folder), DataError, `${name} is missing`);
    }
    // What leads out of the scene may be missing.
    await writeScene(folder);
    await Deno.remove(join(folder, future("0008")));
    await Deno.remove(join(folder, past("0006")));
    assertEquals((await importClean(folder)).length, 4);
  }));

Deno.test("FlyingThings3D: a disparity map is no flow", () =>
  withFolder(async (folder) => {
    await writeScene(folder);
    await writePfm(join(folder, past("0007")), ndarray(new Float32Array(48), [6, 8, 1]));
    await assertRejects(() => importClean(folder), DataError, "one channel, but flow has two");
  }));
