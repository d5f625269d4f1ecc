/**
 * Calls that would break a promise of the house, and the few places that may make them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

interface Ban {
  readonly call: RegExp;
  readonly why: string;
  /** Files that may, each with its reason beside it. */
  readonly except: readonly string[];
}

const bans: readonly Ban[] = [
  {
    call: /\.(dataSync|arraySync)\(/,
    why: "it throws on WebGPU: await data()",
    except: ["nn/cpu_backend_test.ts"], // tests the backend that has its data at hand
  },
  {
    call: /\bMath\.random\(|\btf\.(random\w*|multinomial|dropout)\(/,
    why: "randomness comes from the named streams of base/random.ts",
    except: [],
  },
  {
    call: /\bDate\.now\(/,
    why: "results do not depend on the clock; durations come from performance.now()",
    except: ["datasets/store/sweep.ts"], // asks how old a leftover is
  },
];

/** The banned calls in a file, as sentences with their lines. Comments may mention them. */
function bannedCalls(file: string, text: string): string[] {
  const code = text.replace(/\/\*[^]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ""))
    .replace(/(^|[ \t])\/\/.*$/gm, "");
  return bans.filter(({ except }) => !except.includes(file)).flatMap(({ call, why }) =>
    code.split("\n").flatMap((line, i) =>
      call.test(line) ? [`${file}:${i + 1} calls ${call.exec(line)![0]}…): ${why}`] : []
    )
  );
}

const ROOT = fromFileUrl(new URL("..", import.meta.url));
const APART = /^(\..*|data|runs|docs|node_modules|banned_calls_test\.ts)$/;

function sources(folder = ""): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap(({ name, isDirectory }) => {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (APART.test(name)) return [];
    if (isDirectory) return sources(path);
    return /\.(tsx?|js)$/.test(name) ? [path] : [];
  });
}

Deno.test("no file makes a banned call", () => {
  const read = (file: string) => Deno.readTextFileSync(join(ROOT, file));
  assertEquals(sources().flatMap((file) => bannedCalls(file, read(file))), []);
});

Deno.test("every exception is one", () => {
  for (const { call, except } of bans) {
    for (const file of except) {
      assertEquals(call.test(Deno.readTextFileSync(join(ROOT, file))), true, file);
    }
  }
});

Deno.test("bannedCalls() finds calls and passes over mentions", () => {
  const text = [
    "/** Never Math.random(). */",
    "const a = Math.random();",
    "// Date.now() is banned",
    'const b = "http://x"; Date.now();',
    "/* x.dataSync()",
    "*/ await x.data(); x.dataSync();",
    "tf.randomNormal([1]);",
  ].join("\n");
  const lines = bannedCalls("a.ts", text).map((sentence) => /:(\d+) /.exec(sentence)![1]);
  assertEquals(lines.sort(), ["2", "4", "6", "7"]);
});
