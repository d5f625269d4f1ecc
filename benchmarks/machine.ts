/**
 * Which machine a result comes from, as far as times go.
 *
 * @module
 */
import { sha256 } from "../base/files.ts";
import type { Environment } from "./record.ts";

/** Names a machine: times of two results compare only where it is the same. */
export function machineKey(environment: Environment): string {
  return sha256(machineName(environment)).slice(0, 8);
}

/** The machine in words: system, processor, memory, adapter, backend. */
export function machineName(environment: Environment): string {
  const { os, arch, cores, memoryBytes, backend, adapter } = environment;
  const [system] = os.split(" "); // its kernel's version is no other machine
  const memory = `${Math.round(memoryBytes / 2 ** 30)} GiB`;
  const device = adapter
    ? adapter.description || `${adapter.vendor} ${adapter.device}`
    : "no adapter";
  return [system, arch, `${cores} cores`, memory, backend, device].join(", ");
}
