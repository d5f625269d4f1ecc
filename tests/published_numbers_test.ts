/** Every paper's published numbers as data. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { flowCounterparts } from "../benchmarks/flow_counterparts.ts";
import { publishedByModel } from "../benchmarks/published.ts";
import { comparePublishedNumber } from "../benchmarks/verdict.ts";

const folder = new URL("../replications/", import.meta.url);

const unscored = { counterparts: flowCounterparts, training: "" };

/** How many numbers the papers' sources hold. */
const COUNTS: Readonly<Record<string, number>> = {
  guess_what_moves: 32,
  omnimotion: 150,
  pwc_net: 80,
  raft: 83,
};

const files = [...Deno.readDirSync(fromFileUrl(folder))]
  .map(({ name }) => ({ paper: name, path: new URL(`${name}/published.json`, folder) }))
  .filter(({ path }) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });

Deno.test("every paper's published numbers are whole, each with its source", () => {
  for (const { paper, path } of files) {
    const file = JSON.parse(Deno.readTextFileSync(path));
    const numbers = Object.values(publishedByModel(file, Object.keys(file))).flat();
    if (paper in COUNTS) assertEquals(numbers.length, COUNTS[paper], paper);
    for (const number of numbers) {
      const remembered = number.source.includes("from memory");
      assert(!(remembered && number.verified), `${paper} ${number.id} is from memory`);
      const { verdict } = comparePublishedNumber(number, null, unscored);
      assertEquals(verdict, "not run");
    }
  }
  for (const paper of Object.keys(COUNTS)) {
    assert(files.some((file) => file.paper === paper), paper);
  }
});
