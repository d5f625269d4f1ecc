/**
 * All claims of a paper, tested with one recipe.
 *
 * @module
 */
import { TOLERANCE } from "../comparison/compare_sides.ts";
import type { Side } from "../comparison/side.ts";
import { machineName } from "../machine.ts";
import type { RunRecord } from "../record.ts";
import { LEVEL } from "../statistics/paired.ts";
import { CLAIMS_SCHEMA, type ClaimsReport, type StatedClaim } from "./claims_record.ts";
import { isOf, judgeClaim, type ScoredOn } from "./judge_claim.ts";

/** What was tested, and with which runs. */
export interface TestedClaims {
  /** The paper, the recipe and the command, as the report repeats them. */
  readonly about: Pick<
    ClaimsReport,
    "paper" | "recipe" | "scale" | "notes" | "steps" | "seeds" | "command"
  >;
  readonly claims: readonly StatedClaim[];
  /** Runs of each arm by its id, with the same seeds in each. */
  readonly sides: ReadonlyMap<string, Side>;
  /** What every run was scored on. */
  readonly on: ScoredOn;
}

/**
 * Judges every claim by itself: each has the whole level of chance, since each is read alone.
 *
 * @throws {RangeError} When an arm has no runs.
 */
export function judgeClaims({ about, claims, sides, on }: TestedClaims): ClaimsReport {
  const sideOf = (id: string) => {
    const side = sides.get(id);
    if (side === undefined || side.runs.length === 0) throw new RangeError(`No run of arm ${id}`);
    return side;
  };
  const judged = claims.map((claim) =>
    judgeClaim(claim, sideOf(claim.favoured.id), sideOf(claim.other.id), on)
  );
  const records = [...sides.values()].flatMap(({ runs }) => runs.map(({ record }) => record));
  return {
    schema: CLAIMS_SCHEMA,
    ...about,
    arms: sides.size,
    scored: scoringOf(records, on),
    claims: judged,
    tolerance: TOLERANCE,
    level: LEVEL,
    warnings: warningsOf(records),
  };
}

function scoringOf(records: readonly RunRecord[], on: ScoredOn): ClaimsReport["scored"] {
  const found = records.map(({ evaluations }) => evaluations.find((one) => isOf(one, on)));
  const [first] = found;
  if (first === undefined || found.includes(undefined)) return null;
  const { dataset, split, samples, protocol: { id, summary } } = first;
  return { dataset, split, samples, protocol: { id, summary } };
}

/** What differs between runs that should differ in their arm and seed alone. */
function warningsOf(records: readonly RunRecord[]): string[] {
  const kinds = (of: (environment: RunRecord["environment"]) => string) => [
    ...new Set(records.map(({ environment }) => of(environment))),
  ];
  const versions = kinds(({ code }) => code).length;
  const machines = kinds((environment) => `${machineName(environment)}, ${environment.kernels}`);
  return [
    ...versions > 1
      ? [`The runs were started by ${versions} versions of the code, which may train differently.`]
      : [],
    ...machines.length > 1
      ? [
        `The runs were made on machines or kernels that round differently: ${machines.join("; ")}.`,
      ]
      : [],
  ];
}
