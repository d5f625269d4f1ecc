import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { join } from "@std/path";
import { type FlowField, ndarray, packed, type Picture } from "../../base/arrays.ts";
import { randomStream } from "../../base/random.ts";
import { readFlo } from "../../datasets/formats/flo.ts";
import { readPicture } from "../../datasets/formats/picture.ts";
import { sharedData } from "../../tests/shared_data.ts";
import { FlowMetrics } from "../metrics/flow.ts";
import { farneback } from "./farneback.ts";

/** A texture of random waves, moved by (u, v): smooth, so that any fraction of a pixel is exact. */
function waves(height: number, width: number, u: number, v: number): Picture {
  const random = randomStream(1, "waves");
  const all = Array.from({ length: 40 }, () => {
    const angle = random.uniform(0, 2 * Math.PI);
    const frequency = 2 * Math.PI / random.uniform(6, 60);
    return [frequency * Math.cos(angle), frequency * Math.sin(angle), random.uniform(0, 7)];
  });
  const picture = ndarray(new Uint8Array(height * width * 3), [height, width, 3]);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (const [a, b, phase] of all) sum += Math.sin(a * (x - u) + b * (y - v) + phase);
      const grey = Math.round(Math.max(0, Math.min(255, 128 + 10 * sum)));
      for (let c = 0; c < 3; c++) picture.set(y, x, c, grey);
    }
  }
  return picture;
}

function constant(height: number, width: number, u: number, v: number): FlowField {
  const values = Float32Array.from({ length: height * width * 2 }, (_, i) => i % 2 ? v : u);
  return ndarray(values, [height, width, 2]);
}

Deno.test("farneback() finds translations to a fraction of a pixel, away from the border", async () => {
  const baseline = await farneback();
  const [h, w] = [128, 192], border = 28;
  const still = waves(h, w, 0, 0);
  for (const [u, v] of [[0, 0], [0.3, -0.6], [2.5, 1.25], [-7.4, 4.8]]) {
    const [flow] = await baseline.predict(still, waves(h, w, u, v), [1]);
    const inner = [h - 2 * border, w - 2 * border];
    const { epe } = new FlowMetrics().add(`${u}, ${v}`, {
      prediction: flow.lo(border, border, 0).hi(inner[0], inner[1], 2),
      truth: constant(inner[0], inner[1], u, v),
      valid: ndarray(new Uint8Array(inner[0] * inner[1]).fill(1), inner),
    });
    assert(epe! < 0.05, `(${u}, ${v}): EPE ${epe}`);
  }
});

Deno.test("farneback() gives the same bits again, one field for any iterations", async () => {
  const baseline = await farneback();
  const pair = [waves(40, 56, 0, 0), waves(40, 56, 1.5, 0)] as const;
  const [one, two] = await baseline.predict(...pair, [1, 2]);
  assertStrictEquals(one, two);
  assertEquals(one.shape, [40, 56, 2]);
  const [again] = await (await farneback()).predict(...pair, [1]);
  assertEquals(packed(again), packed(one));
});

Deno.test("farneback() accepts pictures of any small size and cropped views", async () => {
  const baseline = await farneback();
  for (const [h, w] of [[1, 1], [8, 8], [16, 64], [7, 33]]) {
    const view = waves(h + 2, w + 3, 0, 0).lo(1, 2, 0).hi(h, w, 3);
    const [flow] = await baseline.predict(view, view, [1]);
    assertEquals(flow.shape, [h, w, 2]);
    assert(packed(flow).every(Number.isFinite));
  }
});

for (const sequence of ["Dimetrodon", "Grove2", "Hydrangea", "RubberWhale", "Urban2"]) {
  const frames = sharedData(`middlebury/other-data/${sequence}`);
  const truths = sharedData(`middlebury/other-gt-flow/${sequence}`);
  Deno.test({
    name: `farneback() halves the error of zero flow on Middlebury's ${sequence}`,
    ignore: frames === null || truths === null,
    async fn() {
      const baseline = await farneback();
      const image1 = await readPicture(join(frames!, "frame10.png"));
      const image2 = await readPicture(join(frames!, "frame11.png"));
      const { flow: truth, valid } = await readFlo(join(truths!, "flow10.flo"));
      const [flow] = await baseline.predict(image1, image2, [1]);
      const zero = constant(truth.shape[0], truth.shape[1], 0, 0);
      const score = (prediction: FlowField) =>
        new FlowMetrics().add(sequence, { prediction, truth, valid }).epe!;
      assert(score(flow) < 0.5 * score(zero), `EPE ${score(flow)}, of zero flow ${score(zero)}`);
    },
  });
}
