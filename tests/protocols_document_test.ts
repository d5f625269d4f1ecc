/** What the command line knows, in the document that says how numbers are made. */
import { assertStringIncludes } from "@std/assert";
import { segmentationQuantities } from "../benchmarks/metrics/segmentation.ts";
import { FLOW_PROTOCOLS } from "../benchmarks/protocols/protocol.ts";
import { SEGMENTATION_PROTOCOLS } from "../benchmarks/protocols/segmentation.ts";
import { flowBaselines } from "../replications/flow.ts";
import { segmentationBaselines } from "../replications/segmentation.ts";

Deno.test("docs/protocols.md has every protocol, metric of segmentation and baseline", async () => {
  const document = await Deno.readTextFile(new URL("../docs/protocols.md", import.meta.url));
  const names = [
    ...Object.keys({ ...FLOW_PROTOCOLS, ...SEGMENTATION_PROTOCOLS }),
    ...segmentationQuantities.flatMap((name) => [name, `${name}PerImage`]),
    ...flowBaselines,
    ...segmentationBaselines,
  ];
  for (const name of names) assertStringIncludes(document, `\`${name}\``);
});
