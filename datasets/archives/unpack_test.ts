import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { join } from "@std/path";
import { crc32, gzipSync } from "node:zlib";
import { DataError, Interrupted } from "../../base/errors.ts";
import { randomStream } from "../../base/random.ts";
import type { UnpackLimits } from "../manifest.ts";
import { withFolder } from "../store/small_store.ts";
import {
  type ForgedTarEntry,
  type ForgedZipEntry,
  forgeTar,
  forgeZip,
  paxRecord,
} from "./forge.ts";
import { type PackedFile, unpack, type UnpackOptions } from "./unpack.ts";

const LIMITS: UnpackLimits = { entries: 50, bytes: 100e6 };

type Kind = PackedFile["kind"];

/** Everything in a folder that is no folder, with its content's CRC-32 and length. */
function tree(folder: string, below = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, isDirectory, isFile } of Deno.readDirSync(join(folder, below))) {
    const path = below === "" ? name : `${below}/${name}`;
    if (isDirectory) Object.assign(found, tree(folder, path));
    else found[path] = isFile ? summary(Deno.readFileSync(join(folder, path))) : "no plain file";
  }
  return found;
}

const summary = (bytes: Uint8Array) => `${bytes.length} ${crc32(bytes).toString(16)}`;
const textSummary = (text: string) => summary(new TextEncoder().encode(text));

async function unpackBytes(
  folder: string,
  files: readonly (readonly [Kind, Uint8Array])[],
  options?: UnpackOptions,
  limits = LIMITS,
): Promise<string> {
  const archives = [];
  for (const [i, [kind, bytes]] of files.entries()) {
    const path = join(folder, `${i}.${kind}`);
    await Deno.writeFile(path, bytes);
    archives.push({ path, kind, limits });
  }
  const target = join(folder, "deep", "target");
  await unpack(archives, target, options);
  return target;
}

/** What the bzip2 fixtures are made of. */
const LINES = Array.from({ length: 1000 }, (_, i) => `line ${i * i % 977}\n`).join("");

Deno.test("sound archives of each kind unpack to what was packed", () =>
  withFolder(async (folder) => {
    const long = `${"folder/".repeat(30)}picture.png`;
    const zip: ForgedZipEntry[] = [
      { name: "a/", mode: 0o040755 },
      { name: "a/b.txt", content: "one", mode: 0o100644 },
      { name: "a/c.txt", content: "x".repeat(5000), deflate: true },
      { name: "empty" },
    ];
    const tar: ForgedTarEntry[] = [
      { name: "t/", kind: "5" },
      { name: "t/b.txt", content: "two" },
      { name: "pax", kind: "x", content: paxRecord("path", long) + paxRecord("mtime", "1.5") },
      { name: "short", content: "three" },
      { name: "globally", kind: "g", content: paxRecord("comment", "hello") },
      { name: "././@LongLink", kind: "L", content: `${long}2\0` },
      { name: "short", content: "y".repeat(3000), kind: "\0" },
    ];
    const gz: ForgedTarEntry[] = [{ name: "g.txt", content: "z".repeat(512) }];
    const heard: [number, number][] = [];
    const target = await unpackBytes(folder, [
      ["zip", forgeZip(zip)],
      ["tar", forgeTar(tar)],
      ["tar.gz", gzipSync(forgeTar(gz))],
      ["tar.bz2", bzip2("files_tar")],
    ], { report: (done, total) => heard.push([done, total]) });
    assertEquals(tree(target), {
      "a/b.txt": textSummary("one"),
      "a/c.txt": textSummary("x".repeat(5000)),
      "empty": textSummary(""),
      "t/b.txt": textSummary("two"),
      [long]: textSummary("three"),
      [`${long}2`]: textSummary("y".repeat(3000)),
      "g.txt": textSummary("z".repeat(512)),
      "b.txt": textSummary("w".repeat(700)),
      "deep/c.txt": textSummary(LINES.slice(0, 5000)),
    });
    assertEquals(heard.at(-1)![0], heard.at(-1)![1]);
    assertEquals(heard.every(([done], i) => i === 0 || done >= heard[i - 1][0]), true);
    assertEquals([...Deno.readDirSync(join(folder, "deep"))].length, 1);
  }));

