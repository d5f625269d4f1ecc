import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { Interrupted, UsageError } from "../../base/errors.ts";
import { sha256 } from "../../base/files.ts";
import { silent } from "../../base/progress.ts";
import { type ClaimsReport, parseClaims } from "../../benchmarks/claims/claims_record.ts";
import { RunFolder } from "../../benchmarks/run_folder.ts";
import { withFolder } from "../../datasets/store/small_store.ts";
import { armsOf } from "../../replications/claim.ts";
import { claims as allClaims } from "../../replications/guess_what_moves/claims.ts";
import { type GuessWhatMovesRecipe, recipes } from "../../replications/guess_what_moves/recipes.ts";
import {
  paper as guessWhatMoves,
  tinyRecipe,
  tinyShapes,
} from "../../replications/guess_what_moves/test_support.ts";
import { runArms } from "../claim_runs.ts";
import { commandLine } from "../replicate.ts";
import type { Setting } from "../runs.ts";
import { claimsCommand, type ClaimsOptions } from "./claims.ts";

const tiny: GuessWhatMovesRecipe = {
  ...tinyRecipe,
  steps: 3,
  learningRate: 5e-2,
  warmUp: 1,
  views: false,
  heldOut: { ...tinyRecipe.heldOut, every: 3, samples: 1 },
};

const paper = { ...guessWhatMoves, recipes: { ...recipes, demo: tiny } };

/** Two claims of three arms. */
const claims = [allClaims[0], allClaims[2]];

/** What a function prints on standard output and, a line each, on standard error. */
async function printed(act: () => Promise<void>): Promise<{ out: string; said: string[] }> {
  const { log, error } = console;
  const out: string[] = [], said: string[] = [];
  console.log = (text: string) => void out.push(text);
  console.error = (text: string) => void said.push(text);
  try {
    await act();
  } finally {
    Object.assign(console, { log, error });
  }
  return { out: out.join("\n"), said };
}

const never = new AbortController().signal;

