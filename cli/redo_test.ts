import { assertEquals } from "@std/assert";
import type { RunRecord } from "../benchmarks/record.ts";
import { paper as guessWhatMoves } from "../replications/guess_what_moves/test_support.ts";
import { withOtherSteps } from "../replications/other_steps.ts";
import { raft } from "../replications/raft/raft.ts";
import type { Scored } from "../replications/replication.ts";
import { commandText, scoringCommands, trainingCommands, unusual } from "./redo.ts";
import { commandLine } from "./replicate.ts";

/** What a shell makes of a command: its words, without their quotes. */
function wordsOf(text: string): string[] {
  return [...text.matchAll(/(?:[^\s'\\]|'[^']*'|\\')+/g)]
    .map(([word]) => word.replaceAll(/'([^']*)'|\\(')/g, (_, inside, quote) => inside ?? quote));
}

const programs = {
  "raft": () => commandLine(raft),
  "guess-what-moves": () => commandLine(guessWhatMoves),
};

/** What the command line understands: the command's name and the options it was given. */
function understood(text: string): { name: string; options: Record<string, unknown> } {
  const [deno, task, paper, name, ...args] = wordsOf(text);
  assertEquals([deno, task], ["deno", "task"]);
  const program = programs[paper as keyof typeof programs]();
  const command = program.commands.find((command) => command.name() === name)!;
  command.action(() => {}).parse(args, { from: "user" });
  const given = Object.entries(command.opts())
    .filter(([option]) => command.getOptionValueSource(option) === "cli");
  return { name, options: Object.fromEntries(given) };
}

const usual = { backend: "webgpu", kernels: "tuned" } as const;
const other = { backend: "cpu", kernels: "stock" } as const;

Deno.test("training is redone with its run's id and with everything that was not as usual", () => {
  const recipe = withOtherSteps(raft, raft.recipes.small, 1300);
  const changed = { recipe, seed: 7, id: "mine", withBaselines: true };
  assertEquals(trainingCommands(raft, changed, other).map(understood), [
    {
      name: "train",
      options: { recipe: "small", seed: 7, steps: 1300, run: "mine", ...other },
    },
    {
      name: "evaluate",
      options: {
        ...{ run: "mine", dataset: ["moving-shapes-large:test"], withBaselines: true },
        ...other,
      },
    },
  ]);
  const whole = { recipe: raft.recipes.small, seed: 0, id: "a" };
  assertEquals(trainingCommands(raft, whole, usual), [
    "deno task raft train --recipe small --seed 0 --run a",
    "deno task raft evaluate --run a --dataset moving-shapes-large:test",
  ]);
});

Deno.test("what is scored by a protocol that is not the dataset's usual one is redone by it", () => {
  const { demo } = guessWhatMoves.recipes;
  const [train, evaluate] = trainingCommands(
    guessWhatMoves,
    { recipe: demo, seed: 0, id: "a", command: "deno task guess-what-moves claims" },
    usual,
  );
  assertEquals(train, "deno task guess-what-moves claims");
  assertEquals(understood(evaluate).options, {
    ...{ run: "a", dataset: ["moving-shapes:val"], protocol: "moving-shapes-last-frames" },
  });
});

Deno.test("flow of videos that have none comes first", () => {
  const { small, paper } = guessWhatMoves.recipes;
  const flowOf = (recipe: typeof small) =>
    trainingCommands(guessWhatMoves, { recipe, seed: 0, id: "a" }, usual).map(understood)
      .filter(({ name }) => name === "flow").map(({ options }) => options.dataset);
  assertEquals(flowOf(small), ["davis-2016:val"]);
  assertEquals(flowOf(paper), ["davis-2016:train", "davis-2016:val"]);
  const [first] = trainingCommands(guessWhatMoves, { recipe: small, seed: 0, id: "a" }, usual);
  assertEquals(understood(first).name, "flow");
});

/** Something that was scored, as far as commands go by it. */
function scoredOn(dataset: string, kind: string, protocol: string, samples: number): Scored {
  const evaluation = { contender: { kind }, dataset, split: "test", protocol: { id: protocol } };
  return { evaluation: { ...evaluation, samples }, data: { samples: 100 } } as unknown as Scored;
}

Deno.test("scoring is redone with everything that was not as usual, a command a dataset", () => {
  const scored = [
    scoredOn("sintel-clean", "weights", "sintel-raft@12", 20),
    scoredOn("sintel-clean", "baseline", "sintel-raft@12", 20),
    scoredOn("middlebury", "weights", "middlebury-raft", 100),
  ];
  const weights = { kind: "weights", path: "my nets/raft.pth" } as const;
  const how = { ...other, trainedOn: "C+T for 10 of the recipe's 100 steps" };
  const shared = { weights: "my nets/raft.pth", withBaselines: true, ...how };
  assertEquals(scoringCommands(raft.paper, weights, scored, how).map(understood), [
    {
      name: "evaluate",
      options: {
        ...{ dataset: ["sintel-clean:test"], protocol: "sintel-raft@12", samples: 20 },
        ...shared,
      },
    },
    {
      name: "evaluate",
      options: { dataset: ["middlebury:test"], protocol: "middlebury-raft", ...shared },
    },
  ]);
  const [, , last] = scored;
  assertEquals(scoringCommands(raft.paper, weights, [last], usual), [
    "deno task raft evaluate --weights 'my nets/raft.pth' --dataset middlebury:test " +
    "--protocol middlebury-raft",
  ]);
});

Deno.test("whatever was scored is named as the command line takes it", () => {
  const scored = [scoredOn("middlebury", "any", "middlebury-raft", 100)];
  const optionsOf = (source: Parameters<typeof scoringCommands>[1]) => {
    const { dataset: _, protocol: __, ...named } = understood(
      scoringCommands(raft.paper, source, scored, usual)[0],
    ).options;
    return named;
  };
  assertEquals(optionsOf({ kind: "baseline", name: "zero" }), { baseline: "zero" });
  const run = { kind: "run", id: "mine", path: "runs/mine", record: {} as RunRecord } as const;
  assertEquals(optionsOf(run), { run: "mine" });
  assertEquals(optionsOf({ ...run, stage: "sintel 1" }), { run: "mine", stage: "sintel 1" });
  assertEquals(optionsOf({ kind: "folder", path: "-flows" }), { predictions: "-flows" });
  assertEquals(
    optionsOf({ kind: "onnx", path: "a.onnx", onCpu: false, pixels: "-1..1", channels: "bgr" }),
    { onnx: "a.onnx", onnxPixels: "-1..1", onnxChannels: "bgr" },
  );
});

Deno.test("every option that could change a result is thought of", () => {
  const thoughtOf: Record<string, readonly string[]> = {
    train: [
      // In the commands.
      ...["recipe", "seed", "steps", "run", "kernels", "backend"],
      // They change no result.
      ...["data", "runs", "quiet", "json", "resume", "checkpoint-every", "plan"],
    ],
    evaluate: [
      ...[
        "run",
        "stage",
        "weights",
        "baseline",
        "onnx",
        "onnx-pixels",
        "onnx-channels",
        "predictions",
      ],
      ...["dataset", "protocol", "samples", "with-baselines", "trained-on", "kernels", "backend"],
      // In the protocol's id.
      "iterations",
      ...["data", "runs", "quiet", "json", "save-predictions"],
    ],
    claims: [
      ...["recipe", "seeds", "steps", "backend"],
      ...["data", "runs", "quiet", "json", "out", "pin"],
    ],
  };
  for (const program of Object.values(programs)) {
    for (const command of program().commands) {
      const known = thoughtOf[command.name()];
      if (known === undefined) continue;
      const unknown = command.options.map((option) => option.name())
        .filter((name) => !known.includes(name));
      assertEquals(unknown, [], command.name());
    }
  }
});

Deno.test("commandText() leaves out what is absent, and quotes for a shell", () => {
  const options = { a: undefined, b: false, c: true, d: 0, e: "x y", f: "it's", g: "" };
  const text = commandText("do", options);
  assertEquals(text, "do --c --d 0 --e 'x y' --f 'it'\\''s' --g ''");
  assertEquals(wordsOf(text), ["do", "--c", "--d", "0", "--e", "x y", "--f", "it's", "--g", ""]);
  assertEquals(unusual(usual), {});
  assertEquals(unusual(other), { kernels: "stock", backend: "cpu" });
});
