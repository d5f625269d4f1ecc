import { assertEquals } from "@std/assert";
import { archiveKind, downloadBytes, hostsOf, type Manifest, type SourceFile } from "./manifest.ts";

const file = (about: Partial<SourceFile>): SourceFile => ({
  name: "x.zip",
  url: "https://one.test/x.zip",
  bytes: null,
  roughly: null,
  sha256: null,
  knownFrom: null,
  archive: "zip",
  limits: { entries: 1, bytes: 1 },
  ...about,
});

Deno.test("hostsOf() names each host once, and none where people download", () => {
  const files = ["one.test", "two.test:444", "one.test"].map((host) =>
    file({ url: `https://${host}/x` })
  );
  const manifest: Manifest = { files, byHand: null };
  assertEquals(hostsOf(manifest), ["one.test", "two.test:444"]);
  assertEquals(hostsOf({ ...manifest, byHand: "why" }), []);
});

Deno.test("downloadBytes() takes the exact size first, and knows when it does not know", () => {
  const files = [file({ bytes: 5, roughly: 9 }), file({ roughly: 30 })];
  assertEquals(downloadBytes({ files, byHand: null }), 35);
  assertEquals(downloadBytes({ files: [...files, file({})], byHand: null }), null);
});

Deno.test("archiveKind() goes by the ending", () => {
  const names = [
    "a.zip",
    "A.ZIP",
    "a.tar",
    "a.tar.gz",
    "a.tgz",
    "a.tar.bz2",
    "a.txt",
    "zip",
    "a.gz",
  ];
  assertEquals(names.map(archiveKind), [
    ...["zip", "zip", "tar", "tar.gz", "tar.gz", "tar.bz2"] as const,
    ...[null, null, null],
  ]);
});
