/** PWC-Net's commands from nothing to a report, on a demo of a few steps. */
import { join } from "@std/path";
import { assertEquals, assertGreater, assertStringIncludes } from "@std/assert";
import { readFlo } from "../datasets/formats/flo.ts";
import { writePng } from "../datasets/formats/picture.ts";
import { demoConfig } from "../datasets/moving_shapes/config.ts";
import { renderVideo } from "../datasets/moving_shapes/mod.ts";
import { run } from "./reflow_process.ts";

const PWC_NET = "replications/pwc_net/main.ts";

interface Whole {
  run: string;
  report: string;
  record: string;
  metrics: { epe: number };
  baselines: { zero: { epe: number } };
}

Deno.test("deno task pwc-net goes from nothing to a report", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "reflow-pwc-net-" });
  const json = async (args: string[]): Promise<unknown> => {
    const { code, stdout, stderr } = await run(PWC_NET, [...args, "--json", "--quiet"], folder);
    assertEquals(code, 0, stderr);
    return JSON.parse(stdout);
  };
  try {
    const whole = await json(["--steps", "3"]) as Whole;

    await t.step(
      "it prints what scripts rely on, and the record says how it was trained",
      async () => {
        assertGreater(whole.metrics.epe, 0);
        assertGreater(whole.baselines.zero.epe, 3);
        const record = JSON.parse(await Deno.readTextFile(join(folder, whole.record)));
        assertEquals([record.paper.id, record.status], ["pwc-net", "complete"]);
        assertEquals(record.training.steps, 3);
        assertEquals(record.evaluations[0].protocol.id, "moving-shapes-pwc");
        const html = await Deno.readTextFile(join(folder, whole.report));
        assertStringIncludes(html, "PWC-Net");
      },
    );

    await t.step("the same seed ends with the same bits, checkpoints or not", async () => {
      const train = ["train", "--steps", "3", "--checkpoint-every", "1"];
      const { weights } = await json([...train, "--run", "again"]) as { weights: string };
      const record = JSON.parse(await Deno.readTextFile(join(folder, whole.record)));
      assertEquals(weights, record.training.weights);
    });

    await t.step("a run's weights file is scored as the run itself", async () => {
      const args = ["evaluate", "--dataset", "moving-shapes:test", "--samples", "2"];
      const weights = join("runs", whole.run, "weights.safetensors");
      const [run, file] = [
        await json([...args, "--run", whole.run]) as Whole,
        await json([...args, "--weights", weights]) as Whole,
      ];
      assertEquals(file.metrics, run.metrics);
    });

    await t.step("predict resizes pictures of any size, and has no iterations", async () => {
      const { frames } = renderVideo({ ...demoConfig, height: 43, width: 77 }, "test", 0);
      for (const i of [0, 1]) await writePng(join(folder, `${i}.png`), frames.pick(i));
      const args = ["predict", "0.png", "1.png", "--out", "flow.flo"];
      const { width, height, iterations } = await json(args) as Record<string, number>;
      assertEquals([width, height, iterations], [77, 43, 1]);
      assertEquals((await readFlo(join(folder, "flow.flo"))).flow.shape, [43, 77, 2]);
      const refused = await run(PWC_NET, [...args, "--iterations", "12"], folder);
      assertEquals(refused.code, 2);
      assertStringIncludes(refused.stderr, "unknown option '--iterations'");
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
