/**
 * Official weights over imported datasets, as `evaluate` scores them, against the same figures made
 * with the official architecture in PyTorch (`reference/make_evaluation_fixture.py`); and their flows,
 * kept as files, scored again.
 *
 * With `REFLOW_LONG=1` every dataset runs under its usual protocol; that takes minutes on two cores.
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { FLOW_METRICS, type FlowMetric } from "../benchmarks/metrics/flow.ts";
import { findDataset } from "../datasets/registry.ts";
import expected from "./reference/fixtures/raft/evaluation.json" with { type: "json" };
import { run } from "./reflow_process.ts";
import { sharedData } from "./shared_data.ts";

type Averages = Record<"per_image" | "pooled", Record<string, number>>;
interface Reference {
  readonly dataset: string;
  readonly iterations: number;
  readonly samples: number;
  readonly float32: Averages;
  readonly float64?: Averages;
}
const references = expected as readonly Reference[];

/** The folder of each dataset's files. */
const FILES: Readonly<Record<string, string>> = {
  "middlebury": "middlebury",
  "sintel-clean": "sintel",
  "kitti-2015": "kitti2015",
  "flying-chairs": "flyingchairs",
};

const weights = sharedData("raft-small/raft-small.pth");
const folders = Object.fromEntries(Object.entries(FILES).map(([id, at]) => [id, sharedData(at)]));
const ignore = weights === null || Object.values(folders).includes(null);
const long = Deno.env.get("REFLOW_LONG") !== undefined;

const RAFT = "replications/raft/main.ts";
const folder = await Deno.makeTempDir({ prefix: "reflow-benchmark-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

interface Result {
  readonly dataset: string;
  readonly samples: number;
  readonly metrics: Record<FlowMetric, number>;
}

/** Scores with the command itself; the datasets are imported already. */
async function evaluate(...args: string[]): Promise<Result[]> {
  const { code, stdout, stderr } = await run(
    RAFT,
    ["evaluate", ...args, "--json", "--quiet"],
    folder,
  );
  assertEquals(code, 0, stderr);
  const result = JSON.parse(stdout);
  return result.results ?? [result];
}

async function imported(id: string): Promise<void> {
  await findDataset(id).importFrom!(folders[id]!, join(folder, "data", id), () => {});
}

/** The reference's value of a metric. */
const valueOf = ({ per_image, pooled }: Averages, metric: FlowMetric): number | undefined => {
  const { of, averaging } = FLOW_METRICS[metric];
  return (averaging === "pooled" ? pooled : per_image)[of];
};

/** Three pixels of KITTI's 75,000 that count, in per cent: so many may fall across a threshold. */
const FEW_PIXELS = 4e-3;

/**
 * Every metric of the reference, in both averages: within 1e-3, shares within a few pixels. On KITTI's
 * pair the iterations amplify rounding so far that PyTorch in float32 and PyTorch in float64 differ by
 * 3e-3; there ours must be no further from float32 than they are from each other.
 */
function assertEqualsReference(result: Result, reference: Reference): void {
  assertEquals(result.samples, reference.samples);
  let compared = 0;
  for (const metric of Object.keys(FLOW_METRICS) as FlowMetric[]) {
    const theirs = valueOf(reference.float32, metric);
    if (theirs === undefined) continue;
    compared++;
    const exact = reference.float64 === undefined ? theirs : valueOf(reference.float64, metric)!;
    const allowed = FLOW_METRICS[metric].unit === "%" ? FEW_PIXELS : 1e-3;
    const apart = Math.abs(result.metrics[metric] - theirs);
    const where = `${result.dataset}, ${metric}: ${result.metrics[metric]} and ${theirs}`;
    assert(apart <= Math.max(allowed, Math.abs(exact - theirs)), where);
  }
  assertEquals(compared, 12, "six quantities, averaged both ways");
}

const short = references.find(({ dataset, iterations }) =>
  dataset === "flying-chairs" && iterations === 4
)!;

Deno.test({
  name: "official weights on FlyingChairs, 4 iterations: every average is PyTorch's",
  ignore,
  async fn(t) {
    await imported("flying-chairs");
    const dataset = ["--dataset", "flying-chairs", "--iterations", "4"];
    const model = await evaluate("--weights", weights!, ...dataset, "--save-predictions", "kept");
    assertEqualsReference(model[0], short);
    await t.step("the flows kept as files score the same, to the last bit", async () => {
      const [files] = await evaluate("--predictions", "kept", ...dataset);
      assertEquals(files.metrics, model[0].metrics);
    });
    await t.step("flows are not mixed with those of another model", async () => {
      const args = ["evaluate", "--baseline", "zero", ...dataset, "--save-predictions", "kept"];
      const { code, stderr } = await run(RAFT, args, folder);
      assertEquals(code, 3);
      assert(stderr.includes("there are files in it already"), stderr);
    });
  },
});

Deno.test({
  name: "official weights on every imported dataset: every average is PyTorch's",
  ignore: ignore || !long,
  async fn() {
    const usual = references.filter((reference) => reference !== short);
    for (const { dataset } of usual) {
      if (dataset !== short.dataset) await imported(dataset);
    }
    const names = usual.map(({ dataset }) => dataset);
    const all = ["--dataset", ...names];
    const model = await evaluate("--weights", weights!, ...all, "--save-predictions", "all");
    assertEquals(model.map(({ dataset }) => dataset), names);
    for (const [i, reference] of usual.entries()) assertEqualsReference(model[i], reference);
    const files = await evaluate("--predictions", "all", ...all);
    assertEquals(files.map(({ metrics }) => metrics), model.map(({ metrics }) => metrics));
  },
});