Deno.test("what is not wanted is left out, and checked all the same", () =>
  withFolder(async (folder) => {
    const entries = [{ name: "top/a/1", content: "1" }, { name: "top/b/2", content: "2" }];
    const keep = /(?:^|\/)b\//;
    const target = await unpackBytes(folder, [["zip", forgeZip(entries)]], { keep });
    assertEquals(Object.keys(tree(target)), ["top/b/2"]);
    await Deno.remove(target, { recursive: true });
    const tar = forgeTar([...entries, { name: "../a" }]);
    await assertRejects(() => unpackBytes(folder, [["tar", tar]], { keep }), DataError, "climbs");
  }));

const ZEROS = new Uint8Array(70 * 2 ** 20);
const honest: ForgedZipEntry = { name: "honest", content: "content" };
const honestTar: ForgedTarEntry = { name: "honest", content: "content" };

/** A zip with its entries, one bit of the middle of its data turned. */
function damagedZip(deflate: boolean): Uint8Array<ArrayBuffer> {
  const content = Array.from({ length: 4000 }, (_, i) => String.fromCharCode(97 + i * i % 26));
  const bytes = forgeZip([{ name: "x", content: content.join(""), deflate }]);
  bytes[31 + (deflate ? 40 : 2000)] ^= 4;
  return bytes;
}

const bzip2 = (name: string) =>
  Deno.readFileSync(new URL(`../../tests/reference/fixtures/bzip2/${name}.bz2`, import.meta.url));
const gzip = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes));
const names = (...list: string[]) => forgeZip([honest, ...list.map((name) => ({ name }))]);
const tarNames = (...list: string[]) => forgeTar([honestTar, ...list.map((name) => ({ name }))]);
const pax = (key: string, value: string) =>
  forgeTar([{ name: "p", kind: "x", content: paxRecord(key, value) }, honestTar]);

