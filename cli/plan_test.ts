import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { withFolder } from "../datasets/store/small_store.ts";
import { raft } from "../replications/raft/raft.ts";
import { planFor, planText } from "./plan.ts";

const device = { name: "a device", gigaflops: 1e4 };
const { paper } = raft.recipes;

Deno.test("a plan gives hours and bytes, stage by stage and in all", () =>
  withFolder(async (folder) => {
    const plan = await planFor(device, paper, raft.plan(paper), folder);
    assertEquals(plan.stages.map(({ name }) => name), ["chairs", "things", "sintel", "kitti"]);
    // 10⁶ pairs of 512×384 and 300,000 of 1242×375, at 15 bytes a pixel.
    const [chairs, , , kitti] = plan.stages;
    assertEquals(chairs.bytesRead, 1e6 * 512 * 384 * 15);
    assertEquals(kitti.bytesRead, 3e5 * 1242 * 375 * 15);
    assertEquals(plan.bytesRead, plan.stages.reduce((sum, stage) => sum + stage.bytesRead, 0));
    // FlyingThings3D's clean pass serves two stages and lies on the disk once.
    const things = 40302 * 960 * 540, sintel = 1041 * 1024 * 436;
    const pixels = 22232 * 512 * 384 + 2 * things + 2 * sintel + 200 * 1242 * 375 +
      1047 * 2560 * 1080;
    assertEquals(plan.bytesStored, 15 * pixels);
    assertAlmostEquals(plan.seconds, plan.gigaflop / device.gigaflops, 1);
    assertAlmostEquals(
      plan.stages.reduce((sum, stage) => sum + stage.seconds, 0),
      plan.seconds,
      1,
    );
    assertEquals(plan.missing.length, 7);
  }));

Deno.test("the text says hours, bytes, what bytes mean, and where missing data comes from", () =>
  withFolder(async (folder) => {
    const plan = await planFor(device, paper, raft.plan(paper), folder);
    const text = planText(plan);
    for (
      const part of [
        "2.7 TiB", // the chairs stage reads
        "Time: 130 h",
        "before compression",
        "hd1k: http://hci-benchmark.iwr.uni-heidelberg.de/",
      ]
    ) {
      assertStringIncludes(text, part);
    }
    for (const { dataset } of plan.missing) await Deno.mkdir(`${folder}/${dataset}`);
    const complete = await planFor(device, paper, raft.plan(paper), folder);
    assertStringIncludes(planText(complete), "All data is here.");
  }));
