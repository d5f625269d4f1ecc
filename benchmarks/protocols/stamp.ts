/**
 * What a record keeps of a protocol of any kind.
 *
 * @module
 */
import { sha256 } from "../../base/files.ts";
import type { ProtocolStamp } from "../record.ts";

/**
 * The stamp of a protocol. The hash covers every setting but its name and its prose.
 *
 * @param quoted Name of the metric to quote.
 */
export function stampOf(
  protocol: { readonly id: string; readonly version: number; readonly summary: string },
  quoted: string,
): ProtocolStamp {
  const { id, version, summary, ...settings } = protocol;
  return { id, version, summary, quoted, hash: sha256(canonicalJson({ version, ...settings })) };
}

/** JSON with sorted keys and no spaces: equal values, equal text. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, x) => {
    if (typeof x !== "object" || x === null || Array.isArray(x)) return x;
    return Object.fromEntries(Object.entries(x).sort(([a], [b]) => a < b ? -1 : 1));
  });
}
