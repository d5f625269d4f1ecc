import { assertEquals, assertStringIncludes } from "@std/assert";
import { DataError, Interrupted, UsageError } from "../base/errors.ts";
import { partialName } from "../base/files.ts";
import {
  choiceOption,
  createCommand,
  exitCodeOf,
  outputFile,
  printResult,
  progressReport,
  wholeNumber,
} from "./command.ts";

/** What a piece of work prints, and the exit code it leads to. */
async function outcome(main: () => Promise<void>) {
  const printed = { out: "", error: "" };
  const { log, error } = console;
  console.log = (text) => printed.out += `${text}\n`;
  console.error = (text) => printed.error += `${text}\n`;
  try {
    return { code: await exitCodeOf(main), ...printed };
  } finally {
    Object.assign(console, { log, error });
  }
}

/** What a command line comes to; commander's own output is caught too. */
async function parsed(...args: string[]) {
  let error = "", seen: unknown;
  const command = createCommand("try", "A command.")
    .addOption(choiceOption("--backend <name>", "where", ["webgpu", "cpu"]))
    .option("--seed <n>", "seed", wholeNumber(0))
    .option("--steps <n>", "steps", wholeNumber(1))
    .option("--rounds <n>", "rounds", wholeNumber(1, 9))
    .option("--out <file>", "file", outputFile(".flo"))
    .configureOutput({ writeErr: (text) => error += text, writeOut: () => {} })
    .action((options) => void (seen = options));
  const result = await outcome(async () => void await command.parseAsync(args, { from: "user" }));
  return { code: result.code, error: error + result.error, seen };
}

Deno.test("an error of ours is told in its words, with the next step and its exit code", async () => {
  const result = await outcome(() => Promise.reject(new DataError("a.flo", "it is empty", "Go")));
  assertEquals(result, { code: 3, out: "", error: "error: Cannot use a.flo: it is empty\nGo\n" });
  assertEquals((await outcome(() => Promise.reject(new UsageError("No")))).error, "error: No\n");
});

Deno.test("being stopped is no error", async () => {
  const result = await outcome(() => Promise.reject(new Interrupted("Saved step 3", "Resume")));
  assertEquals(result, { code: 130, out: "", error: "Saved step 3\nResume\n" });
});

Deno.test("a fault of ours keeps its stack and exits with 70, not with 1 for worse", async () => {
  let caught: unknown;
  const { error } = console;
  console.error = (value) => caught = value;
  const fault = new TypeError("oops");
  const code = await exitCodeOf(() => Promise.reject(fault)).finally(() => console.error = error);
  assertEquals([code, caught], [70, fault]);
});

/** A command in a process of its own, with this as its work. */
function processOf(main: string, options: Deno.CommandOptions = {}): Deno.Command {
  const module = JSON.stringify(new URL("./command.ts", import.meta.url).href);
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["eval", "--no-lock", "--ext=ts"],
      `import { interruptSignal, runCommand } from ${module}; await runCommand(async () => {${main}});`,
    ],
    ...options,
  });
}

Deno.test("a fault that nobody waits for exits with 70 as well", async () => {
  for (
    const fault of [
      `Promise.reject(new TypeError("oops"))`,
      `setTimeout(() => { throw new TypeError("oops"); })`,
    ]
  ) {
    const main = `${fault}; await new Promise((resolve) => setTimeout(resolve, 60_000));`;
    const { code, stderr } = await processOf(main).output();
    assertEquals(code, 70, fault);
    assertStringIncludes(new TextDecoder().decode(stderr), "TypeError: oops\n    at ");
  }
});

