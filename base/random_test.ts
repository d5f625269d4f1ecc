import { assertAlmostEquals, assertEquals, assertNotEquals } from "@std/assert";
import { type RandomStream, randomStream, threefry2x32 } from "./random.ts";

Deno.test("threefry2x32() gives the known answers of Random123", () => {
  assertEquals(threefry2x32([0, 0], [0, 0]), [0x6b200159, 0x99ba4efe]);
  const ones = 0xffffffff;
  assertEquals(threefry2x32([ones, ones], [ones, ones]), [0x1cb996fc, 0xbb002be7]);
  assertEquals(
    threefry2x32([0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3]),
    [0xc4923a9c, 0x483df7a0],
  );
});

Deno.test("randomStream() repeats itself, and names keep streams apart", () => {
  const draw = (s: RandomStream) => Array.from({ length: 5 }, () => s.uniform());
  assertEquals(draw(randomStream(7, "a")), draw(randomStream(7, "a")));
  assertNotEquals(draw(randomStream(7, "a")), draw(randomStream(7, "b")));
  assertNotEquals(draw(randomStream(7, "a")), draw(randomStream(8, "a")));
  assertNotEquals(draw(randomStream(7, "1")), draw(randomStream(7, 1)));
  assertEquals(draw(randomStream(7, "a", 3)), draw(randomStream(7, "a").fork(3)));
});

Deno.test("RandomStream resumes from its counter", () => {
  const whole = randomStream(3, "x");
  for (let i = 0; i < 10; i++) whole.normal();
  const rest = randomStream(3, "x");
  rest.counter = 10;
  assertEquals(rest.uniform(), whole.uniform());
});

Deno.test("RandomStream draws have the moments they should", () => {
  const stream = randomStream(1, "moments");
  const n = 20000;
  let sum = 0, squares = 0, uniform = 0;
  for (let i = 0; i < n; i++) {
    const x = stream.normal(2, 3);
    sum += x;
    squares += (x - 2) ** 2;
    uniform += stream.uniform();
  }
  assertAlmostEquals(sum / n, 2, 0.1);
  assertAlmostEquals(Math.sqrt(squares / n), 3, 0.1);
  assertAlmostEquals(uniform / n, 0.5, 0.01);
});

Deno.test("RandomStream.permutation() is a permutation", () => {
  const order = randomStream(5, "p").permutation(257);
  assertEquals([...order].sort((a, b) => a - b), Array.from({ length: 257 }, (_, i) => i));
});
