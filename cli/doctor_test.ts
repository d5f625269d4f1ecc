import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { diagnose, missingFrom, renderDiagnosis } from "./doctor.ts";

Deno.test("diagnose() lists datasets and runs, with what mends the damaged ones", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const data = join(folder, "data"), runs = join(folder, "runs");
    await Deno.mkdir(join(data, "moving-shapes"), { recursive: true });
    await Deno.mkdir(join(runs, "raft-demo"), { recursive: true });
    const diagnosis = await diagnose(data, runs);
    const [shapes, large] = diagnosis.datasets;
    assertEquals([shapes.state, large.state], ["damaged", "absent"]);
    assertEquals(diagnosis.runs, [{ id: "raft-demo", status: "the run has no record" }]);
    const mend = diagnosis.missing.at(-1)!.command;
    assertEquals(
      mend,
      `rm -r ${join(data, "moving-shapes")} && deno task data fetch moving-shapes`,
    );
    const text = renderDiagnosis(diagnosis);
    assertStringIncludes(text, "moving-shapes-large absent: deno task data fetch");
    assertStringIncludes(text, `mend it: ${mend}`);
    assertMatch(text, /^Adapter {3}\S/m);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("missingFrom() names the command for a missing adapter and for an old Deno", () => {
  const adapter = {
    ...{ vendor: "", architecture: "", device: "", description: "some GPU" },
    ...{ maxStorageBufferBindingSize: 2 ** 27, maxBufferSize: 2 ** 28 },
  };
  assertEquals(missingFrom({ adapter, deno: Deno.version.deno }), []);
  assertEquals(missingFrom({ adapter, deno: "2.99.0" }), []);
  assertMatch(missingFrom({ adapter, deno: "2.8.10" })[0].command, /^deno upgrade 2\.\d+\.\d+$/);
  const [none] = missingFrom({ adapter: null, deno: Deno.version.deno });
  assertStringIncludes(none.command, "mesa-vulkan-drivers");
  const [small] = missingFrom({ adapter, deno: Deno.version.deno }, "Cannot use some GPU");
  assertEquals(small.what, "Cannot use some GPU");
  assertStringIncludes(small.command, "--backend cpu");
});
