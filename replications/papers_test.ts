import { assert, assertEquals } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { papers } from "./papers.ts";

const ids = new Set(Object.values(papers).map(({ id }) => id));

Deno.test("every paper that has a command is on the list, under its folder's name", () => {
  const tasks = Object.entries(config.tasks).flatMap(([name, { command }]) => {
    const [, folder] = /replications\/(\w+)\/main\.ts/.exec(command) ?? [];
    return folder === undefined ? [] : [[name, folder.replaceAll("_", "-")]];
  });
  assert(tasks.length > 0);
  for (const [name, folder] of tasks) {
    assertEquals(folder, name);
    assert(ids.has(name), `${name} is missing from replications/papers.ts`);
  }
});

Deno.test("no paper is on the list twice", () => {
  const each = Object.values(papers);
  assertEquals(ids.size, each.length);
  for (const part of ["title", "arxiv"] as const) {
    assertEquals(new Set(each.map((paper) => paper[part])).size, each.length, part);
  }
});
