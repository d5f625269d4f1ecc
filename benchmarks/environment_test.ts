import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import {
  captureEnvironment,
  checkedOutCommit,
  pinnedPackages,
  sourceDigest,
  withoutComments,
} from "./environment.ts";
import { Environment } from "./record.ts";

const FIRST = "1".repeat(40), SECOND = "2".repeat(40);

/** Runs a test in a folder that holds these files. */
async function inFolder(
  files: Record<string, string>,
  test: (root: string, write: (name: string, text: string) => Promise<void>) => Promise<void>,
) {
  const root = await Deno.makeTempDir();
  const write = async (name: string, text: string) => {
    await Deno.mkdir(dirname(join(root, name)), { recursive: true });
    await Deno.writeTextFile(join(root, name), text);
  };
  try {
    for (const [name, text] of Object.entries(files)) await write(name, text);
    await test(root, write);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("captureEnvironment() fits the record's schema", async () => {
  const environment = await captureEnvironment("cpu", null);
  assertEquals(Environment.parse(environment), environment);
  assertEquals(environment.packages.zarrita, "0.7.5");
  assertMatch(environment.code, /^[0-9a-f]{64}$/);
});

Deno.test("an environment from before kernels could be chosen ran on ours", async () => {
  const { kernels: _, ...old } = await captureEnvironment("webgpu", null, "stock");
  assertEquals(Environment.parse(old).kernels, "tuned");
});

Deno.test("pinnedPackages() takes names and versions out of an import map", () => {
  assertEquals(
    pinnedPackages(["npm:zod@4.6.7", "npm:@a/b@1.0.0-rc.1", "npm:std@2/x/mod.js", "./mod.ts"]),
    { "@a/b": "1.0.0-rc.1", std: "2", zod: "4.6.7" },
  );
});

Deno.test("checkedOutCommit() reads loose, packed and detached heads", async () => {
  await inFolder({ ".git/HEAD": "ref: refs/heads/main\n" }, async (root, write) => {
    assertEquals(await checkedOutCommit(root), null);
    await write(".git/packed-refs", `# pack-refs\n${FIRST} refs/heads/main\n`);
    assertEquals(await checkedOutCommit(root), FIRST);
    await write(".git/refs/heads/main", `${SECOND}\n`);
    assertEquals(await checkedOutCommit(root), SECOND);
    await write(".git/HEAD", `${FIRST}\n`);
    assertEquals(await checkedOutCommit(root), FIRST);
  });
});

Deno.test("checkedOutCommit() reads a linked worktree", async () => {
  await inFolder({
    "tree/.git": "gitdir: ../repo/.git/worktrees/tree\n",
    "repo/.git/worktrees/tree/HEAD": "ref: refs/heads/side\n",
    "repo/.git/worktrees/tree/commondir": "../..\n",
    "repo/.git/refs/heads/side": `${FIRST}\n`,
  }, async (root) => {
    assertEquals(await checkedOutCommit(join(root, "tree")), FIRST);
  });
});

Deno.test("checkedOutCommit() is null outside a checkout", async () => {
  await inFolder({}, async (root) => assertEquals(await checkedOutCommit(root), null));
});

Deno.test("sourceDigest() changes with names and contents of sources, and with nothing else", async () => {
  await inFolder({ "a/x.ts": "1", "b.json": "2" }, async (root, write) => {
    const before = await sourceDigest(root);
    for (const other of ["a/x_test.ts", "data/y.ts", ".deno/z.ts", "tests/t.ts", "README.md"]) {
      await write(other, "other");
    }
    assertEquals(await sourceDigest(root), before);
    await write("a/x.ts", "3");
    const changed = await sourceDigest(root);
    assertNotEquals(changed, before);
    await Deno.rename(join(root, "b.json"), join(root, "c.json"));
    assertNotEquals(await sourceDigest(root), changed);
  });
});

Deno.test("the digest of a part of the code changes with that part's statements alone", async () => {
  const files = {
    "a/metric.ts": "/** A mean. */\nexport const a = 1; // per image\n",
    "b.ts": "export const b = 1;",
  };
  await inFolder(files, async (root, write) => {
    const digest = () => sourceDigest(root, /^a\//, withoutComments);
    const before = await digest();
    await write("b.ts", "export const b = 2;");
    await write("a/metric.ts", "/**\n * The mean.\n */\n\nexport const a = 1;\n");
    assertEquals(await digest(), before);
    await write("a/metric.ts", "export const a = 2;\n");
    assertNotEquals(await digest(), before);
  });
});

Deno.test("withoutComments() leaves addresses and statements alone", () => {
  const text =
    'const a = "https://x"; // why\n  // whole line\n/**\n * Doc.\n */\nconst b = 1 / 2;\n';
  assertEquals(withoutComments(text), 'const a = "https://x";\nconst b = 1 / 2;');
});
