import { assert, assertAlmostEquals } from "@std/assert";
import fc from "fast-check";
import { randomStream } from "../../base/random.ts";
import type { Affine } from "../../base/affine.ts";
import { Coverage } from "./coverage.ts";
import { contains, drawOutline, type Polygon, rareFamilies } from "./shapes.ts";
import { commonFamilies } from "./shapes.ts";

/** Coverage of the whole frame, [height, width]. */
function frameCoverage(width: number, height: number, polygon: Polygon, pose: Affine) {
  const out = new Float64Array(width * height);
  const coverage = new Coverage(width, height);
  if (!coverage.compute(polygon, pose)) return out;
  for (let y = 0; y < coverage.height; y++) {
    for (let x = 0; x < coverage.width; x++) {
      out[(coverage.top + y) * width + coverage.left + x] =
        coverage.values[y * coverage.stride + x];
    }
  }
  return out;
}

const scene = fc.record({
  family: fc.constantFrom(...commonFamilies, ...rareFamilies),
  seed: fc.nat(1e6),
  x: fc.double({ min: -10, max: 50, noNaN: true }),
  y: fc.double({ min: -10, max: 40, noNaN: true }),
  turn: fc.double({ min: 0, max: 7, noNaN: true }),
}).map(({ family, seed, x, y, turn }) => ({
  outline: drawOutline(family, 32, randomStream(seed)),
  pose: [Math.cos(turn), -Math.sin(turn), x, Math.sin(turn), Math.cos(turn), y] as Affine,
}));

Deno.test("coverage adds up to the outline's area", () => {
  fc.assert(fc.property(scene, ({ outline, pose: [a, b, , d, e] }) => {
    let twiceArea = 0;
    for (let i = 0; i < outline.length; i += 2) {
      const j = (i + 2) % outline.length;
      twiceArea += outline[i] * outline[j + 1] - outline[j] * outline[i + 1];
    }
    const sum = frameCoverage(80, 80, outline, [a, b, 40.3, d, e, 39.6]).reduce((s, v) => s + v);
    assertAlmostEquals(sum, Math.abs(twiceArea) / 2, 1e-3);
  }));
});

Deno.test("coverage at the frame's border is that of a larger frame", () => {
  fc.assert(fc.property(scene, ({ outline, pose }) => {
    const [a, b, c, d, e, f] = pose, margin = 60;
    const cropped = frameCoverage(40, 30, outline, pose);
    const whole = frameCoverage(160, 150, outline, [a, b, c + margin, d, e, f + margin]);
    for (let y = 0; y < 30; y++) {
      for (let x = 0; x < 40; x++) {
        assertAlmostEquals(cropped[y * 40 + x], whole[(y + margin) * 160 + x + margin], 1e-4);
      }
    }
  }));
});

Deno.test("coverage is the share of sample points inside", () => {
  fc.assert(
    fc.property(scene, ({ outline, pose }) => {
      const [a, b, c, d, e, f] = pose;
      const posed = outline.map((_, i) => {
        const x = outline[i - i % 2], y = outline[i - i % 2 + 1];
        return i % 2 === 0 ? a * x + b * y + c : d * x + e * y + f;
      });
      const covered = frameCoverage(40, 30, outline, pose), n = 16;
      for (let at = 0; at < covered.length; at += 7) {
        const x = at % 40, y = Math.floor(at / 40);
        let inside = 0;
        for (let i = 0; i < n * n; i++) {
          const u = x - 0.5 + (i % n + 0.5) / n, v = y - 0.5 + (Math.floor(i / n) + 0.5) / n;
          if (contains(posed, u, v)) inside++;
        }
        assert(Math.abs(covered[at] - inside / n ** 2) < 0.08, `pixel (${x}, ${y})`);
      }
    }),
    { numRuns: 20 },
  );
});
