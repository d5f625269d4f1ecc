import { assertEquals } from "@std/assert";
import { FLOW_METRICS } from "../benchmarks/metrics/flow.ts";
import { segmentationQuantities } from "../benchmarks/metrics/segmentation.ts";
import { groupMetrics, mainMetric, metricName, quotedMetric } from "./metric_names.ts";

Deno.test("metricName() agrees with the metrics as they are computed", () => {
  for (const [name, { of, averaging, unit, lowerIsBetter }] of Object.entries(FLOW_METRICS)) {
    const metric = metricName(name);
    assertEquals(metric.averaging, averaging, name);
    assertEquals(metric.unit, unit === "degrees" ? "°" : unit, name);
    assertEquals(metric.better, lowerIsBetter ? "lower" : "higher", name);
    assertEquals(metric.quantity, metricName(of).quantity, name);
  }
});

Deno.test("metricName() knows the metrics of segmentation", () => {
  for (const name of segmentationQuantities) {
    const { averaging, unit, better } = metricName(name);
    assertEquals([averaging, unit, better], ["per video", "%", "higher"]);
    assertEquals(metricName(`${name}PerImage`).averaging, "per image");
  }
});

Deno.test("metricName() shows what it does not know as it is spelled", () => {
  for (const name of ["mIoU (linear)", "constructor", "", "</script>\n"]) {
    const unknown = { name, quantity: name, averaging: "" as const, unit: "", better: null };
    assertEquals(metricName(name), unknown);
  }
  assertEquals(metricName("JPooled").averaging, "pooled");
});

Deno.test("groupMetrics() puts the conventions of a quantity side by side", () => {
  const groups = groupMetrics(["epe", "fl", "epePooled", "fl", "pixels"]);
  assertEquals(groups.map((g) => g.map((m) => m.name)), [["epe", "epePooled"], ["fl"], ["pixels"]]);
});

Deno.test("quotedMetric() is the protocol's where the record says it and has it", () => {
  const protocol = { id: "kitti15-devkit", version: 1, hash: "0".repeat(64), summary: "" };
  const metrics = { epe: 2, fl: 1 };
  const quoted = (name?: string) =>
    quotedMetric({ protocol: { ...protocol, quoted: name }, metrics });
  assertEquals([quoted("fl"), quoted("out3"), quoted()], ["fl", "epe", "epe"]);
});

Deno.test("mainMetric() prefers the end-point error", () => {
  assertEquals(mainMetric({ fl: 1, epe: 2 }), "epe");
  assertEquals(mainMetric({ J: 1, F: 2 }), "J");
  assertEquals(mainMetric({}), null);
});
