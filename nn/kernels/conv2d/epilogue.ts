/**
 * What becomes of a convolution's sums: bias, activation, the result and its copy in a texture.
 *
 * @module
 */
import { type ByValue, VALUE } from "../activation.ts";
import { lines, range } from "../wgsl_text.ts";
import { WINDOW } from "./window.ts";

/** Uniforms of a convolution. Sums that are the result may be added to what is there: `onto` is 1. */
export const CONVOLUTION = { ...WINDOW, onto: "i32" } as const;

/** What follows the sums. */
export interface Epilogue {
  /** Adds a bias and applies this; null where the sums are the result. */
  readonly activation: ByValue | null;
  /** Writes the result into a texture as well, for a convolution that will read it. */
  readonly twin: boolean;
  /** Whether 4 divides the result's channels, so that it is stored four at a time. */
  readonly vectorOut: boolean;
}

/** An epilogue as the end of a program's name. */
export const endOfName = ({ activation, twin, vectorOut }: Epilogue): string =>
  (vectorOut ? "" : " scalar") + (activation === null ? "" : ` ${activation}`) +
  (twin ? " twin" : "");

/** The bias among a program's inputs, and how it is read. */
export const biasInput = ({ activation }: Epilogue): { inputs: string[]; widths: 1[] } =>
  activation === null ? { inputs: [], widths: [] } : { inputs: ["bias"], widths: [1] };

/** Text that declares `bias<c>`, the four numbers for this vec4 of channels. */
export const biasText = ({ activation }: Epilogue, c: number, quad: string): string =>
  activation === null ? "" : `
  let bias${c} = vec4<f32>(${
    range(4).map((k) => `bias[min((${quad}) * 4 + ${k}, uniforms.outChannels - 1)]`).join()
  });`;

/**
 * Text that finishes and stores a sum, where `quad` is one of the result's `outVec4s` at all.
 *
 * @param at Expression for the output pixel.
 * @param quad Expression for the vec4 of its channels, whose bias is `bias<c>`.
 */
export function storeText(
  { activation, twin, vectorOut }: Epilogue,
  at: string,
  quad: string,
  sum: string,
  c: number,
): string {
  const place = vectorOut
    ? `(${at}) * outVec4s + ${quad}`
    : `(${at}) * uniforms.outChannels + (${quad}) * 4`;
  const before = (k = "") =>
    activation === null
      ? `if (uniforms.onto == 1) { y${k && `[${k}]`} += result[place${k && ` + ${k}`}]; }`
      : "";
  const finished = activation === null ? `var y = ${sum};` : `
        let v = ${sum} + bias${c};
        ${vectorOut ? "let" : "var"} y = ${VALUE[activation]("vec4<f32>")};`;
  const written = vectorOut
    ? `${before()}
        result[place] = y;`
    : lines(4, (k) => `
        if ((${quad}) * 4 + ${k} < uniforms.outChannels) {
          ${before(String(k))}
          result[place + ${k}] = y[${k}];
        }${twin ? ` else { y[${k}] = 0.0; }` : ""}`);
  return `
      if (${quad} < outVec4s) {
        let place = ${place};
        ${finished}
        ${written}
        ${twin ? `store_twin((${at}) * outVec4s + ${quad}, y);` : ""}
      }`;
}
