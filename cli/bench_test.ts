import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Interrupted, UsageError } from "../base/errors.ts";
import { silent } from "../base/progress.ts";
import type { Contestant, SpeedCase, SpeedGroup } from "../base/speed_case.ts";
import type { SpeedRecord } from "../benchmarks/speed/speed_record.ts";
import { allGroups, chosen, runGroup } from "./bench.ts";

const contestant = (name: string, result: number): Contestant => ({
  name,
  call: () => new Promise((resolve) => setTimeout(resolve, 20)),
  settle: () => Promise.resolve(),
  result: () => Promise.resolve([[result]]),
});

const caseOf = (name: string, ours: number): SpeedCase => ({
  ...{ name, shape: "" },
  measure: {
    open: () =>
      Promise.resolve({
        ours: contestant("ours", ours),
        alternative: contestant("theirs", 1),
        ...{ tolerance: 1e-6, close() {} },
      }),
  },
});

const group = (cases: SpeedGroup["cases"]): SpeedGroup => ({
  ...{ id: "g", title: "Group", about: "", cases },
});

function run(of: SpeedGroup, signal = new AbortController().signal) {
  const into: Pick<SpeedRecord, "rows" | "sizes"> = { rows: [], sizes: [] };
  return { into, done: runGroup(of, into, { repeats: 1, sink: silent, signal }) };
}

Deno.test("every group has a name of its own, a title and something to run", () => {
  const groups = allGroups("data");
  assertEquals(new Set(groups.map(({ id }) => id)).size, groups.length);
  for (const { id, title, about, cases, sizes } of groups) {
    assertEquals([/^[a-z0-9-]+$/.test(id), title !== "", about !== ""], [true, true, true], id);
    assertEquals(cases !== undefined || sizes !== undefined, true, id);
  }
});

Deno.test("groups are chosen by name, in the order of the page", () => {
  const groups = ["a", "b", "convolution"].map((id) => ({ ...group(() => []), id }));
  const ids = (only?: string[]) => chosen(groups, only).map(({ id }) => id);
  assertEquals(ids(), ["a", "b", "convolution"]);
  assertEquals(ids(["convolution", "a"]), ["a", "convolution"]);
  assertThrows(() => chosen(groups, ["convolutoin"]), UsageError, "no group");
  try {
    chosen(groups, ["convolutoin"]);
  } catch (error) {
    assertEquals((error as UsageError).nextStep, 'Did you mean "convolution"?');
  }
});

Deno.test("rows are measured in order, and a wrong one does not stop the next", async () => {
  const { into, done } = run(group(() => [caseOf("good", 1), caseOf("bad", 2), caseOf("last", 1)]));
  await done;
  assertEquals(into.rows.map(({ name }) => name), ["good", "bad", "last"]);
  assertEquals(into.rows.map(({ error }) => error === null), [true, false, true]);
  assertEquals(into.rows.map(({ ours }) => ours?.values.length), [1, undefined, 1]);
});

Deno.test("a group whose cases cannot be made is an error of its own row", async () => {
  const { into, done } = run(group(() => {
    throw new Error("no store");
  }));
  await done;
  assertEquals(into.rows.map(({ group, error }) => [group, error]), [["g", "no store"]]);
});

Deno.test("Ctrl-C stops between rows and keeps those before", async () => {
  const stop = new AbortController();
  const stopping: SpeedCase = {
    ...{ name: "stopping", shape: "" },
    measure: {
      unit: "submits",
      read() {
        stop.abort(new Interrupted("Stopped"));
        return Promise.resolve({ ours: { name: "ours", values: [1] }, alternative: null });
      },
    },
  };
  const { into, done } = run(group(() => [stopping, caseOf("never", 1)]), stop.signal);
  await assertRejects(() => done, Interrupted);
  assertEquals(into.rows.map(({ name }) => name), ["stopping"]);
});
