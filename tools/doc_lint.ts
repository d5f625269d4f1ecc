/**
 * Checks that the public API is documented: reads what `deno doc --lint mod.ts` says from standard
 * input and counts what is ours to mend.
 *
 * Every export and every method needs a docstring. A field may stand on its name and type, a
 * constructor on its class. Not counted either are symbols of packages that our API shows, and two
 * rules: `private-type-ref` calls a package's type private wherever it is not exported again, and
 * `missing-explicit-type` asks for a second spelling of each zod schema.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

const COUNTED = new Set(["missing-jsdoc", "missing-return-type"]);

/** Source lines of fields, constructors and what is private. */
const EXEMPT = /^\s+(constructor\b|private\b|(readonly\s+)?\w+\??:)/;

/** One complaint of `deno doc --lint`. */
interface Finding {
  readonly rule: string;
  readonly message: string;
  /** Absolute path. */
  readonly file: string;
  readonly line: number;
  /** The source line. */
  readonly source: string;
}

/**
 * Reads what `deno doc --lint` printed.
 *
 * @throws {Error} When it did not get as far as counting complaints, or some cannot be read.
 */
export function parseFindings(output: string): Finding[] {
  const pattern = /error\[([\w-]+)\]: (.*)\n\s*--> (.*):(\d+):\d+\n.*\n\s*\d+ \| (.*)\n/g;
  const findings = [...output.matchAll(pattern)].map(([, rule, message, file, line, source]) => {
    return { rule, message, file, line: Number(line), source };
  });
  const stated = /^Checked \d+ file/m.test(output)
    ? 0
    : Number(/Found (\d+) documentation lint error/.exec(output)?.[1]);
  if (findings.length !== stated) throw new Error(`deno doc --lint printed:\n${output}`);
  return findings;
}

/** The complaints that count, of those about files below `root`. */
export function ours(findings: readonly Finding[], root: string): Finding[] {
  return findings.filter(({ rule, file, source }) =>
    COUNTED.has(rule) && file.startsWith(root) && !EXEMPT.test(source)
  );
}

if (import.meta.main) {
  const root = fromFileUrl(new URL("..", import.meta.url));
  const output = await new Response(Deno.stdin.readable).text();
  const counted = ours(parseFindings(output), root);
  for (const { file, line, message, source } of counted) {
    console.error(`${file.slice(root.length)}:${line} ${message}: ${source.trim()}`);
  }
  Deno.exit(counted.length > 0 ? 1 : 0);
}
