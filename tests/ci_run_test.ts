import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const CI = fromFileUrl(new URL("../.ci/run", import.meta.url));

/** Last line and success of `.ci/run` in a checkout whose tests end like this. */
async function ciRun(output: string, code: number) {
  const root = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(root, ".ci"));
    await Deno.copyFile(CI, join(root, ".ci", "run"));
    const denow =
      `#!/bin/sh\n[ "$*" = "task test" ] || exit 99\ncat <<'END'\n${output}\nEND\nexit ${code}\n`;
    await Deno.writeTextFile(join(root, "denow"), denow, { mode: 0o755 });
    const { success, stdout } = await new Deno.Command(join(root, ".ci", "run")).output();
    return { success, last: new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1) };
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

const ignore = Deno.build.os === "windows";

Deno.test({ name: ".ci/run ends with the counts of Deno's summary", ignore }, async () => {
  const passed = await ciRun("ok | 3 passed | 0 failed (1ms)\n\nok | 12 passed | 0 failed (5s)", 0);
  assertEquals(passed, { success: true, last: "12 passed, 0 failed" });
  const mixed = await ciRun("FAILED | 8 passed (3 steps) | 1 failed (2 steps) | 2 ignored (1s)", 1);
  assertEquals(mixed, { success: false, last: "8 passed, 1 failed" });
});

Deno.test({ name: ".ci/run fails when tests fail to start or none ran", ignore }, async () => {
  assertEquals(await ciRun("error: Type checking failed.", 1), {
    success: false,
    last: "0 passed, 0 failed",
  });
  assertEquals((await ciRun("ok | 0 passed | 0 failed (1ms)", 0)).success, false);
  assertEquals((await ciRun("nothing", 0)).success, false);
  assertEquals((await ciRun("ok | 12 passed | 0 failed (5s)", 1)).success, false);
});
