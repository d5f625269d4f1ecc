/**
 * The machine and the software a run used, as its record keeps them.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { fromFileUrl, join, resolve } from "@std/path";
import reflow from "../deno.json" with { type: "json" };
import type { Environment } from "./record.ts";

const ROOT = fromFileUrl(new URL("..", import.meta.url));

/** What can change a number: code, what it imports as data, and the pins of its packages. */
const SOURCE = /\.(ts|tsx|js|css|json|lock)$/;

/** Tests, and what is no source. */
const APART = /^(data|runs|docs|tests|node_modules|\..*)$|_test\.tsx?$/;

/**
 * What turns predictions into numbers; a change of it is a change of the benchmark. The code of
 * documents about protocols is no part of it.
 */
const SCORING =
  /^(base\/arrays\.ts|benchmarks\/(evaluate(_segmentation)?\.ts|metrics\/.*|protocols\/(?!document).*|statistics\/mean\.ts)|datasets\/((flow|video)_store\.ts|formats\/.*))$/;

/**
 * Describes this machine and this copy of Reflow.
 *
 * @param backend Name of the backend in use, for example `webgpu`.
 * @param adapter The adapter in use, or null on the CPU.
 * @param kernels The kernel set in use.
 */
export async function captureEnvironment(
  backend: string,
  adapter: Environment["adapter"],
  kernels: Environment["kernels"] = "tuned",
): Promise<Environment> {
  return {
    reflow: reflow.version,
    commit: await checkedOutCommit(ROOT),
    code: await sourceDigest(ROOT),
    benchmark: await sourceDigest(ROOT, SCORING, withoutComments),
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    os: `${Deno.build.os} ${Deno.osRelease()}`,
    arch: Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    memoryBytes: Deno.systemMemoryInfo().total,
    backend,
    kernels,
    adapter,
    packages: pinnedPackages(Object.values(reflow.imports)),
  };
}

/** Versions of the npm packages an import map pins, by package name. */
export function pinnedPackages(specifiers: readonly string[]): Record<string, string> {
  const pinned = specifiers.flatMap((specifier) => {
    const [, name, version] = /^npm:((?:@[^/]+\/)?[^@/]+)@([^/]+)/.exec(specifier) ?? [];
    return name ? [[name, version]] : [];
  });
  return Object.fromEntries(pinned.sort(([a], [b]) => a < b ? -1 : 1));
}

/**
 * The commit a folder is checked out at, read from git's own files, or null where there is none.
 *
 * @param root The folder `.git` lies in; `.git` may also be a file, as in a linked worktree.
 */
export async function checkedOutCommit(root: string): Promise<string | null> {
  const pointer = await textOf(join(root, ".git"));
  const gitDir = resolve(root, pointer?.replace(/^gitdir:\s*/, "") ?? ".git");
  const head = await textOf(join(gitDir, "HEAD"));
  if (head === null || !head.startsWith("ref:")) return head;
  const ref = head.replace("ref:", "").trim();
  const common = resolve(gitDir, await textOf(join(gitDir, "commondir")) ?? ".");
  const loose = await textOf(join(gitDir, ref)) ?? await textOf(join(common, ref));
  if (loose !== null) return loose;
  const packed = await textOf(join(common, "packed-refs")) ?? "";
  return packed.split("\n").find((line) => line.endsWith(` ${ref}`))?.split(" ")[0] ?? null;
}

/**
 * SHA-256 over the names and contents of all source files below a folder, tests left out. It names
 * the code even where it is not committed.
 *
 * @param among Names that count; all unless told.
 * @param reduce Leaves out of a file's text what doesn't count.
 */
export async function sourceDigest(
  root: string,
  among = /^/,
  reduce?: (text: string) => string,
): Promise<string> {
  const hash = createHash("sha256");
  for (const name of (await sourcesIn(root, "")).filter((name) => among.test(name)).sort()) {
    const content = await Deno.readFile(join(root, name));
    const counted = reduce
      ? new TextEncoder().encode(reduce(new TextDecoder().decode(content)))
      : content;
    hash.update(`${name}\0${counted.length}\0`).update(counted);
  }
  return hash.digest("hex");
}

/** TypeScript without comments at the ends and starts of lines, and without empty lines. */
export function withoutComments(text: string): string {
  return text.replace(/^\s*\/\*[^]*?\*\/\s*$/gm, "").replace(/(^|\s)\/\/ .*$/gm, "")
    .replace(/\s*\n\s*/g, "\n").trim();
}

/** Names with `/` between, the same on every system. */
async function sourcesIn(root: string, folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(join(root, folder))) {
    if (APART.test(entry.name)) continue;
    const name = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory) names.push(...await sourcesIn(root, name));
    else if (SOURCE.test(name)) names.push(name);
  }
  return names;
}

/** A file's text without white space around it; null where there is no file of that name. */
async function textOf(path: string): Promise<string | null> {
  try {
    return (await Deno.readTextFile(path)).trim();
  } catch {
    return null;
  }
}
