/**
 * Who may import whom.
 *
 * Data has one way through the house, and so have imports. What knows no paper stays usable by all
 * of them; what only reads run records can show a run that any version made.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

/** An import: the file that does it and the file it names, below the root, with `/` between. */
type Edge = readonly [from: string, to: string];

/** Files that belong together, and what they may import beside each other. */
interface Room {
  readonly files: RegExp;
  readonly imports: RegExp | null;
}

/** From the ground up; a file belongs to the first room it fits. */
const rooms: Record<string, Room> = {
  ground: { files: /^base\//, imports: null },
  networks: { files: /^nn\//, imports: /^base\// },
  data: { files: /^datasets\//, imports: /^base\// },
  // A contender that needs nn/ belongs to its paper: benchmarks/ knows only the interface.
  numbers: { files: /^benchmarks\//, imports: /^(base|datasets)\// },
  reports: {
    files: /^reports\//,
    imports:
      /^(base\/|benchmarks\/(record|run_folder|samples|metric_names|machine|history|scan_runs|speed\/speed_record|comparison\/comparison_record|claims\/claims_record)\.ts$)/,
  },
  "a paper's command": {
    files: /^replications\/[^/]+\/main\.ts$/,
    imports: /^(base|cli|replications)\//,
  },
  papers: { files: /^replications\//, imports: /^(base|nn|datasets|benchmarks)\// },
  "command line": {
    files: /^cli\//,
    imports: /^(base|nn|datasets|benchmarks|replications|reports)\//,
  },
  "public API": {
    files: /^mod\.ts$/,
    imports: /^(base|nn|datasets|benchmarks|replications|reports)\//,
  },
  tools: { files: /^tools\//, imports: /^base\// },
};

/** What any file may import. */
const everywhere = /^deno\.json$/;

/** The imports that the rules forbid, as sentences. */
function violations(edges: readonly Edge[]): string[] {
  return edges.flatMap(([from, to]) => {
    const [name, room] = Object.entries(rooms).find(([, { files }]) => files.test(from)) ?? [];
    if (!room) return [`${from} belongs to no room`];
    const near = [room.files, room.imports, everywhere].some((files) => files?.test(to));
    // A paper is known to nobody else, not even to what all papers share.
    const paper = paperOf(to);
    const open = paper === undefined || paper === paperOf(from) || from === "mod.ts" ||
      // A paper that learns from flow hands its command the paper that computes it.
      /^replications\/[^/]+\/main\.ts$/.test(from) && to === "replications/raft/raft.ts" ||
      // The benchmark runs over all papers; it knows what they time, and nothing else of them.
      from === "cli/bench.ts" && /^replications\/[^/]+\/speed\.ts$/.test(to);
    return near && open ? [] : [`${from} (${name}) imports ${to}`];
  });
}

/** The paper a file belongs to, if any. */
function paperOf(file: string): string | undefined {
  return /^replications\/([^/]+)\//.exec(file)?.[1];
}

/** A cycle of imports as the files along it, or null where there is none. */
function cycle(edges: readonly Edge[]): string[] | null {
  const imports = Map.groupBy(edges, ([from]) => from);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): string[] | null => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return null;
    for (const [, to] of imports.get(file) ?? []) {
      const found = visit(to, [...path, file]);
      if (found) return found;
    }
    done.add(file);
    return null;
  };
  for (const file of imports.keys()) {
    const found = visit(file, []);
    if (found) return found;
  }
  return null;
}

/** What a file's text imports from other files here, types and dynamic imports included. */
function importsIn(file: string, text: string): Edge[] {
  const statement = /^\s*(?:import|export)\b[^;"]*?"(\.[^"]+)"|\bimport\(\s*"(\.[^"]+)"/gm;
  return [...text.matchAll(statement)].map(([, fixed, dynamic]) => {
    return [file, new URL(fixed ?? dynamic, `file:///${file}`).pathname.slice(1)];
  });
}

const ROOT = fromFileUrl(new URL("..", import.meta.url));
const APART = /^(\..*|data|runs|docs|tests|node_modules)$/;

/** Names of the product's source files. */
function sources(folder = ""): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap(({ name, isDirectory }) => {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (APART.test(name)) return [];
    if (isDirectory) return sources(path);
    return /\.tsx?$/.test(name) && !/_test\.tsx?$/.test(name) ? [path] : [];
  });
}

const edges = sources().flatMap((file) => importsIn(file, Deno.readTextFileSync(join(ROOT, file))));

Deno.test("imports go one way through the house", () => {
  assertEquals(violations(edges), []);
});

Deno.test("no imports go in a circle", () => {
  assertEquals(cycle(edges), null);
});

Deno.test("the imports of this house are found", () => {
  const found = new Set(edges.map((edge) => edge.join(" ")));
  for (
    const [from, to] of [
      ["base/flow_color.ts", "base/arrays.ts"],
      ["datasets/stored_dataset.ts", "deno.json"],
      ["reports/report.tsx", "reports/load.ts"],
    ]
  ) {
    assertEquals(found.has(`${from} ${to}`), true, `${from} ${to}`);
  }
});

Deno.test("importsIn() finds each kind of import and no mention of one", () => {
  const text = `
    import { a } from "./a.ts";
    import type { B } from "../b.ts";
    import "./c.js";
    export {
      d,
    } from "./d.ts";
    export * from "./e.ts";
    const f = await import("./f.ts");
    import data from "../deno.json" with { type: "json" };
    import outside from "npm:x";
    // see import("npm:y")
    /**
     * import { g } from "./g.ts";
     */
    export const h = 1;
    const i = "./i.ts";
  `;
  const names = "x/a.ts b.ts x/c.js x/d.ts x/e.ts x/f.ts deno.json".split(" ");
  assertEquals(importsIn("x/y.ts", text).map(([, to]) => to), names);
});

Deno.test("violations() knows what is allowed", () => {
  const allowed: Edge[] = [
    ["base/a.ts", "base/b.ts"],
    ["nn/kernels/a.ts", "nn/b.ts"],
    ["datasets/a.ts", "base/b.ts"],
    ["benchmarks/a.ts", "datasets/b.ts"],
    ["replications/raft/a.ts", "replications/raft/b.ts"],
    ["replications/raft/a.ts", "replications/train.ts"],
    ["replications/raft/a.ts", "nn/b.ts"],
    ["replications/raft/main.ts", "cli/replicate.ts"],
    ["replications/raft/main.ts", "replications/raft/raft.ts"],
    ["replications/guess_what_moves/main.ts", "replications/raft/raft.ts"],
    ["replications/train.ts", "benchmarks/run_folder.ts"],
    ["reports/page.tsx", "benchmarks/record.ts"],
    ["cli/replicate.ts", "reports/report.tsx"],
    ["mod.ts", "replications/raft/model.ts"],
    ["datasets/a.ts", "deno.json"],
    ["cli/bench.ts", "replications/raft/speed.ts"],
    ["reports/speed_page.tsx", "benchmarks/speed/speed_record.ts"],
  ];
  assertEquals(violations(allowed), []);
});

Deno.test("violations() knows what is not", () => {
  const forbidden: Edge[] = [
    ["base/a.ts", "nn/b.ts"],
    ["nn/a.ts", "datasets/b.ts"],
    ["nn/a.ts", "replications/raft/model.ts"],
    ["datasets/a.ts", "nn/b.ts"],
    ["benchmarks/a.ts", "nn/b.ts"],
    ["benchmarks/a.ts", "replications/raft/model.ts"],
    ["replications/raft/model.ts", "replications/flowe/model.ts"],
    ["replications/raft/main.ts", "replications/flowe/model.ts"],
    ["replications/raft/model.ts", "cli/command.ts"],
    ["replications/raft/model.ts", "reports/report.tsx"],
    ["replications/train.ts", "replications/raft/model.ts"],
    ["reports/page.tsx", "benchmarks/evaluate.ts"],
    ["reports/page.tsx", "datasets/store.ts"],
    ["cli/replicate.ts", "replications/raft/raft.ts"],
    ["cli/bench.ts", "replications/raft/model.ts"],
    ["cli/runs.ts", "replications/raft/speed.ts"],
    ["reports/speed_page.tsx", "benchmarks/speed/measure.ts"],
    ["cli/command.ts", "mod.ts"],
    ["base/a.ts", "mod.ts"],
    ["elsewhere/a.ts", "base/b.ts"],
  ];
  assertEquals(violations(forbidden).length, forbidden.length, violations(forbidden).join("\n"));
});

Deno.test("cycle() finds circles of any length", () => {
  assertEquals(cycle([["a", "b"], ["b", "c"], ["a", "c"]]), null);
  assertEquals(cycle([["a", "a"]]), ["a", "a"]);
  assertEquals(cycle([["x", "a"], ["a", "b"], ["b", "c"], ["c", "a"]]), ["a", "b", "c", "a"]);
});
