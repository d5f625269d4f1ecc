/**
 * Runs `browser/pages.ts` in a process of its own; skipped where there is no Chromium.
 */
import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

/** Where Debian and most others put it; `CHROMIUM` names another place. */
const chromium = [
  Deno.env.get("CHROMIUM") ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
].find((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});
if (chromium === undefined) console.error("skipped: no Chromium here (apt-get install chromium)");

Deno.test({
  name: "every kind of page in a browser",
  ignore: chromium === undefined,
  async fn() {
    const root = new URL("..", import.meta.url);
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "-q",
        "-A",
        "--no-prompt",
        fromFileUrl(new URL("browser/pages.ts", import.meta.url)),
      ],
      cwd: fromFileUrl(root),
      env: { CHROMIUM: chromium!, NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder();
    assertEquals(code, 0, text.decode(stdout) + text.decode(stderr));
  },
});
