/** The way from a run on the index to its report. @module */
import type { ScannedRun } from "../../benchmarks/scan_runs.ts";
import type { Markup } from "../components.tsx";

/** A run's id, a link where its report was written. */
export function RunLink({ run: { folder, record, report } }: { run: ScannedRun }): Markup {
  return report
    ? <a href={`${encodeURIComponent(folder)}/report.html`}>{record.id}</a>
    : <>{record.id}</>;
}
