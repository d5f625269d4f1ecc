/**
 * A comparison in words: for a terminal, for a pull request, for the head of its page.
 *
 * @module
 */
import { moved, shareOf } from "../base/change.ts";
import { metricName, withUnit } from "../benchmarks/metric_names.ts";
import type {
  ComparedCost,
  ComparedEvaluation,
  ComparisonReport,
  ComparisonVerdict,
  Flip,
} from "../benchmarks/comparison/comparison_record.ts";
import { inlineText, tableOf } from "./markdown.ts";
import { count, decimal, measurement, NO_VALUE, times } from "./format.ts";

/** The verdict as a sentence. */
export const COMPARISON_SENTENCES: Readonly<Record<ComparisonVerdict, string>> = {
  "same": "The candidate gives the same results.",
  "worse": "The candidate is worse.",
  "better": "The candidate is better.",
  "not worse": "The candidate is no worse than tolerated.",
  "undecided": "No difference was found that is beyond noise.",
  "not comparable": "The two cannot be compared.",
};

/** A sign for each verdict, so that colour never carries it alone. */
export const COMPARISON_MARKS: Readonly<Record<ComparisonVerdict, string>> = {
  "same": "=",
  "worse": "✕",
  "better": "▲",
  "not worse": "✓",
  "undecided": "≈",
  "not comparable": "≠",
};

/** Flipped samples shown in a text. */
const SHOWN = 5;

/** A chance: `0.39 %`, `under 0.02 %`. */
export function chanceText(chance: number | null): string {
  if (chance === null) return NO_VALUE;
  return chance < 2e-4 ? "under 0.02 %" : shareOf(chance);
}

/** An interval of relative changes: `1.2 % better to 3.4 % worse`. */
export function intervalText(interval: { low: number; high: number } | null): string {
  return interval === null ? NO_VALUE : `${moved(interval.low)} to ${moved(interval.high)}`;
}

/** What a cost came to, and why it does not decide where it doesn't. */
export function costOutcome({ outcome, aside, unit }: ComparedCost): string {
  const words = unit === "s" ? ["slower", "faster"] : ["more", "less"];
  const found = outcome === "worse" ? words[0] : outcome === "better" ? words[1] : "no difference";
  return aside === null ? found : `${found}; not judged: ${aside}`;
}

/** A few lines for a terminal and for the log of a CI. */
export function comparisonText(report: ComparisonReport): string {
  const lines = [
    `${COMPARISON_MARKS[report.verdict]} ${COMPARISON_SENTENCES[report.verdict]}`,
    ...report.reasons.map((reason) => `  ${reason}`),
    "",
  ];
  for (const evaluation of report.evaluations) {
    const { dataset, split, counts, flips, verdict } = evaluation;
    lines.push(
      `${dataset}:${split}  ${valuesText(evaluation)}  ${verdict}`,
      `  samples: ${counts.worse} worse, ${counts.better} better, ${counts.alike} alike`,
      ...flips.slice(0, SHOWN).map((flip) => `  ${flipText(flip)}`),
    );
    if (flips.length > SHOWN) lines.push(`  and ${flips.length - SHOWN} more`);
  }
  for (const cost of report.costs) {
    const { what, ratio } = cost;
    lines.push(
      `${what}: ${measurement(cost.base, cost.unit)} → ${measurement(cost.candidate, cost.unit)} ` +
        `(${times(ratio)}), ${costOutcome(cost)}`,
    );
  }
  for (const { what, reason } of report.notCompared) lines.push(`${what}: not compared: ${reason}`);
  for (const warning of report.warnings) lines.push(`note: ${warning}`);
  lines.push(
    `${count(report.differences.length, "setting")} differ`.replace(
      "1 setting differ",
      "1 setting differs",
    ),
  );
  return lines.join("\n");
}

/** `EPE 2.216 → 2.330 px, 5.1 % worse`. */
function valuesText({ metric, base, candidate, change }: ComparedEvaluation): string {
  const { quantity, unit } = metricName(metric);
  return `${quantity} ${decimal(base)} → ${decimal(candidate)} ${unit}`.trim() +
    `, ${moved(change)}`;
}

function flipText({ id, base, candidate, change }: Flip): string {
  return `${id}: ${decimal(base)} → ${decimal(candidate)}, ${moved(change)}`;
}

/** A summary in GitHub-flavoured Markdown, for a pull request. */
export function comparisonMarkdown(report: ComparisonReport): string {
  const names = [report.base, report.candidate].map(({ name }) => code(name));
  const lines = [
    `### ${COMPARISON_MARKS[report.verdict]} ${COMPARISON_SENTENCES[report.verdict]}`,
    "",
    `Base ${names[0]}, candidate ${names[1]}.`,
    "",
    ...report.reasons.map((reason) => `- ${inlineText(reason)}`),
    ...report.warnings.map((warning) => `- Note: ${inlineText(warning)}`),
    ...report.notCompared.map(({ what, reason }) =>
      `- Not compared: ${inlineText(what)}, ${inlineText(reason)}`
    ),
  ];
  if (report.evaluations.length > 0) {
    lines.push(
      "",
      tableOf(
        ["Data", "Metric", "Base", "Candidate", "Change", "95 % interval", "Verdict"],
        report.evaluations.map((e) => [
          `${e.dataset}:${e.split}`,
          withUnit(metricName(e.metric)),
          decimal(e.base),
          decimal(e.candidate),
          moved(e.change),
          intervalText(e.interval),
          `${COMPARISON_MARKS[e.verdict]} ${e.verdict}`,
        ]),
      ),
    );
  }
  const flips = report.evaluations.flatMap((evaluation) => evaluation.flips);
  if (flips.length > 0) {
    lines.push(
      "",
      `<details><summary>${count(flips.length, "sample")} moved beyond the tolerance</summary>`,
      "",
      tableOf(
        ["Data", "Sample", "Base", "Candidate", "Change"],
        flips.slice(0, 20).map((flip) => [
          flip.dataset,
          flip.id,
          decimal(flip.base),
          decimal(flip.candidate),
          moved(flip.change),
        ]),
      ),
      ...(flips.length > 20 ? ["", `And ${flips.length - 20} more.`] : []),
      "",
      "</details>",
    );
  }
  if (report.costs.length > 0) {
    lines.push(
      "",
      tableOf(
        ["Cost", "Base", "Candidate", "Ratio", ""],
        report.costs.map((cost) => [
          cost.what,
          measurement(cost.base, cost.unit),
          measurement(cost.candidate, cost.unit),
          times(cost.ratio),
          costOutcome(cost),
        ]),
      ),
    );
  }
  if (report.differences.length > 0) {
    lines.push(
      "",
      `<details><summary>${
        count(report.differences.length, "difference")
      } in what they were made with</summary>`,
      "",
      tableOf(
        ["Area", "Setting", "Base", "Candidate"],
        report.differences.map(({ area, name, base, candidate }) => [area, name, base, candidate]),
      ),
      "",
      "</details>",
    );
  }
  return lines.join("\n") + "\n";
}

/** A name as code, whatever is in it. */
function code(text: string): string {
  const plain = text.replaceAll(/[\r\n\u2028\u2029]+/g, " ");
  const fence = "`".repeat(
    Math.max(0, ...[...plain.matchAll(/`+/g)].map(([run]) => run.length)) + 1,
  );
  return fence.length === 1 ? `\`${plain}\`` : `${fence} ${plain} ${fence}`;
}
