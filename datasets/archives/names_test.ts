import { assertEquals } from "@std/assert";
import { folded, unsafeName } from "./names.ts";

Deno.test("unsafeName() lets ordinary names pass", () => {
  const names = [
    "training/flow_occ/000000_10.png",
    "training/",
    "FlyingChairs_release/data/00001_img1.ppm",
    ".DS_Store",
    "__MACOSX/._x",
    "a b/c.d.e",
    "Größe/日本.png",
    "console.txt",
    "...hidden/..x",
    "x".repeat(255),
  ];
  for (const name of names) assertEquals(unsafeName(name), null, name);
});

Deno.test("unsafeName() names what is wrong", () => {
  const cases: [string, string][] = [
    ["", "no name"],
    ["..", "climbs out"],
    ["../x", "climbs out"],
    ["a/../../x", "climbs out"],
    ["a/..", "climbs out"],
    ["/etc/passwd", "absolute"],
    ["//host/share", "absolute"],
    ["C:/x", "drive"],
    ["c:x", "drive"],
    ["C:\\x", "backslash"],
    ["..\\x", "backslash"],
    ["\\\\host\\x", "backslash"],
    ["a\0.png", "NUL"],
    ["a\nb", "do not show"],
    ["a\u202egnp.exe", "do not show"],
    ["a\u200bb", "do not show"],
    ["a//b", "empty part"],
    ["./a", "empty part"],
    ["a/./b", "empty part"],
    ["a/b:stream", "colon"],
    ["a./b", "space or full stop"],
    ["a /b", "space or full stop"],
    ["nul", "device"],
    ["a/CON.txt", "device"],
    ["lpt1.png/x", "device"],
    ["x".repeat(256), "more than 255 bytes"],
    ["é".repeat(128), "more than 255 bytes"],
    ["x/".repeat(600), "more than 1024 characters"],
  ];
  for (const [name, reason] of cases) {
    assertEquals(unsafeName(name)?.includes(reason), true, `${name}: ${unsafeName(name)}`);
  }
});

Deno.test("folded() makes equal what some systems take for equal", () => {
  assertEquals(folded("Readme.TXT"), folded("README.txt"));
  assertEquals(folded("\u00e9"), folded("e\u0301"));
  assertEquals(folded("stra\u00dfe"), folded("STRASSE"));
  assertEquals(folded("a") === folded("b"), false);
});
