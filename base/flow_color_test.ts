import { assertEquals, assertThrows } from "@std/assert";
import { ndarray, packed } from "./arrays.ts";
import { colorWheel, flowToColor } from "./flow_color.ts";

/** The colour of one flow vector. */
function color(u: number, v: number, maxFlow?: number): number[] {
  return [...flowToColor(ndarray(Float32Array.of(u, v), [1, 1, 2]), { maxFlow }).picture.data];
}

Deno.test("flowToColor() gives the wheel's colours", () => {
  // The place on the wheel is 27 (1 + atan2(-v, -u) / pi).
  assertEquals(color(0, 0, 1), [255, 255, 255]);
  assertEquals(color(1, 0, 1), [255, 0, 0]); // place 0: red
  assertEquals(color(0, 1, 1), [255, 229, 0]); // 13.5: (221 + 238) / 2 of green
  assertEquals(color(-1, 0, 1), [0, 209, 255]); // 27: third of cyan to blue, 255 - 46
  assertEquals(color(0, -1, 1), [88, 0, 255]); // 40.5: (78 + 98) / 2 of red
});

Deno.test("flowToColor() fades with length and darkens beyond the longest", () => {
  assertEquals(color(0.5, 0, 1), [255, 127, 127]);
  assertEquals(color(0, 2, 8), [255, 248, 191]);
  assertEquals(color(2, 0, 1), [191, 0, 0]);
  assertEquals(color(-3, 0, 1), [0, 156, 191]);
});

Deno.test("flowToColor() scales by the longest known flow and returns it", () => {
  const flow = ndarray(Float32Array.of(3, 4, 0, 0, 300, 400, NaN, 1, Infinity, 0), [1, 5, 2]);
  const valid = ndarray(Uint8Array.of(1, 1, 0, 1, 1), [1, 5]);
  const { picture, maxFlow } = flowToColor(flow, { valid });
  assertEquals(maxFlow, 5);
  assertEquals([...picture.data.subarray(0, 3)], color(3, 4, 5));
  assertEquals([...picture.data.subarray(3)], [255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  assertEquals(flowToColor(flow, { valid, maxFlow: 10 }).maxFlow, 10);
});

Deno.test("flowToColor() draws still flow white and unknown flow black, at scale 1", () => {
  const still = ndarray(new Float32Array(4), [1, 2, 2]);
  assertEquals(flowToColor(still).maxFlow, 1);
  const { picture, maxFlow } = flowToColor(still, { valid: ndarray(new Uint8Array(2), [1, 2]) });
  assertEquals([maxFlow, ...picture.data], [1, 0, 0, 0, 0, 0, 0]);
});

Deno.test("the longest flow is never taken for longer than itself", () => {
  for (let i = 0; i < 500; i++) {
    const u = Math.cos(i) * (i + 0.1), v = Math.sin(i) * (i + 0.1);
    assertEquals(color(u, v), color(u, v, Math.hypot(Math.fround(u), Math.fround(v))));
    assertEquals(Math.max(...color(u, v)), 255);
  }
});

Deno.test("flowToColor() reads views and refuses masks that do not fit", () => {
  const flow = ndarray(Float32Array.of(1, 0, 0, 1), [1, 2, 2]);
  const { picture } = flowToColor(flow.step(1, -1));
  assertEquals([...picture.data], [255, 229, 0, 255, 0, 0]);
  const wrong = ndarray(new Uint8Array(3), [1, 3]);
  assertThrows(() => flowToColor(flow, { valid: wrong }), TypeError);
});

Deno.test("colorWheel() is white in the middle, full on its circle and dark in the corners", () => {
  const wheel = colorWheel(11);
  const at = (y: number, x: number) => [0, 1, 2].map((channel) => wheel.get(y, x, channel));
  assertEquals(wheel.shape, [11, 11, 3]);
  assertEquals(at(5, 5), [255, 255, 255]);
  assertEquals(at(5, 10), [255, 0, 0]);
  assertEquals(at(10, 5), [255, 229, 0]);
  assertEquals(Math.max(...at(0, 0)), 191);
  assertEquals([...packed(colorWheel(1))], [255, 255, 255]);
});
