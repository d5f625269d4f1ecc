import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { ndarray, packed, type Picture } from "../../base/arrays.ts";
import { randomStream } from "../../base/random.ts";
import { applyJitter, drawJitter, jitterColors, type JitterStep } from "./color_jitter.ts";
import fixture from "./fixtures/color_jitter.json" with { type: "json" };

const bytes = (values: string) => Uint8Array.from(values.split(" "), Number);
const input: Picture = ndarray(bytes(fixture.input.values), fixture.input.shape);

Deno.test("applyJitter() gives Pillow's bytes", () => {
  for (const { steps, expected } of fixture.cases) {
    const [jittered] = applyJitter([input], steps as JitterStep[]);
    assertEquals(packed(jittered), bytes(expected.values), JSON.stringify(steps));
  }
});

Deno.test("applyJitter() treats several pictures as one stacked picture", () => {
  const [rows, columns] = input.shape;
  const steps: JitterStep[] = [
    { property: "contrast", amount: 1.3 },
    { property: "saturation", amount: 0.7 },
    { property: "hue", amount: 0.2 },
  ];
  const halves = [input.hi(1, columns, 3), input.lo(1, 0, 0)];
  const [top, bottom] = applyJitter(halves, steps);
  const whole = packed(applyJitter([input], steps)[0]);
  assertEquals([...packed(top), ...packed(bottom)], [...whole]);
  assertEquals(bottom.shape, [rows - 1, columns, 3]);
  const [apart] = applyJitter([halves[0]], steps);
  assert(packed(apart).some((value, i) => value !== packed(top)[i]));
});

Deno.test("jitterColors() repeats itself and leaves its input alone", () => {
  const ranges = { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.159 };
  const before = packed(input).slice();
  const once = jitterColors([input, input], ranges, randomStream(1, "jitter"));
  const again = jitterColors([input, input], ranges, randomStream(1, "jitter"));
  assertEquals(packed(once[0]), packed(once[1]));
  assertEquals(packed(once[0]), packed(again[0]));
  assert(packed(once[0]).some((value, i) => value !== before[i]));
  assertEquals(packed(input), before);
});

Deno.test("drawJitter() draws every order and the whole of each range", () => {
  const stream = randomStream(2, "jitter");
  const ranges = { brightness: 1.5, contrast: 0.4, saturation: 0.2, hue: 0.1 };
  const bounds = {
    brightness: [0, 2.5],
    contrast: [0.6, 1.4],
    saturation: [0.8, 1.2],
    hue: [-0.1, 0.1],
  };
  const orders = new Map<string, number>();
  const seen = { brightness: [], contrast: [], saturation: [], hue: [] } as Record<
    string,
    number[]
  >;
  const draws = 4800;
  for (let i = 0; i < draws; i++) {
    const steps = drawJitter(ranges, stream);
    const order = steps.map((step) => step.property).join();
    orders.set(order, (orders.get(order) ?? 0) + 1);
    for (const { property, amount } of steps) seen[property].push(amount);
  }
  assertEquals(orders.size, 24);
  for (const count of orders.values()) assertAlmostEquals(count, draws / 24, 5 * Math.sqrt(200));
  for (const [property, [low, high]] of Object.entries(bounds)) {
    const slack = (high - low) / 100;
    const least = Math.min(...seen[property]), most = Math.max(...seen[property]);
    assert(least >= low && least < low + slack && most < high && most > high - slack, property);
  }
});

Deno.test("drawJitter() skips properties without a range and refuses impossible ones", () => {
  const none = { brightness: 0, contrast: 0, saturation: 0, hue: 0 };
  const stream = randomStream(3, "jitter");
  assertEquals(drawJitter(none, stream), []);
  assertEquals(drawJitter({ ...none, hue: 0.5 }, stream).map((step) => step.property), ["hue"]);
  assertThrows(() => drawJitter({ ...none, hue: 0.6 }, stream), RangeError, "hue");
  assertThrows(() => drawJitter({ ...none, contrast: -1 }, stream), RangeError, "contrast");
  assertThrows(() => drawJitter({ ...none, contrast: NaN }, stream), RangeError, "contrast");
});
