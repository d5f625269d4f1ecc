import { assertEquals, assertStringIncludes } from "@std/assert";
import { paper as guessWhatMoves } from "../replications/guess_what_moves/test_support.ts";
import { pwcNet } from "../replications/pwc_net/pwc_net.ts";
import { raft } from "../replications/raft/raft.ts";
import { commandLine } from "./replicate.ts";

const papers = {
  "raft": commandLine(raft),
  "pwc-net": commandLine(pwcNet),
  "guess-what-moves": commandLine(guessWhatMoves),
};

/** A paper's command by name. */
function commandOf(paper: keyof typeof papers, name: string) {
  const command = papers[paper].commands.find((command) => command.name() === name);
  if (command === undefined) throw new Error(`${paper} has no ${name}`);
  return command;
}

Deno.test("update iterations are offered only where a model has any to choose", () => {
  const offers = (paper: keyof typeof papers, name: string) =>
    commandOf(paper, name).options.some(({ long }) => long === "--iterations");
  assertEquals([offers("raft", "evaluate"), offers("raft", "predict")], [true, true]);
  assertEquals([offers("pwc-net", "evaluate"), offers("pwc-net", "predict")], [false, false]);
  assertEquals(offers("guess-what-moves", "evaluate"), false);
});

Deno.test("common options that change nothing are taken, but not offered", () => {
  for (const paper of Object.keys(papers) as (keyof typeof papers)[]) {
    const report = commandOf(paper, "report").action(() => {});
    const help = report.helpInformation();
    for (const name of ["--data", "--backend", "--quiet"]) {
      assertEquals(help.includes(name), false, name);
    }
    assertStringIncludes(help, "--runs <dir>");
    report.parse(["--data", "d", "--backend", "cpu", "--quiet"], { from: "user" });
    assertEquals(report.opts().backend, "cpu");
  }
});

Deno.test("help says each choice once, and its examples are of the paper", () => {
  const claims = commandOf("guess-what-moves", "claims").helpInformation();
  assertEquals(claims.match(/\bsmall\b/g)?.length, 1);
  const example = (paper: keyof typeof papers) =>
    commandOf(paper, "evaluate").options.find(({ long }) => long === "--trained-on")!.description;
  // Nothing is published of what PWC-Net's paper recipe is trained on in the end.
  assertStringIncludes(example("pwc-net"), `"C+T"`);
  assertStringIncludes(example("raft"), `"C+T"`);
  assertStringIncludes(example("guess-what-moves"), "unsupervised on DAVIS-2016 videos");
});
