/**
 * What newcomers get wrong: each mistake ends with a message, a next step and the right exit code,
 * without a stack trace and without a file left behind.
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ndarray } from "../base/arrays.ts";
import { writePng } from "../datasets/formats/picture.ts";
import { writeSafetensors } from "../nn/weights/safetensors.ts";
import { run } from "./reflow_process.ts";

const folder = await Deno.makeTempDir({ prefix: "reflow-mistakes-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

await writePng(join(folder, "a.png"), ndarray(new Uint8Array(16 * 24 * 3), [16, 24, 3]));
await Deno.mkdir(join(folder, "folder.flo"));
const other = { dtype: "F32" as const, shape: [1], data: Float32Array.of(1) };
await writeSafetensors(join(folder, "other.safetensors"), new Map([["conv1.weight", other]]), {});

const RAFT = "replications/raft/main.ts", DATA = "cli/data.ts", DOCTOR = "cli/doctor.ts";
const GWM = "replications/guess_what_moves/main.ts";
const weights = ["--weights", "other.safetensors"];
const predict = (first: string, second: string, ...more: string[]) =>
  ["predict", first, second, "--out", "flow.flo", ...more] as const;

const evaluate = (...more: string[]) =>
  ["evaluate", "--dataset", "moving-shapes", ...more] as const;

/** Command, arguments, exit code and what the message says. */
const MISTAKES: readonly [string, readonly string[], number, ...string[]][] = [
  [RAFT, predict("a.png", "a.png", ...weights), 3, "not RAFT's weights", "Give official"],
  [RAFT, predict("a.png", "a.png", "--weights", "none.pth"), 3, "no such file", "Check the path"],
  [RAFT, predict("a.png", "a.png", "--weights", ""), 2, "must not be empty"],
  [RAFT, predict("a.png", "a.png", "--iterations", "1000000000"), 2, "from 1 to 1000"],
  [RAFT, predict("a.png", "a.png", "--image", "a.jpg"), 2, "end in .png"],
  [RAFT, predict("a.png", "a.png", "--image", "a.png"), 2, "over a.png", "another file"],
  [RAFT, predict("a.png", "a.png", "--run", "none"), 2, "no run named", "deno task raft"],
  [RAFT, ["predict", "a.png", "a.png", "--out", "a.png"], 2, "end in .flo"],
  [RAFT, ["evaluate", "--dataset", "imagenet"], 2, "no dataset named", "moving-shapes"],
  [RAFT, ["evaluate", "--dataset", "moving-shapes", "imagenet"], 2, "no dataset named"],
  [RAFT, evaluate("--onnx", "a.onnx", "--predictions", "."), 2, "both --onnx and --predictions"],
  [RAFT, evaluate("--baseline", "zero", "--onnx-pixels", "0..1"), 2, "without --onnx"],
  [RAFT, evaluate("--onnx", "a.onnx", "--onnx-pixels", "0..2"), 2, "Did you mean 0..1?"],
  [RAFT, evaluate("--baseline", "zero", "--save-predictions", "a.png"), 3, "Name a place"],
  [RAFT, ["evaluate", "--dataset", "moving-shapes:tset"], 2, `Did you mean "test"?`],
  [RAFT, ["train", "--steps", "1", "--run", "a/b"], 2, `Cannot name a run "a/b"`],
  [RAFT, ["train", "--steps", "1", "--runs", "a.png"], 3, "'a.png/record.json'", "Name a place"],
  [RAFT, ["train", "--resume", ""], 3, "no record"],
  [RAFT, ["train", "--resume", "x", "--seed", "0"], 2, "takes no --seed"],
  [RAFT, ["train", "--plan", "--run", "x"], 2, "Cannot plan with --run"],
  [RAFT, ["report", "--runs", "a.png"], 3, "'a.png': Not a directory", "Name a place"],
  [RAFT, ["report", "--out", "folder.flo"], 3, "it is a folder", "Name a file in it."],
  [RAFT, ["help"], 0],
  [GWM, ["train", "--recipe", "small"], 3, "not there yet", "davis-2016"],
  [GWM, ["evaluate", "--dataset", "moving-shapes", "--iterations", "3"], 2, "--iterations"],
  [GWM, ["evaluate", "--dataset", "middlebury", "--baseline", "centre-box"], 2, "no foreground"],
  [GWM, ["claims", "--seeds", "0"], 2, "from 1 on"],
  [GWM, ["claims", "--recipe", "tiny"], 2, "demo, small, paper"],
  [GWM, ["claims", "--out", "folder.flo"], 3, "it is a folder", "Name a file in it."],
  [GWM, ["claims", "--recipe", "small"], 3, "not there yet", "davis-2016"],
  [RAFT, ["claims"], 2, `no command named "claims"`],
  [GWM, ["flow", "--dataset", "moving-shapes"], 2, "it has flow of its own"],
  [GWM, ["flow", "--dataset", "davis-2016:val", "--gaps", "1,0"], 2, "whole numbers but 0"],
  [GWM, ["flow", "--dataset", "davis-2016:val", "--run", "x"], 3, "not there yet"],
  [DATA, ["list", "--data", "a.png"], 3, "Not a directory"],
  [DATA, ["import", "sintel-clean", "--from", "a.png"], 3, "it is no folder", "were unpacked in"],
  [DOCTOR, ["--runs", "a.png"], 3, "Not a directory"],
];

Deno.test("mistakes end with a message, a next step and an exit code", async () => {
  const before = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  for (const [entry, args, code, ...says] of MISTAKES) {
    const result = await run(entry, args, folder);
    const what = `${args.join(" ")}: ${result.stderr}`;
    assertEquals(result.code, code, what);
    for (const text of says) assertStringIncludes(result.stderr, text, what);
    assert(!/^ +at /m.test(result.stderr), what);
  }
  const after = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  assertEquals(after.filter((name) => name !== "runs"), before);
});
