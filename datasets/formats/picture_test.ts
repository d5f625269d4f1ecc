import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { crc32 } from "node:zlib";
import { join } from "@std/path";
import { encode } from "fast-png";
import fc from "fast-check";
import { ndarray, packed } from "../../base/arrays.ts";
import { DataError } from "../../base/errors.ts";
import { sharedData } from "../../tests/shared_data.ts";
import { decodeMaskPng, decodePicture, readMaskPng, readPicture, writePng } from "./picture.ts";
import { encodePpm } from "./ppm.ts";
import { anyPicture } from "./test_arbitraries.ts";

type Samples = Uint8Array | Uint16Array;

/** A PNG, one row high. */
function row(
  channels: number,
  depth: 1 | 2 | 8 | 16,
  width: number,
  data: Samples,
  palette?: number[][],
) {
  return encode({ width, height: 1, channels, depth, data, palette });
}

Deno.test("decodePicture() makes RGB of every kind of PNG", async () => {
  const rgb = async (png: Uint8Array) => [...(await decodePicture(png, "f")).data];
  assertEquals(await rgb(row(1, 8, 2, Uint8Array.of(7, 8))), [7, 7, 7, 8, 8, 8]);
  assertEquals(await rgb(row(2, 8, 1, Uint8Array.of(7, 0))), [7, 7, 7]);
  assertEquals(await rgb(row(3, 8, 1, Uint8Array.of(1, 2, 3))), [1, 2, 3]);
  assertEquals(await rgb(row(4, 8, 1, Uint8Array.of(1, 2, 3, 0))), [1, 2, 3]);
  assertEquals(await rgb(row(1, 1, 2, Uint8Array.of(0b01000000))), [0, 0, 0, 255, 255, 255]);
  assertEquals(await rgb(row(1, 2, 2, Uint8Array.of(0b01100000))), [85, 85, 85, 170, 170, 170]);
  const palette = [[9, 8, 7], [1, 2, 3]];
  assertEquals(await rgb(row(1, 8, 2, Uint8Array.of(1, 0), palette)), [1, 2, 3, 9, 8, 7]);
});

Deno.test("decodePicture() goes by content and says what it does not read", async () => {
  const picture = ndarray(Uint8Array.of(1, 2, 3), [1, 1, 3]);
  assertEquals((await decodePicture(encodePpm(picture), "really_a_ppm.png")).data, picture.data);
  const refused = async (bytes: Uint8Array, reason: string) =>
    await assertRejects(() => decodePicture(bytes, "f"), DataError, reason);
  await refused(new Uint8Array(0), "it is empty");
  await refused(new TextEncoder().encode("<html>"), "not a PNG, JPEG or PPM");
  await refused(row(1, 16, 1, Uint16Array.of(5)), "16-bit PNG");
  await refused(row(1, 8, 1, Uint8Array.of(2), [[0, 0, 0], [1, 1, 1]]), "colour 2 is not in its");
});

Deno.test("decodePicture() gives a picture or a DataError for any bytes", async () => {
  const magics = [[], [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10], [0xff, 0xd8, 0xff], [0x50, 0x36]];
  const anyFile = fc.tuple(fc.constantFrom(...magics), fc.uint8Array({ maxLength: 64 }));
  await fc.assert(fc.asyncProperty(anyFile, async ([magic, rest]) => {
    try {
      await decodePicture(Uint8Array.of(...magic, ...rest), "f");
    } catch (error) {
      assert(error instanceof DataError, `${error}`);
    }
  }));
});

Deno.test("decodeMaskPng() gives the stored numbers", () => {
  const labels = (png: Uint8Array) => [...decodeMaskPng(png, "f").data];
  assertEquals(labels(row(1, 8, 3, Uint8Array.of(0, 11, 255))), [0, 11, 255]);
  assertEquals(labels(row(1, 1, 3, Uint8Array.of(0b10100000))), [1, 0, 1]);
  const palette = [[128, 0, 0], [0, 128, 0]];
  assertEquals(labels(row(1, 8, 3, Uint8Array.of(1, 0, 1), palette)), [1, 0, 1]);
  const colour = row(3, 8, 1, new Uint8Array(3));
  assertThrows(() => decodeMaskPng(colour, "f"), DataError, "3 channels of 8 bits is no label map");
  const deep = row(1, 16, 1, new Uint16Array(1));
  assertThrows(() => decodeMaskPng(deep, "f"), DataError, "1 channels of 16 bits");
});

