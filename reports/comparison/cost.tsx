/** What both sides cost: time and memory. @module */
import { shareOf } from "../../base/change.ts";
import type { ComparisonReport } from "../../benchmarks/comparison/comparison_record.ts";
import { chanceText, costOutcome } from "../comparison_words.ts";
import { type Markup, PlainTable, Section } from "../components.tsx";
import { measurement, times } from "../format.ts";

/** A row a cost; null where none was measured on both sides. */
export function Cost({ report: { costs, slower } }: { report: ComparisonReport }): Markup | null {
  if (costs.length === 0) return null;
  return (
    <Section
      id="cost"
      title="Time and memory"
      lead={`By rank test: over runs where each side has several, else over samples. More than ${
        shareOf(slower)
      } counts. One process each says little: the machine had other things to do.`}
    >
      <PlainTable
        label="Time and memory of both sides"
        columns={["Cost", "Base", "Candidate", "Ratio", "Chance if alike", "Outcome"]}
        rows={costs.map((cost) => [
          cost.what.charAt(0).toUpperCase() + cost.what.slice(1),
          measurement(cost.base, cost.unit),
          measurement(cost.candidate, cost.unit),
          times(cost.ratio),
          chanceText(cost.chance),
          costOutcome(cost),
        ])}
      />
    </Section>
  );
}
