/**
 * Gives property tests the same cases on every run; loaded before each test file.
 *
 * Look for new cases with another seed: `FC_SEED=2 deno task test`.
 *
 * @module
 */
import fc from "fast-check";

fc.configureGlobal({ seed: Number(Deno.env.get("FC_SEED") ?? 1) });
