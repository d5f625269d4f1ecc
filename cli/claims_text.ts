/**
 * The test of claims in a few lines for a terminal.
 *
 * @module
 */
import { moved } from "../base/change.ts";
import type { ArmResult, ClaimsReport, JudgedClaim } from "../benchmarks/claims/claims_record.ts";
import { metricName, withUnit } from "../benchmarks/metric_names.ts";
import { CLAIM_MARKS, claimsSentence, testedWith } from "../reports/claims_words.ts";
import { intervalText } from "../reports/comparison_words.ts";
import { decimal, NO_VALUE } from "../reports/format.ts";
import { textTable } from "./text_table.ts";

/** What was run, a row a claim, and what each verdict rests on. */
export function claimsText(report: ClaimsReport): string {
  const { claims, scored, warnings } = report;
  const rows = [
    ["", "Claim", "Favoured arm", "95 % over seeds", "95 % over scenes"],
    ...claims.map(rowOf),
  ];
  return [
    `${claimsSentence(claims)} ${testedWith(report)}`,
    report.scale,
    ...scored === null ? [] : [`protocol ${scored.protocol.id}: ${scored.protocol.summary}`],
    "",
    textTable(rows),
    "",
    ...claims.map(meansOf),
    ...warnings.map((warning) => `note: ${warning}`),
  ].join("\n");
}

function rowOf(claim: JudgedClaim): string[] {
  const { id, verdict, change, overSeeds, overScenes } = claim;
  return [
    `${CLAIM_MARKS[verdict]} ${verdict}`,
    id,
    change === null ? NO_VALUE : moved(change),
    intervalText(overSeeds?.interval ?? null),
    intervalText(overScenes?.interval ?? null),
  ];
}

function meansOf({ id, metric, favoured, other, reason }: JudgedClaim): string {
  const mean = ({ name, mean }: ArmResult) => `${name} ${decimal(mean)}`;
  return `${id}: ${withUnit(metricName(metric))} ${mean(favoured)}, ${mean(other)}. ${reason}`;
}
