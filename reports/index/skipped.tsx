/** What of a folder of runs could not be read. @module */
import type { ScannedRuns } from "../../benchmarks/scan_runs.ts";
import { type Markup, Section } from "../components.tsx";

/** The folders left out and why; null where there is none. */
export function Skipped({ skipped }: { skipped: ScannedRuns["skipped"] }): Markup | null {
  if (skipped.length === 0) return null;
  return (
    <Section
      id="skipped"
      title="Skipped"
      lead="Folders that hold no record this version can read."
    >
      <ul class="plain">
        {skipped.map(({ folder, reason }) => (
          <li>
            <code>{folder}</code> {reason}
          </li>
        ))}
      </ul>
    </Section>
  );
}
