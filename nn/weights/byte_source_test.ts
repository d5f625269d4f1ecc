import { assertEquals, assertMatch } from "@std/assert";
import { ByteCursor, bytesSource, FileSource } from "./byte_source.ts";
import { latin1, reasonOf } from "./test_support.ts";

Deno.test("FileSource and bytesSource() read the same", async () => {
  const path = await Deno.makeTempFile();
  try {
    const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => i * 7);
    await Deno.writeFile(path, bytes);
    using file = FileSource.open(path);
    const memory = bytesSource(path, bytes);
    assertEquals(file.size, memory.size);
    for (const [offset, length] of [[0, 0], [5, 100], [199_990, 10], [200_000, 0]]) {
      assertEquals(file.read(offset, length), memory.read(offset, length));
    }
    for (const source of [file, memory]) {
      assertMatch(await reasonOf(() => source.read(199_990, 11)), /^it ends early/);
      assertMatch(await reasonOf(() => source.read(0, 2 ** 50)), /^it ends early/);
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("FileSource.open() says why a file cannot be read", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assertEquals(await reasonOf(() => FileSource.open(folder)), "it is not a file");
    const reason = await reasonOf(() => FileSource.open(`${folder}/none.pth`));
    assertEquals(reason, "there is no such file");
  } finally {
    await Deno.remove(folder);
  }
});

Deno.test("ByteCursor reads across its window and stops at the end", async () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => i);
  const cursor = new ByteCursor(bytesSource("x", bytes), 3);
  assertEquals(cursor.uint8(), 3);
  assertEquals(cursor.bytes(65_530).length, 65_530);
  assertEquals(cursor.view(4).getUint32(0, false), 0xfe_ff_00_01);
  cursor.at = 69_999;
  assertEquals(cursor.uint8(), 69_999 & 255);
  assertMatch(await reasonOf(() => cursor.uint8()), /^it ends early/);
});

Deno.test("ByteCursor.line() and text() return null where there is none", () => {
  const cursor = new ByteCursor(bytesSource("x", latin1("posix\nsystem\xff")));
  assertEquals(cursor.line(5), "posix");
  assertEquals(cursor.at, 6);
  assertEquals(cursor.line(3), null);
  assertEquals(cursor.line(30), null);
  assertEquals(cursor.text(6), "system");
  assertEquals(cursor.text(1), null);
});