/** Hostile and damaged archives: what they are, how they are packed, and why they are refused. */
const HOSTILE: readonly (readonly [string, Kind, Uint8Array, string, UnpackLimits?])[] = [
  ["a path upwards", "zip", names("../evil"), '"../evil" is refused: it climbs out'],
  ["a path upwards", "tar", tarNames("a/../../evil"), "it climbs out"],
  ["a path upwards in a PAX header", "tar", pax("path", "../evil"), "it climbs out"],
  ["an absolute path", "zip", names("/tmp/evil"), "absolute path"],
  ["an absolute path", "tar", tarNames("/tmp/evil"), "absolute path"],
  ["a drive", "zip", names("C:/evil"), "starts with a drive"],
  ["a backslash", "zip", names("..\\evil"), "backslash"],
  ["a backslash", "tar", tarNames("a\\..\\evil"), "backslash"],
  ["a NUL in a name", "zip", names("picture.png\0.exe"), "NUL"],
  ["a NUL in a name", "tar", pax("path", "a\0b"), "NUL"],
  ["a device's name", "zip", names("a/NUL.txt"), "one of a device"],
  ["a name that reads backwards", "zip", names("a\u202egnp.exe"), "do not show"],
  ["a name of 60,000 letters", "zip", names("n".repeat(60000)), "more than 1024"],
  ["a name of 60,000 letters", "tar", pax("path", "n".repeat(60000)), "more than 1024"],
  [
    "a symbolic link",
    "zip",
    forgeZip([{ name: "l", content: "/etc", mode: 0o120777 }]),
    "symbolic",
  ],
  ["a symbolic link", "tar", forgeTar([{ name: "l", kind: "2", link: "/etc" }]), "symbolic link"],
  ["a hard link", "tar", forgeTar([{ name: "l", kind: "1", link: "/etc/passwd" }]), "hard link"],
  ["a character device", "tar", forgeTar([{ name: "d", kind: "3" }]), "character device"],
  ["a block device", "tar", forgeTar([{ name: "d", kind: "4" }]), "block device"],
  ["a FIFO", "tar", forgeTar([{ name: "f", kind: "6" }]), "FIFO"],
  ["a FIFO", "zip", forgeZip([{ name: "f", mode: 0o010644 }]), "FIFO"],
  ["a sparse file", "tar", forgeTar([{ name: "s", kind: "S" }]), "sparse file"],
  ["a sparse file", "tar", pax("GNU.sparse.major", "1"), "sparse file"],
  ["a kind nobody knows", "tar", forgeTar([{ name: "s", kind: "Q" }]), "unknown kind"],
  ["a name twice", "zip", names("honest"), "is there twice"],
  ["a name twice", "tar", tarNames("honest"), "is there twice"],
  ["names that differ in case", "zip", names("HONEST"), 'cannot tell it from "honest"'],
  ["folders that differ in case", "tar", tarNames("a/x", "A/y"), 'cannot tell it from "a"'],
  ["accents spelled in two ways", "zip", names("\u00e9", "e\u0301"), "cannot tell it from"],
  ["a file that is a folder too", "zip", names("honest/x"), "is a file and a folder"],
  ["a file that is a folder too", "tar", tarNames("x/y", "x"), "is a file and a folder"],
  [
    "a folder that says it is a file",
    "zip",
    forgeZip([{ name: "a/", mode: 0o100644 }]),
    "is a file",
  ],
  ["a folder with content", "zip", forgeZip([{ name: "a/", content: "x" }]), "with content"],
  ["a folder with content", "tar", forgeTar([{ name: "a", kind: "5", content: "x" }]), "content"],
  ["a bomb", "zip", forgeZip([{ name: "z", content: ZEROS, deflate: true }]), "200 times"],
  ["a bomb", "tar.gz", gzip(forgeTar([{ name: "z", content: ZEROS }])), "200 times"],
  ["too many bytes", "zip", forgeZip([honest]), "more than 6 bytes", { entries: 9, bytes: 6 }],
  ["too many bytes", "tar", forgeTar([honestTar]), "more than 6 bytes", { entries: 9, bytes: 6 }],
  ["too many entries", "zip", names("a", "b"), "more than 2 entries", { entries: 2, bytes: 99 }],
  ["too many entries", "tar", tarNames("a", "b"), "than 2 entries", { entries: 2, bytes: 99 }],
  [
    "bytes that two entries share",
    "zip",
    forgeZip([honest, { ...honest, sharesFirst: true, name: "x" }]),
    "shares bytes",
  ],
  ["encryption", "zip", forgeZip([{ ...honest, central: { flags: 1 } }]), "is encrypted"],
  [
    "a wrong CRC",
    "zip",
    forgeZip([{ ...honest, central: { crc: 1 }, local: { crc: 1 } }]),
    "damaged",
  ],
  ["a turned bit", "zip", damagedZip(false), "is damaged"],
  ["a turned bit in what is packed", "zip", damagedZip(true), "is damaged"],
  ["two names for an entry", "zip", forgeZip([{ ...honest, local: { name: "evil" } }]), "damaged"],
  ["two sizes for an entry", "zip", forgeZip([{ ...honest, local: { bytes: 3 } }]), "is damaged"],
  [
    "a size that is a lie",
    "zip",
    forgeZip([{
      name: "x",
      content: "y".repeat(999),
      deflate: true,
      central: { bytes: 5 },
      local: { bytes: 5 },
    }]),
    "is damaged",
  ],
  ["an entry beyond the end", "zip", forgeZip([{ ...honest, central: { packed: 5e6 } }]), "beyond"],
  ["a zip that was cut", "zip", forgeZip([honest]).subarray(0, 90), "no sound zip archive"],
  ["no zip at all", "zip", new Uint8Array(500).fill(60), "no sound zip archive"],
  ["nothing", "zip", new Uint8Array(), "no sound zip archive"],
  [
    "a tar that was cut in a file",
    "tar",
    forgeTar([{ name: "x", content: ZEROS }]).subarray(0, 5000),
    "bytes before its end",
  ],
  ["a tar that was cut after a file", "tar", forgeTar([honestTar], false), "without an end mark"],
  ["a tar that was cut in a header", "tar", forgeTar([honestTar]).subarray(0, 300), "it was cut"],
  ["a wrong checksum", "tar", forgeTar([{ ...honestTar, checksum: 99 }]), "checksum of a header"],
  ["a size that is no number", "tar", forgeTar([{ ...honestTar, size: "zz\0" }]), "is no number"],
  ["a negative size", "tar", forgeTar([{ ...honestTar, size: "-0000000007\0" }]), "is no number"],
  ["a negative size in PAX", "tar", pax("size", "-7"), "is no number"],
  [
    "a PAX header that is damaged",
    "tar",
    forgeTar([{ name: "p", kind: "x", content: "9 a=b" }]),
    "extended header is damaged",
  ],
  [
    "a PAX header that is huge",
    "tar",
    forgeTar([{ name: "p", kind: "x", size: "77777777777\0" }]),
    "extended header has",
  ],
  ["no tar at all", "tar", new Uint8Array(5000).fill(60), "checksum of a header"],
  ["a gzip that was cut", "tar.gz", gzip(forgeTar([honestTar])).subarray(0, 60), "damaged"],
  [
    "a gzip with a wrong CRC",
    "tar.gz",
    (() => {
      const bytes = gzip(forgeTar([honestTar]));
      bytes[bytes.length - 7] ^= 1;
      return bytes;
    })(),
    "damaged",
  ],
  ["a bomb", "tar.bz2", bzip2("bomb_tar"), "200 times"],
  ["a bzip2 that was cut", "tar.bz2", bzip2("files_tar").subarray(0, 60), "damaged"],
  ["no bzip2 at all", "tar.bz2", forgeTar([honestTar]), "damaged"],
  ["no gzip at all", "tar.gz", forgeTar([honestTar]), "damaged"],
];

