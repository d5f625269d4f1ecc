/**
 * Amounts of data for people.
 *
 * @module
 */

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/**
 * Bytes in decimal units, as download pages count them: `812 bytes`, `5.6 GB`, `311 GB`.
 *
 * @param bytes 0 or more.
 */
export function dataSize(bytes: number): string {
  let unit = 0, amount = bytes;
  // What would be shown as 1000 of one unit is 1.0 of the next.
  while (unit < UNITS.length - 1 && Math.round(amount) >= 1000) {
    amount /= 1000;
    unit++;
  }
  const digits = unit === 0 || amount >= 99.95 ? 0 : 1;
  return `${amount.toFixed(digits)} ${
    unit === 0 && Math.round(bytes) === 1 ? "byte" : UNITS[unit]
  }`;
}
