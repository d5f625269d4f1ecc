/** How to measure the same again. @module */
import type { SpeedRecord } from "../../benchmarks/speed/speed_record.ts";
import { type Markup, Scroll, Section } from "../components.tsx";
import { codeFacts, Facts, machineFacts } from "../sections/environment.tsx";

/** The command and the machine. */
export function Reproduce({ record }: { record: SpeedRecord }): Markup {
  const { environment, command, id } = record;
  return (
    <Section
      id="reproduce"
      title="Reproduce"
      lead="Times belong to this machine and to what else it did; ratios travel better."
    >
      <h3>Command</h3>
      <Scroll label={`Command of ${id}`}>
        <pre><code>{command}</code></pre>
      </Scroll>
      <h3>Environment</h3>
      <Facts
        label={`Environment of ${id}`}
        facts={[...codeFacts(environment), ...machineFacts(environment)]}
      />
    </Section>
  );
}
