// deno-lint-ignore-file jsx-key -- rendered once: nothing is ever matched by key
/** The machine and the software that numbers come from, as a table. @module */
import type { Environment } from "../../benchmarks/record.ts";
import { Digest, type Markup, Scroll } from "../components.tsx";
import { bytes, count } from "../format.ts";

/** A name and what is to be known of it. */
export type Fact = readonly [name: string, value: string | Markup];

const KERNELS = { tuned: "Reflow's kernels", stock: "TensorFlow.js' own kernels" };

/** Facts in two columns. */
export function Facts({ label, facts }: { label: string; facts: readonly Fact[] }): Markup {
  return (
    <Scroll label={label}>
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
  );
}

/** Names of the code. */
export function codeFacts(env: Environment): Fact[] {
  return [
    ["Commit", env.commit === null ? "outside a checkout" : <Digest value={env.commit} />],
    ["Code", <Digest value={env.code} />],
  ];
}

/** Versions, machine and adapter. */
export function machineFacts(env: Environment): Fact[] {
  return [
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
    ] as Fact[]),
    ["Packages", Object.entries(env.packages).map((pair) => pair.join(" ")).join(", ")],
  ];
}

function adapterName(adapter: NonNullable<Environment["adapter"]>): string {
  const { vendor, architecture, device, description } = adapter;
  return [...new Set([vendor, architecture, device, description])].filter(Boolean).join(" · ");
}

/** The adapter in few words, or the backend where there is none. */
export function shortAdapter({ adapter, backend }: Environment): string {
  return adapter?.description || adapter?.device || backend;
}