Deno.test("claims trains each arm with each seed once, goes on after Ctrl-C, and writes its page", (t) =>
  withFolder(async (folder) => {
    const [data, runs] = [join(folder, "data"), join(folder, "runs")];
    await tinyShapes.build!(join(data, "moving-shapes"), () => {});
    const options: ClaimsOptions = {
      ...{ data, runs, backend: "webgpu", quiet: true, json: true, recipe: "demo", seeds: 2 },
    };
    const recordOf = async (id: string) =>
      await (await RunFolder.open(join(runs, `guess-what-moves-demo-${id}`))).readRecord();
    const command = "deno task guess-what-moves claims --recipe demo --seeds 2";

    await t.step("Ctrl-C keeps what is done and names the command that goes on", async () => {
      const stop = new AbortController(), said: string[] = [];
      const setting: Setting = {
        ...{ dataDir: data, runsDir: runs, backend: "webgpu", kernels: "tuned", sink: silent },
        signal: stop.signal,
        say: (text) => void said.push(text),
      };
      const request = {
        ...{ recipe: tiny, arms: armsOf(claims), seeds: [0, 1], command },
        onRun(text: string) {
          said.push(text);
          if (text.startsWith("2 of 6")) stop.abort();
        },
      };
      const error = await assertRejects(() => runArms(paper, request, setting), Interrupted);
      assertEquals(error.nextStep, `The same command goes on: ${command}`);
      assertEquals(said, [
        "1 of 6: quadratic motion, seed 0: trains guess-what-moves-demo-unchanged-s0",
        "2 of 6: affine motion, seed 0: trains guess-what-moves-demo-affine-s0",
      ]);
      const { status, training, evaluations } = await recordOf("affine-s0");
      assertEquals([status, training!.weights, evaluations], ["interrupted", null, []]);
      assert(training!.steps < 3);
    });

    await t.step("the same command takes, resumes and trains, and prints one object", async () => {
      const pin = join(folder, "pinned", "claims.json");
      const { out, said } = await printed(() =>
        claimsCommand(paper, claims, { ...options, pin }, never)
      );
      const report: ClaimsReport & { page: string; reused: string[] } = JSON.parse(out);
      assertEquals(said, []);
      const { page: _page, reused: _reused, ...judged } = report;
      assertEquals(parseClaims(pin, await Deno.readTextFile(pin)), judged);
      assertEquals(report.reused, ["guess-what-moves-demo-unchanged-s0"]);
      assertEquals([report.arms, report.seeds, report.steps], [3, [0, 1], 3]);
      assertEquals(report.scored!.protocol.id, "moving-shapes-last-frames");
      for (const { verdict, reason, seeds, samples, scenes, favoured, other } of report.claims) {
        assertEquals([verdict, seeds, samples, scenes], ["inconclusive", 2, 4, 4]);
        assertStringIncludes(reason, "2 seeds, and a verdict needs 3");
        assertEquals([...favoured.runs, ...other.runs].map(({ seed }) => seed), [0, 1, 0, 1]);
      }
      assertEquals(report.claims[0].differences, [
        { name: "config.motion", favoured: "quadratic", other: "affine" },
      ]);
      const affine = await recordOf("affine-s0");
      const weights = new Set<string | null>();
      for (const arm of ["unchanged", "affine", "two-segments"]) {
        for (const seed of [0, 1]) {
          weights.add((await recordOf(`${arm}-s${seed}`)).training!.weights);
        }
      }
      assertEquals([weights.size, weights.has(null)], [6, false]);
      assertEquals([affine.status, affine.training!.resumed], ["complete", 1]);
      const page = await Deno.readTextFile(join(runs, "guess-what-moves-claims.html"));
      assertStringIncludes(page, `href="guess-what-moves-demo-affine-s0/report.html"`);
      await Deno.stat(join(runs, "guess-what-moves-demo-affine-s0", "report.html"));
    });

    await t.step(
      "an arm's record says what it is, and compares with nothing published",
      async () => {
        const { training, scale, commands, evaluations, comparisons } = await recordOf("affine-s1");
        assertEquals(training!.recipe, "demo-affine");
        assertEquals(evaluations.map(({ contender }) => contender.name), [
          "Guess What Moves (demo-affine recipe)",
        ]);
        assertStringIncludes(scale, "with affine motion, to test a claim");
        assertEquals(commands[0], command);
        assert(comparisons.every(({ verdict }) => verdict === "not comparable"));
        assertEquals((await recordOf("unchanged-s1")).training!.recipe, "demo");
      },
    );

    await t.step(
      "a second call trains nothing, scores what was not or by other code, and says so",
      async () => {
        const unscored = await RunFolder.open(join(runs, "guess-what-moves-demo-affine-s1"));
        const before = await unscored.readRecord();
        await unscored.writeRecord({ ...before, evaluations: [] });
        const otherwise = await RunFolder.open(join(runs, "guess-what-moves-demo-unchanged-s1"));
        const scored = await otherwise.readRecord();
        await otherwise.writeRecord({
          ...scored,
          evaluations: scored.evaluations.map((e) => ({ ...e, benchmark: sha256("older code") })),
        });
        const out = join(folder, "pages", "claims.html");
        const { out: text, said } = await printed(() =>
          claimsCommand(paper, claims, { ...options, out, json: false, quiet: false }, never)
        );
        const runLines = said.filter((line) => /^\d of 6/.test(line));
        assertEquals(runLines.map((line) => line.split(": ")[2].split(" ")[0]), [
          ...["reuses", "reuses", "reuses", "scores", "scores", "reuses"],
        ]);
        const lines = text.split("\n");
        assertEquals(lines[0], "4 of 6 runs were there already");
        assertStringIncludes(lines[1], "Of 2 claims, 2 are inconclusive.");
        assertEquals(lines.at(-1), out);
        assertStringIncludes(
          await Deno.readTextFile(out),
          `href="../runs/guess-what-moves-demo-affine-s1/report.html"`,
        );
        const after = await unscored.readRecord();
        assertEquals(after.training, before.training);
        assertEquals(after.evaluations[0].metrics, before.evaluations[0].metrics);
        const [again] = (await otherwise.readRecord()).evaluations;
        assertEquals(again.benchmark, scored.evaluations[0].benchmark);
      },
    );

    await t.step("other steps make other runs, which the same command takes again", async () => {
      const fewer = { ...options, steps: 2, seeds: 1, out: join(folder, "fewer.html") };
      const reportOf = async (): Promise<ClaimsReport & { reused: string[] }> =>
        JSON.parse((await printed(() => claimsCommand(paper, claims, fewer, never))).out);
      const report = await reportOf();
      assertEquals([report.recipe, report.steps, report.reused], ["demo-2-steps", 2, []]);
      assertStringIncludes(report.scale, "but only 2 of the recipe's 3 steps");
      assertStringIncludes(report.command, "claims --recipe demo --seeds 1 --steps 2");
      const { training, scale } = await recordOf("2-steps-affine-s0");
      assertEquals([training!.recipe, training!.totalSteps], ["demo-2-steps-affine", 2]);
      assertStringIncludes(scale, "but only 2 of the recipe's 3 steps; with affine motion");
      assertEquals((await reportOf()).reused.length, 3);
    });

    await t.step("runs with other settings are refused before anything is trained", async () => {
      const demo = { ...tiny, learningRate: 1e-3 };
      const other = { ...paper, recipes: { ...paper.recipes, demo } };
      const error = await assertRejects(
        () => claimsCommand(other, claims, { ...options, seeds: 3 }, never),
        UsageError,
        "guess-what-moves-demo-unchanged-s0: it was trained with other settings",
      );
      assertStringIncludes(error.nextStep, "--runs");
      await assertRejects(() => recordOf("unchanged-s2"));
    });
  }));

Deno.test("only a paper with claims has the command", () => {
  const commandsOf = (replication: typeof paper) =>
    commandLine(replication).commands.map((command) => command.name());
  assert(commandsOf(paper).includes("claims"));
  const { claims: _, ...without } = paper;
  assertEquals(commandsOf(without as typeof paper).includes("claims"), false);
});