Deno.test("what the system refuses is told without a stack, and exits with 3", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/file`;
    await Deno.writeTextFile(file, "");
    await Deno.mkdir(`${folder}/full/inner`, { recursive: true });
    const refused: [() => Promise<unknown>, string][] = [
      [() => Deno.stat(`${file}/below`), `Cannot look up '${file}/below': Not a directory`],
      [
        () => Deno.mkdir(file, { recursive: true }),
        `Cannot make the folder '${file}': File exists`,
      ],
      [() => Deno.remove(`${folder}/full`), `Cannot remove '${folder}/full': Directory not empty`],
      [() => Array.fromAsync(Deno.readDir(file)), `Cannot list the folder '${file}'`],
      [
        () => Promise.reject(new Error(`No (os error 30): writefile '${partialName("b/a.flo")}'`)),
        "Cannot write 'b/a.flo': No",
      ],
      [() => Promise.reject(new Error("No space left on device (os error 28)")), "No space left"],
      [
        () => Promise.reject(new Error('Requires all access to "/proc", run again with it')),
        `Cannot use "/proc": Deno gives no program access to it`,
      ],
    ];
    for (const [work, message] of refused) {
      const { code, error } = await outcome(async () => void await work());
      assertEquals(code, 3, message);
      assertStringIncludes(error, message);
      assertStringIncludes(error, "\nName a place you may read and write.\n");
      assertEquals(error.includes("    at "), false, error);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a good command line parses", async () => {
  const { code, seen } = await parsed("--backend", "cpu", "--seed", "0", "--steps", "12");
  assertEquals(code, 0);
  assertEquals(seen, { backend: "cpu", seed: 0, steps: 12 });
});

Deno.test("mistakes on the command line exit with 2 and name what was probably meant", async () => {
  const mistakes: [string[], string][] = [
    [["--backnd", "cpu"], "Did you mean --backend?"],
    [["--backend", "webgp"], "Did you mean webgpu?"],
    [["--backend", "cuda"], "Allowed choices are webgpu, cpu."],
    [["--seed", "1.5"], "whole number from 0 on"],
    [["--seed", "-1"], "whole number from 0 on"],
    [["--steps", "0"], "whole number from 1 on"],
    [["--steps"], "argument missing"],
    [["--rounds", "10"], "whole number from 1 to 9"],
    [["--out", "flow.png"], "It must end in .flo."],
    [["more"], "--help lists what there is."],
    [["more"], "too many arguments"],
  ];
  for (const [args, expected] of mistakes) {
    const { code, error } = await parsed(...args);
    assertEquals(code, 2, args.join(" "));
    assertStringIncludes(error, expected);
  }
});

Deno.test("asking for help is no mistake", async () => {
  assertEquals((await parsed("--help")).code, 0);
});

Deno.test("printResult() prints the object or the text", async () => {
  const print = (json: boolean) =>
    outcome(() => Promise.resolve(printResult(json, { a: [1] }, "one")));
  assertEquals(JSON.parse((await print(true)).out), { a: [1] });
  assertEquals((await print(false)).out, "one\n");
});

Deno.test("progressReport() ends the line when all is done", () => {
  const written: string[] = [];
  const sink = {
    interactive: true,
    write: (text: string) => void written.push(text),
    now: () => 0,
  };
  const report = progressReport("build", sink);
  report(1, 2, "first");
  report(2, 2, "second");
  assertStringIncludes(written.join(""), "2/2");
  assertEquals(written.at(-1), "\n");
});

/** A command that waits for {@link interruptSignal}, then saves until it reads a line. */
const WAITING = `
  const signal = interruptSignal();
  const stopped = new Promise((done) => signal.addEventListener("abort", done));
  console.log("ready");
  await stopped;
  await Deno.stdin.read(new Uint8Array(1));
  console.log("saved");
  signal.throwIfAborted();`;

/** Starts {@link WAITING} and calls `when` as soon as it is ready; what it printed and its exit. */
async function interrupted(when: (child: Deno.ChildProcess) => Promise<void>) {
  const child = processOf(WAITING, { stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  let out = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    out += text;
    if (out === "ready\n") await when(child);
  }
  await child.stdin.close().catch(() => {}); // gone already where the child was stopped
  return { code: (await child.status).code, out };
}

const windows = Deno.build.os === "windows";

Deno.test({ name: "Ctrl-C and its echo let work save", ignore: windows }, async () => {
  const result = await interrupted(async (child) => {
    child.kill("SIGINT");
    child.kill("SIGTERM");
    const writer = child.stdin.getWriter();
    await writer.write(Uint8Array.of(10));
    writer.releaseLock();
  });
  assertEquals(result, { code: 130, out: "ready\nsaved\n" });
});

Deno.test({ name: "a second Ctrl-C ends the process at once", ignore: windows }, async () => {
  let ended = false;
  const result = await interrupted((child) => {
    child.status.then(() => ended = true);
    const again = () => {
      if (ended) return;
      child.kill("SIGINT");
      setTimeout(again, 100);
    };
    again();
    return Promise.resolve();
  });
  assertEquals(result, { code: 130, out: "ready\n" });
});
