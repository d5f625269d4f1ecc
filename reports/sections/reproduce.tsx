// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** How to get these numbers again, and everything they depend on. @module */
import { Digest, Linked, type Markup, Scroll, Section, Table } from "../components.tsx";
import { integer, moment, NO_VALUE } from "../format.ts";
import type { LoadedRun } from "../load.ts";
import { codeFacts, type Fact, Facts, machineFacts } from "./environment.tsx";

/** Commands, data, code, machine and settings of every run. */
export function Reproduce({ runs }: { runs: readonly LoadedRun[] }): Markup {
  return (
    <Section
      id="reproduce"
      title="Reproduce"
      lead="The same seed, adapter and code give the same bits. Another adapter rounds differently, which moves the last digits."
    >
      {runs.map((run) => <Run run={run} />)}
    </Section>
  );
}

function Run({ run: { record } }: { run: LoadedRun }): Markup {
  const { environment: env, training, commands, data } = record;
  const facts: Fact[] = [
    ["Seed", String(record.seed)],
    ["Started", moment(record.startedAt)],
    ["Finished", record.finishedAt === null ? NO_VALUE : moment(record.finishedAt)],
    ...codeFacts(env),
    ...(training === null ? [] : [
      ["Configuration", <Digest value={training.configHash} />],
      ["Weights", training.weights === null ? NO_VALUE : <Digest value={training.weights} />],
    ] as Fact[]),
    ...machineFacts(env),
  ];
  return (
    <div class="group">
      <h3>
        <code>{record.id}</code>
      </h3>
      <h4>Commands</h4>
      <Scroll label={`Commands of ${record.id}`}>
        <pre><code>{commands.join("\n")}</code></pre>
      </Scroll>
      {data.length > 0 && (
        <>
          <h4>Data</h4>
          <Table
            label={`Data of ${record.id}`}
            class="data"
            columns={["Dataset", ["Samples", "number"], "Licence", "Source", "Digest of the store"]}
          >
            {data.map((stamp) => (
              <tr>
                <th scope="row">{stamp.dataset}/{stamp.split}</th>
                <td class="number">{integer(stamp.samples)}</td>
                <td class="prose">{stamp.licence}</td>
                <td class="prose">
                  <Linked text={stamp.source} />
                </td>
                <td>
                  <Digest value={stamp.digest} />
                </td>
              </tr>
            ))}
          </Table>
        </>
      )}
      <h4>Environment</h4>
      <Facts label={`Environment of ${record.id}`} facts={facts} />
      {training !== null && (
        <details>
          <summary>Configuration</summary>
          <Scroll label={`Configuration of ${record.id}`}>
            <pre><code>{JSON.stringify(training.config, null, 2)}</code></pre>
          </Scroll>
        </details>
      )}
    </div>
  );
}