Deno.test("hostile and damaged archives are refused by name, and nothing is written", () =>
  withFolder(async (folder) => {
    for (const [i, [name, kind, bytes, reason, limits]] of HOSTILE.entries()) {
      const own = join(folder, `${i}`);
      await Deno.mkdir(own);
      // What came before it is gone with it, and so is what it would have written outside.
      const files: [Kind, Uint8Array][] = [[kind, bytes]];
      const error = await assertRejects(
        () => unpackBytes(own, files, {}, limits),
        DataError,
        undefined,
        `${name} (${kind})`,
      );
      const text = `${name} (${kind}): ${error.message.slice(0, 300)}`;
      assertEquals(error.message.includes(reason), true, text);
      assertEquals(error.path, join(own, `0.${kind}`));
      assertEquals(Object.keys(tree(own)), [`0.${kind}`], text);
      await Deno.remove(own, { recursive: true });
    }
    assertEquals([...Deno.readDirSync(folder)], []);
    assertThrows(() => Deno.lstatSync("/tmp/evil"), Deno.errors.NotFound);
  }));

Deno.test("no bit of a zip or tar.gz can turn unnoticed", () =>
  withFolder(async (folder) => {
    const texts = ["one ".repeat(300), "two".repeat(50), ""];
    const entries = texts.map((content, i) => ({ name: `a/${i}`, content, deflate: i === 0 }));
    const sound = Object.fromEntries(texts.map((text, i) => [`a/${i}`, textSummary(text)]));
    const random = randomStream(3, "flips");
    for (const [kind, bytes] of [["zip", forgeZip(entries)], ["tar.gz", gzip(forgeTar(entries))]]) {
      let refused = 0;
      for (let i = 0; i < 150; i++) {
        const flipped = Uint8Array.from(bytes as Uint8Array);
        flipped[random.integer(0, flipped.length)] ^= 1 << random.integer(0, 8);
        try {
          const target = await unpackBytes(folder, [[kind as Kind, flipped]]);
          // Dates, for example, are nobody's business.
          assertEquals(tree(target), sound);
        } catch (error) {
          if (!(error instanceof DataError)) throw error;
          refused++;
        }
        await Deno.remove(folder, { recursive: true });
        await Deno.mkdir(folder);
      }
      assertEquals(refused > 75, true, `${kind}: ${refused} of 150 were refused`);
    }
  }));

Deno.test("a bad archive takes the good one before it along", () =>
  withFolder(async (folder) => {
    const good = forgeZip([honest]), bad = forgeTar([honestTar]);
    await assertRejects(
      () => unpackBytes(folder, [["zip", good], ["tar", bad]]),
      DataError,
      '"honest" is there twice',
    );
    assertEquals(Object.keys(tree(folder)).sort(), ["0.zip", "1.tar"]);
  }));

Deno.test("unpacking that is stopped leaves nothing", () =>
  withFolder(async (folder) => {
    const stop = new AbortController();
    const report = () => stop.abort(new Interrupted("x"));
    const entries = [honestTar, { ...honestTar, name: "second" }];
    const archives: [Kind, Uint8Array][] = [["tar", forgeTar(entries)], ["zip", forgeZip(entries)]];
    for (const archive of archives) {
      const options = { report, signal: stop.signal };
      await assertRejects(() => unpackBytes(folder, [archive], options), Interrupted);
      assertEquals(Object.keys(tree(folder)), [`0.${archive[0]}`]);
      await Deno.remove(join(folder, `0.${archive[0]}`));
    }
  }));