Deno.test("writePng() and readPicture() agree", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const [picture] = fc.sample(anyPicture, { numRuns: 1, seed: 3 });
    await writePng(join(folder, "a.png"), picture);
    assertEquals((await readPicture(join(folder, "a.png"))).data, picture.data);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

// Height, width and the CRC-32 of the RGB bytes, by Pillow 9.4.
const chairs = "FlyingChairs_release/data";
const real: [string, number, number, number][] = [
  ["camvid/val/0016E5_07959.jpg", 180, 240, 0x65b2eefd],
  ["davis/car-shadow-480p/JPEGImages/480p/car-shadow/00000.jpg", 480, 854, 0x0c1006f7],
  ["davis/val-224x128/JPEGImages/480p/libby/00000.jpg", 128, 224, 0xf2d92c20],
  [`flyingchairs/${chairs}/00001_img1.ppm`, 384, 512, 0x65dbe293],
  [`flyingchairs-crop50/${chairs}/00001_img2.ppm`, 50, 50, 0xf691b710],
  ["kitti2015/training/image_2/000000_10.png", 375, 1242, 0x6e76da07],
  ["middlebury/other-data/Dimetrodon/frame10.png", 388, 584, 0x2ab3ddbc],
  ["middlebury/other-data/Grove2/frame10.png", 480, 640, 0x2607b619],
  ["middlebury/other-data/Hydrangea/frame10.png", 388, 584, 0x48396eaf],
  ["middlebury/other-data/RubberWhale/frame10.png", 388, 584, 0xbde68cac],
  ["middlebury/other-data/Urban2/frame10.png", 480, 640, 0x8c90dbb5],
  ["sintel/training/clean/alley_1/frame_0001.png", 436, 1024, 0xc9460398],
];
for (const [file, height, width, crc] of real) {
  const path = sharedData(file);
  Deno.test(`readPicture() reads ${file}`, { ignore: path === null }, async () => {
    const picture = await readPicture(path!);
    assertEquals(picture.shape, [height, width, 3]);
    assertEquals(crc32(packed(picture)), crc);
  });
}

// Height, width and the pixels of each label, by NumPy.
const realMasks: [string, number, number, Record<number, number>][] = [
  ["davis/car-shadow-480p/Annotations/480p/car-shadow/00000.png", 480, 854, {
    0: 368130,
    255: 41790,
  }],
  ["davis/val-224x128/Annotations/480p/libby/00000.png", 128, 224, { 0: 27614, 1: 1058 }],
];
for (const [file, height, width, pixels] of realMasks) {
  const path = sharedData(file);
  Deno.test(`readMaskPng() reads ${file}`, { ignore: path === null }, async () => {
    const mask = await readMaskPng(path!);
    assertEquals(mask.shape, [height, width]);
    assertEquals({ ...countLabels(mask.data) }, pixels);
  });
}

const camvid = sharedData("camvid/valannot");
Deno.test("readMaskPng() reads the labels of CamVid's val drive", { ignore: !camvid }, async () => {
  const totals = new Array(12).fill(0);
  let files = 0;
  for await (const { name } of Deno.readDir(camvid!)) {
    const mask = await readMaskPng(join(camvid!, name));
    assertEquals(mask.shape, [180, 240]);
    for (const [label, n] of Object.entries(countLabels(mask.data))) totals[Number(label)] += n;
    files++;
  }
  assertEquals(files, 101);
  // Pixels of each of the twelve labels, by NumPy.
  assertEquals(totals, [
    ...[402551, 1137107, 24600, 1257006, 380505, 713243],
    ...[39024, 133756, 75987, 28457, 96794, 74170],
  ]);
});

function countLabels(labels: Uint8Array): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}
