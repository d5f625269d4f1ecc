import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../base/errors.ts";
import { raft } from "../../replications/raft/raft.ts";
import { commandLine } from "../replicate.ts";
import { refuseIdle } from "./train.ts";

/** Parses `train` with these arguments and does nothing but refuse. */
function trained(...args: string[]): void {
  const train = commandLine(raft).commands.find((command) => command.name() === "train")!;
  train.action((_options, command) => refuseIdle(command)).parse(args, { from: "user" });
}

Deno.test("a resumed run takes no settings that it fixes, whatever their defaults", () => {
  for (
    const [name, value] of [
      ["--recipe", "small"],
      ["--recipe", "demo"],
      ["--seed", "0"],
      ["--steps", "3"],
      ["--run", "other"],
      ["--kernels", "stock"],
    ]
  ) {
    const error = assertThrows(() => trained("--resume", "mine", name, value), UsageError);
    assertEquals(
      error.message,
      `Cannot resume with other settings: --resume takes no ${name}`,
    );
  }
  trained("--resume", "mine");
  trained("--resume", "mine", "--checkpoint-every", "5", "--backend", "cpu", "--runs", "there");
});

Deno.test("a plan takes nothing that only a run has", () => {
  assertThrows(
    () => trained("--plan", "--resume", "mine", "--seed", "1"),
    UsageError,
    "Cannot plan with --seed, --resume",
  );
  assertThrows(() => trained("--plan", "--run", "mine"), UsageError, "Cannot plan with --run");
  trained("--plan", "--recipe", "paper", "--steps", "3", "--kernels", "stock");
});

Deno.test("training takes all of them", () => {
  trained(
    "--recipe",
    "small",
    "--seed",
    "7",
    "--steps",
    "3",
    "--run",
    "mine",
    "--kernels",
    "stock",
  );
});
