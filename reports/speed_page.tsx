// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/**
 * A speed record as one HTML file in the manner of the reports.
 *
 * @module
 */
import { writeFileAtomic } from "../base/files.ts";
import type { SpeedRecord } from "../benchmarks/speed/speed_record.ts";
import { renderPage } from "./page.tsx";
import { shortAdapter } from "./sections/environment.tsx";
import { Glance } from "./speed/glance.tsx";
import { Group, groupsOf } from "./speed/group.tsx";
import { Headline } from "./speed/headline.tsx";
import { Reproduce } from "./speed/reproduce.tsx";
import { sizeCharts } from "./speed/size_charts.ts";

/** Renders a speed record as one HTML page that needs nothing else. */
export async function renderSpeedPage(record: SpeedRecord): Promise<string> {
  const chartsOf = new Map(record.sizes.map((curve) => [curve.group, sizeCharts(curve)]));
  const groups = groupsOf(record);
  return await renderPage({
    title: `Speed and memory on ${shortAdapter(record.environment)} – Reflow`,
    links: [
      // The groups are linked from there: twenty of them are no navigation.
      ["glance", "At a glance"],
      ["reproduce", "Reproduce"],
    ],
    charts: [...chartsOf.values()].flat(),
    body: [
      <Headline record={record} />,
      <Glance groups={groups} />,
      ...groups.map((group) => (
        <Group
          group={group}
          charts={chartsOf.get(group.about.id) ?? []}
          repeats={record.repeats}
        />
      )),
      <Reproduce record={record} />,
    ],
  });
}

/**
 * Writes the page of a speed record to a file, whole or not at all.
 *
 * @param out The HTML file; its folder is made if absent.
 */
export async function writeSpeedPage(record: SpeedRecord, out: string): Promise<void> {
  await writeFileAtomic(out, await renderSpeedPage(record));
}
