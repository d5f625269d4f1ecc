/**
 * `deno task raft`: RAFT's command line.
 *
 * @module
 */
import { replicate } from "../../cli/replicate.ts";
import { raft } from "./raft.ts";

if (import.meta.main) await replicate(raft);
