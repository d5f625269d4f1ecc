// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** How to get these numbers again, and everything they depend on. @module */
import { Digest, Linked, type Markup, Scroll, Section } from "../components.tsx";
import { bytes, count, integer, moment, NO_VALUE } from "../format.ts";
import type { LoadedRun } from "../load.ts";

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

const KERNELS = { tuned: "Reflow's kernels", stock: "TensorFlow.js' own kernels" };

function Run({ run: { record } }: { run: LoadedRun }): Markup {
  const { environment: env, training, commands, data } = record;
  const facts: [string, string | Markup][] = [
    ["Seed", String(record.seed)],
    ["Started", moment(record.startedAt)],
    ["Finished", record.finishedAt === null ? NO_VALUE : moment(record.finishedAt)],
    ["Commit", env.commit === null ? "outside a checkout" : <Digest value={env.commit} />],
    ["Code", <Digest value={env.code} />],
    ...(training === null ? [] : [
      ["Configuration", <Digest value={training.configHash} />],
      ["Weights", training.weights === null ? NO_VALUE : <Digest value={training.weights} />],
    ] as [string, string | Markup][]),
    ["Reflow", env.reflow],
    ["Deno", `${env.deno}, V8 ${env.v8}`],
    [
      "Machine",
      `${env.os} ${env.arch}, ${count(env.cores, "core")}, ${bytes(env.memoryBytes)} of memory`,
    ],
    ["Backend", `${env.backend}, ${KERNELS[env.kernels]}`],
    ...(env.adapter === null ? [] : [
      ["Adapter", adapterName(env.adapter)],
      ["Largest storage binding", bytes(env.adapter.maxStorageBufferBindingSize)],
      ["Largest buffer", bytes(env.adapter.maxBufferSize)],
    ] as [string, string][]),
    ["Packages", Object.entries(env.packages).map((pair) => pair.join(" ")).join(", ")],
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
          <Scroll label={`Data of ${record.id}`}>
            <table class="data">
              <thead>
                <tr>
                  <th scope="col">Dataset</th>
                  <th scope="col" class="number">Samples</th>
                  <th scope="col">Licence</th>
                  <th scope="col">Source</th>
                  <th scope="col">Digest of the store</th>
                </tr>
              </thead>
              <tbody>
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
              </tbody>
            </table>
          </Scroll>
        </>
      )}
      <h4>Environment</h4>
      <Scroll label={`Environment of ${record.id}`}>
        <table class="facts">
          <tbody>
            {facts.map(([name, value]) => (
              <tr>
                <th scope="row">{name}</th>
                <td>{value}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
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

function adapterName(
  adapter: { vendor: string; architecture: string; device: string; description: string },
): string {
  const { vendor, architecture, device, description } = adapter;
  return [...new Set([vendor, architecture, device, description])].filter(Boolean).join(" · ");
}
