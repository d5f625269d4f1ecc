import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { type Mask, ndarray, packed, type Picture } from "../base/arrays.ts";
import { DataError, UsageError } from "../base/errors.ts";
import { withFolder } from "./store/small_store.ts";
import { tinyMask, tinyPicture } from "./tiny_files.ts";
import { buildVideoStore, type FrameSource, openVideoStore } from "./video_store.ts";

const meta = {
  id: "tiny-videos",
  title: "Tiny videos",
  licence: "none",
  citation: "none",
  homepage: "none",
  splits: ["train", "test"],
  sparse: false,
};

const frame = (
  video: string,
  name: string,
  split: string,
  { image = tinyPicture(`${video}/${name}`), mask = tinyMask(3) as Mask | null }: {
    image?: Picture;
    mask?: Mask | null;
  } = {},
): FrameSource => ({ video, frame: name, split, load: () => Promise.resolve({ image, mask }) });

Deno.test("videos come back frame by frame, masks where there are any, by split", () =>
  withFolder(async (folder) => {
    const path = join(folder, "tiny-videos");
    const wide = tinyPicture("wide", 4, 10);
    await buildVideoStore(path, meta, [
      frame("a", "01", "train"),
      frame("a", "02", "train", { mask: null }),
      frame("b", "01", "test", { image: wide, mask: tinyMask(2, 4, 10) }),
      frame("c", "07", "train", { mask: tinyMask(5) }),
    ]);
    const train = await openVideoStore(path, "tiny-videos", "train");
    assertEquals(train.length, 3);
    assertEquals(train.videos, [{ name: "a", first: 0, frames: 2 }, {
      name: "c",
      first: 2,
      frames: 1,
    }]);
    const frames = await Promise.all([0, 1, 2].map((i) => train.read(i)));
    assertEquals(frames.map(({ id }) => id), ["a/01", "a/02", "c/07"]);
    assertEquals(packed(frames[1].image), packed(tinyPicture("a/02")));
    assertEquals(frames.map(({ mask }) => mask && packed(mask)), [
      packed(tinyMask(3)),
      null,
      packed(tinyMask(5)),
    ]);
    const [only] = [await (await openVideoStore(path, "tiny-videos", "test")).read(0)];
    assertEquals([only.image.shape, packed(only.mask!)], [[4, 10, 3], packed(tinyMask(2, 4, 10))]);
    await assertRejects(() => train.read(3), RangeError, "frame 3 of 3");
    await assertRejects(() => openVideoStore(path, "tiny-videos", "val"), UsageError, "no");
    await assertRejects(() => openVideoStore(path, "others", "train"), DataError, "it holds tiny");
  }));

Deno.test("frames that do not fit together are refused, and nothing is left", () =>
  withFolder(async (folder) => {
    const path = join(folder, "tiny-videos");
    const two = ndarray(new Uint8Array(48).fill(2), [6, 8]);
    for (
      const [sources, reason] of [
        [[], "no frame"],
        [[frame("a", "01", "val")], '"val" is no split'],
        [[frame("a", "01", "train", { mask: tinyMask(2, 6, 7) })], "its mask is 6x7"],
        [[frame("a", "01", "train", { mask: two })], "its mask holds 2"],
        [
          [frame("a", "01", "train"), frame("b", "01", "train"), frame("a", "02", "train")],
          "another video",
        ],
        [
          [
            frame("a", "01", "train"),
            frame("a", "02", "train", { image: tinyPicture("x", 4, 4), mask: null }),
          ],
          "it is 4x4",
        ],
      ] as const
    ) {
      await assertRejects(() => buildVideoStore(path, meta, sources), DataError, reason);
    }
    assertEquals([...Deno.readDirSync(folder)].length, 0);
  }));
