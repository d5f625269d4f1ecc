/**
 * A download whose process is killed, again and again.
 *
 * With `REFLOW_LONG=1` it is killed 50 times rather than four.
 */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { exists, sha256 } from "../../base/files.ts";
import { randomStream } from "../../base/random.ts";
import { withFolder } from "../store/small_store.ts";
import { BadServer, fakeArchive, HOST, sourceFile, wellBehaved } from "./bad_server.ts";
import { download } from "./download.ts";

const mayRun = (await Deno.permissions.query({ name: "run", command: Deno.execPath() }))
  .state === "granted";
if (!mayRun) console.error("skipped: killing a download needs the right to run Deno");

const KILLS = Deno.env.get("REFLOW_LONG") === "1" ? 50 : 4;
const FILE = fakeArchive(1 << 21);
const DIGEST = sha256(FILE);

/** A process that fetches the file. */
function fetching(folder: string, origin: string): Deno.ChildProcess {
  const here = (name: string) => JSON.stringify(import.meta.resolve(name));
  const program = `
    import { HOST, localAddress, sourceFile } from ${here("./bad_server.ts")};
    import { download } from ${here("./download.ts")};
    const request = (input, init) => fetch(localAddress(input, ${JSON.stringify(origin)}), init);
    const source = sourceFile({ sha256: ${JSON.stringify(DIGEST)} });
    await download(source, ${JSON.stringify(folder)}, { hosts: [HOST], request });
  `;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const args = ["eval", "-q", "--no-lock", `--config=${config}`, program];
  return new Deno.Command(Deno.execPath(), { args, stderr: "null" }).spawn();
}

Deno.test({
  name: "a download that is killed leaves a part to go on with, and never a wrong file",
  ignore: !mayRun,
  fn: () =>
    withFolder(async (folder) => {
      const random = randomStream(6, "kills");
      const final = join(folder, "toy.zip");
      let child: Deno.ChildProcess | null = null;
      await using server = new BadServer((request) => {
        // Sometimes the kill meets the last steps, when all bytes are there.
        const rest = FILE.length - (request.from ?? 0);
        const bytes = random.chance(0.3) ? rest : random.integer(0, Math.min(rest, 200_000) + 1);
        const delay = random.uniform(0, 30);
        const act = () => void setTimeout(() => child?.kill("SIGKILL"), delay);
        return {
          ...wellBehaved(FILE)(request),
          ...bytes < rest && { hangAfter: bytes },
          whenSent: { bytes, act },
        };
      });
      let whole = 0;
      for (let kill = 0; kill < KILLS; kill++) {
        child = fetching(folder, server.origin);
        await child.status;
        child = null;
        if (await exists(final)) {
          assertEquals(sha256(await Deno.readFile(final)), DIGEST);
          whole++;
          await Deno.remove(final);
        } else {
          const { size } = await Deno.stat(`${final}.partial`);
          const part = await Deno.readFile(`${final}.partial`);
          assertEquals(part, FILE.subarray(0, size));
        }
      }
      console.log(`${KILLS} kills: ${whole} files whole, ${KILLS - whole} absent`);
      server.behaviour = wellBehaved(FILE);
      server.sent = 0;
      const before = await exists(`${final}.partial`)
        ? (await Deno.stat(`${final}.partial`)).size
        : 0;
      const source = sourceFile({ sha256: DIGEST });
      await download(source, folder, { hosts: [HOST], request: server.request });
      assertEquals(sha256(await Deno.readFile(final)), DIGEST);
      assertEquals(server.sent, FILE.length - before);
    }),
});
