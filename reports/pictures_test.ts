import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { decode } from "fast-png";
import { ndarray } from "../base/arrays.ts";
import {
  endPointError,
  errorScale,
  inferno,
  longestFlow,
  MAX_WIDTH,
  renderError,
  renderErrorScale,
  renderPicture,
  renderWheel,
} from "./pictures.ts";

function decodeUri(uri: string) {
  const prefix = "data:image/png;base64,";
  assert(uri.startsWith(prefix));
  return decode(Uint8Array.fromBase64(uri.slice(prefix.length)), { checkCrc: true });
}

/** Relative luminance of sRGB, 0…1 (WCAG 2). */
function luminance(rgb: number[]): number {
  const [r, g, b] = rgb.map((c) => c <= 10 ? c / 3294.6 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

Deno.test("inferno() gets lighter throughout and meets the original's colours", () => {
  const lights = Array.from({ length: 65 }, (_, i) => luminance(inferno(i / 64)));
  assert(lights.every((light, i) => i === 0 || light > lights[i - 1]));
  for (const [t, color] of [[0, [0, 0, 4]], [0.5, [188, 55, 84]], [1, [252, 255, 164]]] as const) {
    inferno(t).forEach((c, i) => assertAlmostEquals(c, color[i], 4));
  }
});

Deno.test("renderPicture() keeps small pictures exactly and averages large ones", () => {
  const small = ndarray(Uint8Array.from({ length: 18 }, (_, i) => 13 * i), [2, 3, 3]);
  const { uri, ...size } = renderPicture(small);
  assertEquals(size, { width: 3, height: 2, shrunk: 1 });
  assertEquals([...decodeUri(uri).data], [...small.data]);

  const width = 2 * MAX_WIDTH + 1;
  const large = ndarray(new Uint8Array(3 * 2 * width), [2, width, 3]);
  for (let x = 0; x < width; x += 2) large.set(0, x, 1, 120);
  const rendered = renderPicture(large);
  assertEquals([rendered.width, rendered.height, rendered.shrunk], [Math.ceil(width / 3), 1, 3]);
  assertEquals([...decodeUri(rendered.uri).data.slice(0, 6)], [0, 40, 0, 0, 20, 0]);
});

Deno.test("endPointError() is the distance to the truth where that is known", () => {
  const truth = ndarray(Float32Array.of(0, 0, 1, 1, 5, 5), [1, 3, 2]);
  const prediction = ndarray(Float32Array.of(3, 4, 1, 1, 0, 0), [1, 3, 2]);
  const valid = ndarray(Uint8Array.of(1, 1, 0), [1, 3]);
  const error = endPointError(truth, prediction, valid);
  assertEquals([...error.data], [5, 0, NaN]);
  assertAlmostEquals(longestFlow(truth, valid), Math.SQRT2, 1e-6);
  assertEquals(longestFlow(ndarray(new Float32Array(6), [1, 3, 2]), valid), 1);
  const { data } = decodeUri(renderError(error, 5).uri);
  assertEquals([...data], [...inferno(1), ...inferno(0), 128, 128, 128]);
});

Deno.test("errorScale() is round, covers nearly all pixels and survives having none", () => {
  const of = (...values: number[]) =>
    errorScale(ndarray(Float32Array.from(values), [1, values.length]));
  assertEquals(of(0.3, NaN), 0.5);
  assertEquals(of(7), 10);
  assertEquals(of(1), 1);
  assertEquals(of(0), 0.01);
  assertEquals(of(NaN), 0.01);
  assertEquals(of(...Array(99).fill(1.5), 900), 2);
});

Deno.test("legends: a bar from dark to light, a disc with clear corners", () => {
  const bar = decodeUri(renderErrorScale().uri);
  assertEquals([...bar.data.slice(0, 3)], inferno(0));
  assertEquals([...bar.data.slice(-3)], inferno(1));
  const wheel = decodeUri(renderWheel(40).uri);
  assertEquals([wheel.channels, wheel.data[3], wheel.data[4 * (20 * 40 + 20) + 3]], [4, 0, 255]);
});
