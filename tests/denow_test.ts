/**
 * `denow` on machines that never were: a folder of fake tools is its whole PATH.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const DENOW = fromFileUrl(new URL("../denow", import.meta.url));
const PINNED = /^version=(.+)$/m.exec(await Deno.readTextFile(DENOW))![1];

/** Tools that `denow` and the fakes may expect of any system. */
const ORDINARY = "cat chmod dirname find head mkdir mktemp mv rm sh sleep sort".split(" ");

/** A deno of some version that shows how it was called. */
const fakeDeno = (version: string) =>
  `[ "$1" != --version ] || { echo "deno ${version} (stable)"; exit; }
   echo "deno ${version}"; for word; do echo "<$word>"; done`;

/** An npm that puts a program where npm would put deno's. */
const fakeNpm = (program: string, meanwhile = "") =>
  `while [ "$1" != --prefix ]; do shift; done
   folder=$2/node_modules/@deno/some-platform
   mkdir -p "$folder"
   printf '#!/bin/sh\\n%s\\n' '${program.replaceAll("'", "'\\''")}' > "$folder/deno"
   ${meanwhile}
   chmod +x "$folder/deno"`;

/** A machine with a copy of `denow`, its own PATH and its own `/usr/share` and `/var/lib`. */
class Machine {
  private constructor(readonly root: string) {}

  static async with(tools: Record<string, string>): Promise<Machine> {
    const machine = new Machine(await Deno.makeTempDir());
    await Deno.mkdir(machine.path("bin"));
    await Deno.mkdir(machine.project);
    await Deno.copyFile(DENOW, join(machine.project, "denow"));
    for (const name of ORDINARY) await machine.link(name);
    const all = { uname: "echo Linux", ...tools };
    for (const [name, script] of Object.entries(all)) await machine.tool(name, script);
    return machine;
  }

  /** The checkout; its name has spaces. */
  get project(): string {
    return this.path("my project");
  }

