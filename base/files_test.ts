import { assertEquals, assertRejects } from "@std/assert";
import { DataError } from "./errors.ts";
import { readTextOrNull, requireWritable, writeFileAtomic } from "./files.ts";

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name);

Deno.test("requireWritable() makes the folder and leaves no trace in it", () =>
  inFolder(async (folder) => {
    await requireWritable(`${folder}/a/b/file`);
    assertEquals(names(`${folder}/a/b`), []);
    await Deno.writeTextFile(`${folder}/a/kept`, "as it was");
    await requireWritable(`${folder}/a/kept`);
    assertEquals(await Deno.readTextFile(`${folder}/a/kept`), "as it was");
  }));

Deno.test("requireWritable() fails where writing would", () =>
  inFolder(async (folder) => {
    await assertRejects(() => requireWritable(folder), DataError, "it is a folder");
    await Deno.writeTextFile(`${folder}/file`, "");
    await assertRejects(() => requireWritable(`${folder}/file/below`), Deno.errors.NotADirectory);
  }));

Deno.test("writeFileAtomic() leaves nothing behind where it fails", () =>
  inFolder(async (folder) => {
    await Deno.mkdir(`${folder}/taken`);
    await assertRejects(() => writeFileAtomic(`${folder}/taken`, "text"));
    assertEquals(names(folder), ["taken"]);
  }));

Deno.test("readTextOrNull() has no text of a file that isn't there, and none of a folder's", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "text");
    assertEquals(await readTextOrNull(`${folder}/file`), "text");
    assertEquals(await readTextOrNull(`${folder}/other`), null);
    await assertRejects(() => readTextOrNull(folder), Error);
  }));
