import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { randomStream } from "../../base/random.ts";
import { buildStore } from "./build.ts";
import { openStore } from "./read.ts";
import { fillSmallStore, withFolder } from "./small_store.ts";
import { verifyStore } from "./verify.ts";

const mayRun = (await Deno.permissions.query({ name: "run", command: Deno.execPath() }))
  .state === "granted";
if (!mayRun) console.error("skipped: killing a build needs the right to run Deno");

/** Kills of a build at random moments; with `REFLOW_LONG=1` as many as the promise says. */
const KILLS = Deno.env.get("REFLOW_LONG") === "1" ? 50 : 4;

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

/**
 * Starts a program that builds stores and kills it when it has printed `lines` lines and `delay`
 * milliseconds have passed.
 */
async function killAfter(lines: number, program: string, delay = 0): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      "--no-lock",
      `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
      program,
    ],
    stdout: "piped",
  }).spawn();
  let printed = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    printed += text;
    if (printed.split("\n").length > lines) break;
  }
  await new Promise((resolve) => setTimeout(resolve, delay));
  child.kill("SIGKILL");
  assertEquals((await child.status).signal, "SIGKILL");
}

const imports = `
  import { buildStore } from ${JSON.stringify(new URL("./build.ts", import.meta.url).href)};
  import { fillSmallStore } from ${
  JSON.stringify(new URL("./small_store.ts", import.meta.url).href)
};
`;

Deno.test({
  name: "a build that is killed leaves no store, and the next build sweeps its rest away",
  ignore: !mayRun,
  fn: () =>
    withFolder(async (folder) => {
      const path = join(folder, "small");
      await killAfter(
        1,
        `${imports}
        await buildStore(${JSON.stringify(path)}, {}, async (store) => {
          await fillSmallStore(store);
          console.log("filled");
          await new Promise((resolve) => setTimeout(resolve, 60_000));
        });`,
      );
      await assertRejects(() => openStore(path), DataError, "there is no such store");
      assertEquals(names(folder).length, 1, "the killed build left something");
      const other = buildStore(path, {}, async (store) => {
        await fillSmallStore(store);
        // A build under way is no rest: neither this one nor a second one sweeps the other.
        await buildStore(join(folder, "second"), {}, fillSmallStore);
        await buildStore(path, {}, fillSmallStore);
      });
      await assertRejects(() => other, DataError, "it exists already");
      await verifyStore(path, { deep: true });
      assertEquals(names(folder), ["second", "small"]);
    }),
});

Deno.test({
  name: "a store is whole or absent wherever its builder is killed, replacing one or not",
  ignore: !mayRun,
  fn: () =>
    withFolder(async (folder) => {
      const random = randomStream(4, "kills");
      let whole = 0, underWay = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        const place = join(folder, `${kill}`);
        const path = JSON.stringify(join(place, "store"));
        const replace = kill % 2 === 0;
        await killAfter(
          random.integer(1, 4),
          `${imports}
          for (let i = 0;; i++) {
            const path = ${path} + (${replace} ? "" : i);
            await buildStore(path, { i }, fillSmallStore, { replace: ${replace} });
            console.log(i);
          }`,
          random.uniform(0, 20),
        );
        const left = names(place);
        const stores = left.filter((name) => !name.startsWith("."));
        for (const name of stores) await verifyStore(join(place, name), { deep: true });
        whole += stores.length;
        if (stores.length < left.length) underWay++;
        else if (stores.length === 0) {
          await assertRejects(() => openStore(join(place, "store")), DataError, "no such store");
        }
      }
      console.log(`${KILLS} kills, ${underWay} of them during a build: ${whole} stores, all whole`);
    }),
});
