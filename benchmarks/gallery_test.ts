import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ndarray } from "../base/arrays.ts";
import { type Candidate, GalleryChooser } from "./gallery.ts";

function candidate(index: number): Candidate {
  const picture = ndarray(new Uint8Array(3), [1, 1, 3]);
  const flow = ndarray(new Float32Array(2), [1, 1, 2]);
  const valid = ndarray(new Uint8Array(1), [1, 1]);
  const [image1, image2, truth, prediction] = [picture, picture, flow, flow];
  return { id: `s${index}`, image1, image2, truth, valid, prediction };
}

async function gallery(size: number, errors: (number | null)[]): Promise<string[]> {
  const chooser = new GalleryChooser(size);
  errors.forEach((epe, index) => chooser.offer(index, epe, candidate(index)));
  const chosen = await chooser.choose((index) => Promise.resolve(candidate(index)));
  return chosen.map(({ id, why }) => `${why} ${id}`);
}

Deno.test("GalleryChooser keeps the first, the median and the worst", async () => {
  assertEquals(
    await gallery(2, [3, 1, 9, 4, 2, 8, 5]),
    ["first s0", "first s1", "median s3", "worst s2", "worst s5"],
  );
});

Deno.test("GalleryChooser shows nothing twice", async () => {
  assertEquals(await gallery(1, [5, 1, 9]), ["median s0", "worst s2"]);
  assertEquals(await gallery(3, [9, 1, 2]), ["first s1", "median s2", "worst s0"]);
});

Deno.test("GalleryChooser calls nothing the worst or the median of too few", async () => {
  assertEquals(await gallery(3, [7]), ["first s0"]);
  assertEquals(await gallery(3, [1, 2]), ["first s0", "worst s1"]);
});

Deno.test("GalleryChooser keeps the earlier of equals, and shows unscored samples as first", async () => {
  assertEquals(await gallery(1, [2, 2, 2, 2]), ["median s2", "worst s0"]);
  assertEquals(await gallery(1, [null, 4, 6]), ["first s0", "worst s2"]);
  assertEquals(await gallery(1, [null]), ["first s0"]);
  assertEquals(await gallery(2, []), []);
  assertEquals(await gallery(0, [1, 2]), []);
});

Deno.test("GalleryChooser asks again only for a median it let go of", async () => {
  const chooser = new GalleryChooser(1);
  [2, 1, 3, 2.5, 1.5].forEach((epe, i) => chooser.offer(i, epe, candidate(i)));
  await chooser.choose(() => Promise.reject(new Error("asked")));
});

Deno.test("GalleryChooser's worst are those a full sort would give", async () => {
  const errors = fc.array(fc.nat(20), { maxLength: 30 });
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 4 }), errors, async (size, all) => {
    const sorted = all.map((epe, i) => ({ epe, i })).sort((a, b) => b.epe - a.epe || a.i - b.i);
    const worst = (await gallery(size, all)).filter((name) => name.startsWith("worst"));
    assertEquals(
      worst,
      sorted.slice(0, Math.min(size, all.length >> 1)).map(({ i }) => `worst s${i}`),
    );
    assert(new Set(await gallery(size, all)).size <= 2 * size + 1);
  }));
});
