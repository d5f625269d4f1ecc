/** What training and scoring took: time and memory. @module */
import { median } from "../../base/quantile.ts";
import { type Markup, PlainTable, Section } from "../components.tsx";
import { bytes, duration, integer, NO_VALUE, time } from "../format.ts";
import type { Group } from "../groups.ts";
import type { LoadedRun } from "../load.ts";
import { shortAdapter } from "./environment.tsx";

/** Tables of time and memory; null where nothing was trained or scored. */
export function Cost({ runs, groups }: {
  runs: readonly LoadedRun[];
  groups: readonly Group[];
}): Markup | null {
  const trained = runs.flatMap(({ record }) =>
    record.training === null ? [] : [{ record, training: record.training }]
  );
  if (trained.length === 0 && groups.length === 0) return null;
  return (
    <Section
      id="cost"
      title="Time and memory"
      lead="Wall time on the machine named, whatever else it did meanwhile. Memory is the whole process'; the device's own is part of it on a software adapter."
    >
      {trained.length > 0 && (
        <>
          <h3>Training</h3>
          <PlainTable
            label="Time of training"
            columns={["Run", "Steps", "Time", "A step", "Machine"]}
            rows={trained.map(({ record: { id, environment }, training }) => [
              id,
              integer(training.steps),
              duration(training.seconds),
              training.steps > 0 ? time(training.seconds / training.steps) : NO_VALUE,
              shortAdapter(environment),
            ])}
          />
        </>
      )}
      {groups.map(({ title, entries }) => (
        <>
          <h3>Scoring · {title}</h3>
          <PlainTable
            label={`Time of scoring on ${title}`}
            columns={["Contender", "Samples", "All", "Median sample", "Slowest", "Peak memory"]}
            rows={entries.map(({ label, evaluation: { samples, seconds, cost } }) => [
              label,
              integer(samples),
              duration(seconds),
              cost === undefined ? NO_VALUE : time(median(cost.seconds)),
              cost === undefined ? NO_VALUE : time(largest(cost.seconds)),
              cost === undefined ? NO_VALUE : bytes(largest(cost.residentBytes)),
            ])}
          />
        </>
      ))}
    </Section>
  );
}

const largest = (values: readonly number[]) => values.reduce((a, b) => Math.max(a, b), 0);
