/**
 * Tiny pictures and flows in official layouts, for the tests of importers.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { encode } from "fast-png";
import { type FlowField, type Mask, ndarray, packed, type Picture } from "../base/arrays.ts";
import { randomStream } from "../base/random.ts";
import { writeFlo } from "./formats/flo.ts";
import { writeKittiFlow } from "./formats/kitti_flow.ts";
import { writePng } from "./formats/picture.ts";

/** The picture a path stands for; another path gives another picture. */
export function tinyPicture(path: string, height = 6, width = 8): Picture {
  const random = randomStream(1, path);
  const bytes = Uint8Array.from({ length: height * width * 3 }, () => random.integer(0, 256));
  return ndarray(bytes, [height, width, 3]);
}

/** The flow a path stands for, in whole pixels, which every format keeps exactly. */
export function tinyFlow(path: string, height = 6, width = 8): FlowField {
  const random = randomStream(1, path);
  const values = Float32Array.from({ length: height * width * 2 }, () => random.integer(-9, 10));
  return ndarray(values, [height, width, 2]);
}

/** A mask that is 1 at one pixel of `every` in row-major order. */
export function tinyMask(every: number, height = 6, width = 8): Mask {
  return ndarray(
    Uint8Array.from({ length: height * width }, (_, i) => i % every === 0 ? 1 : 0),
    [height, width],
  );
}

/** Writes what each path stands for: `.png`, `.ppm`, `.flo`, and KITTI flow in `flow_*` folders. */
export async function writeTinyFiles(
  root: string,
  paths: readonly string[],
  height = 6,
  width = 8,
): Promise<void> {
  for (const path of paths) {
    const file = join(root, path);
    await Deno.mkdir(dirname(file), { recursive: true });
    if (path.endsWith(".flo")) {
      await writeFlo(file, tinyFlow(path, height, width));
    } else if (path.endsWith(".ppm")) {
      const header = new TextEncoder().encode(`P6\n${width} ${height}\n255\n`);
      const body = packed(tinyPicture(path, height, width));
      await Deno.writeFile(file, Uint8Array.from([...header, ...body]));
    } else if (path.includes("/flow_")) {
      const valid = tinyMask(path.includes("flow_noc") ? 4 : 2, height, width);
      await writeKittiFlow(file, tinyFlow(path, height, width), valid);
    } else {
      await writePng(file, tinyPicture(path, height, width));
    }
  }
}

/** Writes a mask as an 8-bit grey PNG of 0 and 255. */
export async function writeMask(
  file: string,
  { data, shape: [height, width] }: Mask,
): Promise<void> {
  await Deno.mkdir(dirname(file), { recursive: true });
  const grey = data.map((v) => 255 * v);
  await Deno.writeFile(file, encode({ width, height, data: grey, channels: 1, depth: 8 }));
}
