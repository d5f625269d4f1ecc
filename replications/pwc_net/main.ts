/**
 * `deno task pwc-net`: PWC-Net's command line.
 *
 * @module
 */
import { replicate } from "../../cli/replicate.ts";
import { pwcNet } from "./pwc_net.ts";

if (import.meta.main) await replicate(pwcNet);