  path(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  private async link(name: string): Promise<void> {
    for (const folder of ["/usr/bin", "/bin", "/opt/homebrew/bin", "/usr/local/bin"]) {
      const real = await Deno.realPath(join(folder, name)).catch(() => null);
      if (real !== null) return await Deno.symlink(join(folder, name), this.path("bin", name));
    }
    throw new Error(`no ${name} on this system`);
  }

  /** Adds a tool that also notes its calls. */
  async tool(name: string, script: string): Promise<void> {
    const note = `echo ${name} "$@" >> '${this.path("calls")}'`;
    await Deno.writeTextFile(this.path("bin", name), `#!/bin/sh\n${note}\n${script}\n`, {
      mode: 0o755,
    });
  }

  async file(name: string): Promise<void> {
    await Deno.mkdir(join(this.path(name), ".."), { recursive: true });
    await Deno.writeTextFile(this.path(name), "");
  }

  /** Calls of a tool so far, one line each. */
  async calls(name: string): Promise<string[]> {
    const text = await Deno.readTextFile(this.path("calls")).catch(() => "");
    return text.split("\n").filter((line) => line.startsWith(`${name} `));
  }

  command(args: string[], { cwd = this.project, env = {} } = {}): Deno.Command {
    return new Deno.Command(join(this.project, "denow"), {
      args,
      cwd,
      clearEnv: true,
      env: {
        PATH: this.path("bin"),
        HOME: this.path("home"),
        XDG_RUNTIME_DIR: this.root,
        DENOW_SYSTEM: this.root,
        ...env,
      },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  }

  async run(args: string[], options?: { cwd?: string; env?: Record<string, string> }) {
    const { code, stdout, stderr } = await this.command(args, options).output();
    const text = new TextDecoder();
    return { code, out: text.decode(stdout), error: text.decode(stderr) };
  }

  /** Names in `.deno`. */
  kept(): string[] {
    try {
      return [...Deno.readDirSync(join(this.project, ".deno"))].map(({ name }) => name).sort();
    } catch {
      return [];
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.root, { recursive: true });
  }
}

/** A test of `denow`, which needs a POSIX shell. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `denow ${name}`, ignore: Deno.build.os === "windows", fn });
}

const [major, minor, patch] = PINNED.split(".").map(Number);
const driver = "usr/share/vulkan/icd.d/some.json";

test("runs a suitable deno of the PATH with the arguments as they are", async () => {
  for (
    const version of [PINNED, `${major}.${minor}.${patch + 10}`, `${major}.${minor + 1}.0-rc.1`]
  ) {
    await using machine = await Machine.with({ deno: fakeDeno(version), npm: "exit 9" });
    const { out, code } = await machine.run(["eval", "a  b", "$x*", ""]);
    assertEquals([code, out], [0, `deno ${version}\n<eval>\n<a  b>\n<$x*>\n<>\n`]);
    assertEquals(await machine.calls("npm"), []);
  }
});

test("takes the pinned deno from npm where there is none or no suitable one, once", async () => {
  const others = [null, `${major}.${minor - 1}.99`, `${major + 1}.0.0`, "1.46.3"];
  for (const version of others) {
    await using machine = await Machine.with({
      npm: fakeNpm(fakeDeno(PINNED)),
      ...version !== null && { deno: fakeDeno(version) },
    });
    const first = await machine.run(["eval"]);
    assertEquals([first.code, first.out], [0, `deno ${PINNED}\n<eval>\n`], first.error);
    assertStringIncludes(first.error, `taking Deno ${PINNED} from npm`);
    const second = await machine.run(["eval"]);
    assertEquals([second.out, second.error], [first.out, ""]);
    assertMatch(
      (await machine.calls("npm")).join(),
      new RegExp(`^npm install[^,]* deno@${PINNED}$`),
    );
    assertEquals(machine.kept(), [`deno-${PINNED}`]);
  }
});

test("says what to do where there is neither deno nor npm", async () => {
  await using machine = await Machine.with({});
  const { code, out, error } = await machine.run(["task", "raft"]);
  assertEquals([code, out], [4, ""]);
  assertMatch(
    error,
    /^denow: .*Install npm \(Debian: apt-get install -y npm\) or Deno \(https.*\n$/,
  );
});

test("leaves nothing behind when npm fails or what it brings does not run", async () => {
  for (
    const npm of ["echo no network >&2; exit 1", fakeNpm("exit 1"), fakeNpm(fakeDeno("1.0.0"))]
  ) {
    await using machine = await Machine.with({ npm });
    const { code, out } = await machine.run(["eval"]);
    assertEquals([code, out, machine.kept()], [4, "", []]);
  }
});

test("recovers from an install that was killed", async () => {
  const wait = `echo half > "$folder/deno"; : > "$HOME"; sleep 5`;
  await using machine = await Machine.with({ npm: fakeNpm(fakeDeno(PINNED), wait) });
  const child = machine.command(["eval"]).spawn();
  while (!await Deno.stat(machine.path("home")).catch(() => null)) {
    await new Promise((done) => setTimeout(done, 10));
  }
  child.kill("SIGKILL");
  await Promise.all([child.stdout.cancel(), child.stderr.cancel(), child.status]);
  assert(!machine.kept().includes(`deno-${PINNED}`));
  await machine.tool("npm", fakeNpm(fakeDeno(PINNED)));
  assertEquals((await machine.run(["eval"])).out, `deno ${PINNED}\n<eval>\n`);
});

test("may be started twice at once", async () => {
  await using machine = await Machine.with({ npm: fakeNpm(fakeDeno(PINNED), "sleep 0.2") });
  const both = await Promise.all([machine.run(["a"]), machine.run(["b"])]);
  assertEquals(both.map(({ out }) => out), ["a", "b"].map((word) => `deno ${PINNED}\n<${word}>\n`));
  assertEquals(machine.kept(), [`deno-${PINNED}`]);
});

test("installs nothing where a Vulkan driver is, or none is called for", async () => {
  const tools = { deno: fakeDeno(PINNED), "apt-get": "exit 9", id: "echo 0" };
  await using machine = await Machine.with(tools);
  assertEquals((await machine.run(["fmt"])).error, "");
  const named = { env: { VK_DRIVER_FILES: "/some/driver.json" } };
  assertEquals((await machine.run(["task", "raft"], named)).error, "");
  await machine.file(driver);
  assertEquals((await machine.run(["task", "raft"])).error, "");
  assertEquals(await machine.calls("apt-get"), []);
});

test("installs Debian's driver as root, and says so in one line", async () => {
  const tools = { deno: fakeDeno(PINNED), "apt-get": "echo noise; echo noise >&2", id: "echo 0" };
  await using machine = await Machine.with(tools);
  const { code, out, error } = await machine.run(["task", "raft"]);
  assertEquals([code, out], [0, `deno ${PINNED}\n<task>\n<raft>\n`]);
  assertMatch(error, /^denow: .*installing Debian's mesa-vulkan-drivers.*\n$/);
  const [update, install, ...more] = await machine.calls("apt-get");
  assertMatch(update, / update$/);
  assertMatch(install, / install -y .*mesa-vulkan-drivers$/);
  assertEquals(more, []);

  await machine.file("var/lib/apt/lists/debian_Packages");
  await machine.run(["task", "raft"]);
  assertMatch((await machine.calls("apt-get")).slice(2).join(), /^[^,]* install [^,]*$/);
});

test("updates lists that do not do, and goes on without a driver", async () => {
  const tools = {
    deno: fakeDeno(PINNED),
    "apt-get": "echo no such package; exit 100",
    id: "echo 0",
  };
  await using machine = await Machine.with(tools);
  await machine.file("var/lib/apt/lists/debian_Packages");
  const { code, out, error } = await machine.run(["task", "raft"]);
  assertEquals([code, out], [0, `deno ${PINNED}\n<task>\n<raft>\n`]);
  assertMatch((await machine.calls("apt-get")).join(), /^[^,]* install [^,]*,[^,]* update$/);
  assertStringIncludes(error, "no such package");
  assertMatch(error, /apt-get update && apt-get install -y mesa-vulkan-drivers\n$/);
});

test("prints the command where it may not install a driver", async () => {
  const tools = { deno: fakeDeno(PINNED), "apt-get": "exit 9", id: "echo 1000" };
  await using machine = await Machine.with(tools);
  const { code, error } = await machine.run(["task", "raft"]);
  assertEquals(code, 0);
  assertMatch(error, /^denow: .*sudo apt-get install -y mesa-vulkan-drivers\n$/);
  assertEquals(await machine.calls("apt-get"), []);
});

test("finds the project's tasks from elsewhere", async () => {
  await using machine = await Machine.with({ deno: fakeDeno(PINNED) });
  await machine.file(driver);
  await Deno.mkdir(join(machine.project, "inner"));
  const inside = await machine.run(["task", "x"], { cwd: join(machine.project, "inner") });
  assertEquals(inside.out, `deno ${PINNED}\n<task>\n<x>\n`);
  const outside = await machine.run(["task", "x", "--help"], { cwd: machine.root });
  const config = join(await Deno.realPath(machine.project), "deno.json");
  assertEquals(outside.out, `deno ${PINNED}\n<task>\n<--config>\n<${config}>\n<x>\n<--help>\n`);
});

test("gives a machine without a session a private XDG_RUNTIME_DIR", async () => {
  await using machine = await Machine.with({ deno: `${fakeDeno(PINNED)}; echo $XDG_RUNTIME_DIR` });
  const folder = join(await Deno.realPath(machine.project), ".deno", "runtime");
  for (const none of ["", "/no/such/folder"]) {
    const { out } = await machine.run(["eval"], { env: { XDG_RUNTIME_DIR: none } });
    assertEquals(out.trim().split("\n").at(-1), folder);
    assertEquals((await Deno.stat(folder)).mode! & 0o777, 0o700);
  }
  assertStringIncludes((await machine.run(["eval"])).out, `\n${machine.root}\n`);
});
