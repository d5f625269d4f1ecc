/**
 * What two sides were made with that is not the same.
 *
 * @module
 */
import { type Environment, type RunRecord, scoringCode } from "../record.ts";
import type { Difference } from "./comparison_record.ts";

/** What stands for something a side doesn't have. */
const NOTHING = "–";

/** Fields of a training configuration that are prose. */
const PROSE = new Set(["scale", "notes"]);

/**
 * Differences between two records, by area. Lists of values are compared whole.
 *
 * @param base One record of the base; its seed, times and results don't count.
 * @param candidate One of the candidate.
 */
export function differencesOf(base: RunRecord, candidate: RunRecord): Difference[] {
  const areas: [Difference["area"], (record: RunRecord) => Record<string, unknown>][] = [
    ["configuration", configurationOf],
    ["protocol", protocolsOf],
    ["data", dataOf],
    ["code", codeOf],
    ["environment", environmentOf],
  ];
  return areas.flatMap(([area, factsOf]) => unlike(area, factsOf(base), factsOf(candidate)));
}

/** Differences between the code and the machines of two speed benchmarks. */
export function environmentDifferences(base: Environment, candidate: Environment): Difference[] {
  const bare = (environment: Environment) => ({ environment, evaluations: [] });
  return [
    ...unlike("code", codeOf(bare(base)), codeOf(bare(candidate))),
    ...unlike("environment", environmentOf(bare(base)), environmentOf(bare(candidate))),
  ];
}

function unlike(
  area: Difference["area"],
  base: Record<string, unknown>,
  candidate: Record<string, unknown>,
): Difference[] {
  const from = flattened(base), to = flattened(candidate);
  return [...new Set([...from.keys(), ...to.keys()])].flatMap((name): Difference[] => {
    const [a, b] = [from.get(name) ?? NOTHING, to.get(name) ?? NOTHING];
    return a === b ? [] : [{ area, name, base: a, candidate: b }];
  });
}

function configurationOf({ paper, training, seed }: RunRecord): Record<string, unknown> {
  if (training === null) return { paper: paper.id };
  const { recipe, config, steps, parameters } = training;
  return { paper: paper.id, recipe, seed, parameters, "steps trained": steps, config };
}

function protocolsOf({ evaluations }: RunRecord): Record<string, unknown> {
  return Object.fromEntries(
    evaluations.filter(({ contender }) => contender.kind !== "baseline")
      .map(({ dataset, split, protocol: { id, version, summary } }) =>
        [`${dataset}:${split}`, `${id} version ${version}: ${summary}`] as const
      ),
  );
}

function dataOf({ data }: RunRecord): Record<string, unknown> {
  return Object.fromEntries(
    data.map(({ dataset, split, digest, samples }) => [
      `${dataset}:${split}`,
      `${samples} samples, ${digest.slice(0, 12)}`,
    ]),
  );
}

function codeOf(
  { environment, evaluations }: Pick<RunRecord, "environment" | "evaluations">,
): Record<string, unknown> {
  const { commit, code, reflow } = environment;
  const weights = evaluations.flatMap(({ contender: { kind, digest } }) =>
    kind !== "baseline" && digest !== null ? [digest.slice(0, 12)] : []
  );
  const scoring = evaluations.flatMap((e) => scoringCode({ environment }, e)?.slice(0, 12) ?? []);
  return {
    commit: commit ?? undefined,
    "source files": code.slice(0, 12),
    "scoring code": [...new Set(scoring)].join(", ") || undefined,
    "version": reflow,
    weights: [...new Set(weights)].join(", ") || undefined,
  };
}

function environmentOf({ environment }: Pick<RunRecord, "environment">): Record<string, unknown> {
  const { deno, v8, os, arch, cores, memoryBytes, backend, kernels, adapter, packages } =
    environment;
  const memory = `${Math.round(memoryBytes / 2 ** 30)} GiB`;
  return { deno, v8, os, arch, cores, memory, backend, kernels, adapter, packages };
}

/** Leaves by their path; a list of plain values is a leaf. */
function flattened(value: Record<string, unknown>, prefix = ""): Map<string, string> {
  const leaves = new Map<string, string>();
  for (const [key, inner] of Object.entries(value)) {
    if (inner === undefined || PROSE.has(key)) continue;
    const path = prefix === "" ? key : `${prefix}.${key}`;
    const isList = Array.isArray(inner);
    const isPlain = typeof inner !== "object" || inner === null ||
      isList && inner.every((item) => typeof item !== "object" || item === null);
    if (isPlain) leaves.set(path, typeof inner === "string" ? inner : JSON.stringify(inner));
    else for (const leaf of flattened(inner as Record<string, unknown>, path)) leaves.set(...leaf);
  }
  return leaves;
}
