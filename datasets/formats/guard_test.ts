import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { DataError, UsageError } from "../../base/errors.ts";
import { checkSize, guarded, MAX_SIDE, readBytes } from "./guard.ts";

Deno.test("readBytes() says what is wrong with a path", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await assertRejects(() => readBytes(`${folder}/none`), DataError, "there is no such file");
    await assertRejects(() => readBytes(folder), DataError, "it is a folder");
    await Deno.writeFile(`${folder}/a`, Uint8Array.of(1, 2));
    assertEquals(await readBytes(`${folder}/a`), Uint8Array.of(1, 2));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("checkSize() bounds each side and the area", () => {
  checkSize("f", 1, MAX_SIDE);
  checkSize("f", 2 ** 14, 2 ** 14);
  for (const [w, h] of [[0, 1], [1, 0], [-1, 5], [MAX_SIDE + 1, 1], [2 ** 15, 2 ** 14], [NaN, 1]]) {
    assertThrows(() => checkSize("f", w, h), DataError, `${w}x${h} pixels`);
  }
});

Deno.test("guarded() names the file and lets our own errors through", () => {
  const failed = assertThrows(
    () => guarded("a.png", "PNG", () => JSON.parse("{")),
    DataError,
    "Cannot use a.png: damaged PNG (",
  );
  assertEquals(failed.path, "a.png");
  const ours = new UsageError("no");
  assertStrictEquals(
    assertThrows(() =>
      guarded("a", "PNG", () => {
        throw ours;
      })
    ),
    ours,
  );
});
