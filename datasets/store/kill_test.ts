import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataError } from "../../base/errors.ts";
import { buildStore } from "./build.ts";
import { openStore } from "./read.ts";
import { fillSmallStore, withFolder } from "./small_store.ts";
import { verifyStore } from "./verify.ts";

const mayRun = (await Deno.permissions.query({ name: "run", command: Deno.execPath() }))
  .state === "granted";
if (!mayRun) console.error("skipped: killing a build needs the right to run Deno");

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

/** Starts a program that builds stores and kills it when it has printed `lines` lines. */
async function killAfter(lines: number, program: string): Promise<void> {
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
  name: "a store that is replaced over and over is whole or absent wherever its builder is killed",
  ignore: !mayRun,
  fn: () =>
    withFolder(async (folder) => {
      for (const lines of [1, 2, 3, 5, 8]) {
        const path = join(folder, `${lines}`);
        await killAfter(
          lines,
          `${imports}
          for (let i = 0;; i++) {
            await buildStore(${JSON.stringify(path)}, { i }, fillSmallStore, { replace: true });
            console.log(i);
          }`,
        );
        if (names(folder).includes(`${lines}`)) await verifyStore(path, { deep: true });
        else await assertRejects(() => openStore(path), DataError, "there is no such store");
      }
    }),
});
