// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** How the ratios of each group lie. @module */
import { type Markup, Section, Table } from "../components.tsx";
import { NO_VALUE, times } from "../format.ts";
import { goals } from "./goals.ts";
import type { SpeedGroup } from "./group.tsx";

/** A line a group: how its ratios lie. */
export function Glance({ groups }: { groups: readonly SpeedGroup[] }): Markup {
  const lines = groups.map(({ about, rows }) => ({
    about,
    ratios: rows.flatMap(({ ratio }) => ratio ? [ratio.value] : []).sort((a, b) => a - b),
    ...goals(rows),
  }));
  return (
    <Section
      id="glance"
      title="At a glance"
      lead="How many times as fast as the alternative, or as small."
    >
      <Table
        label="Ratios by group"
        columns={[
          "Group",
          ["Rows compared", "number"],
          ["Lowest", "number"],
          ["Median", "number"],
          ["Highest", "number"],
          ["Wanted ratio reached", "number"],
        ]}
      >
        {lines.map(({ about, ratios, wanted, reached }) => (
          <tr>
            <th scope="row">
              <a href={`#${about.id}`}>{about.title}</a>
            </th>
            {ratios.length > 0
              ? (
                <>
                  <td class="number">{ratios.length}</td>
                  <td class="number">{times(ratios[0])}</td>
                  <td class="number">{times(ratios[(ratios.length - 1) >> 1])}</td>
                  <td class="number">{times(ratios.at(-1)!)}</td>
                </>
              )
              : [0, 1, 2, 3].map(() => <td class="number">{NO_VALUE}</td>)}
            <td class="number">{wanted === 0 ? NO_VALUE : `${reached} of ${wanted}`}</td>
          </tr>
        ))}
      </Table>
    </Section>
  );
}
