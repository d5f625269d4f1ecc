/**
 * Shares and relative changes in words.
 *
 * @module
 */

/** A share with two or three digits that carry meaning: `5.1 %`, `0.0031 %`. */
export function shareOf(share: number): string {
  const value = 100 * share;
  const size = Math.abs(value);
  const digits = size >= 100 || size === 0 ? value.toFixed(0) : value.toPrecision(2);
  return `${Number(digits)} %`.replace(/^-/, "−");
}

/** A relative change, positive where worse, with its direction: `5.1 % worse`. */
export function moved(change: number): string {
  if (change === 0) return "no change";
  return `${shareOf(Math.abs(change))} ${change > 0 ? "worse" : "better"}`;
}
