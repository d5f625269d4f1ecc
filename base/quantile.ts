/**
 * Quantiles of values that were measured.
 *
 * @module
 */

/**
 * Linear interpolation between the sorted values around rank `share * (n - 1)`.
 *
 * @param sorted At least one value, ascending.
 * @param share 0 for the least value, 0.5 for the median, 1 for the greatest.
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const rank = share * (sorted.length - 1);
  const below = Math.floor(rank), above = Math.ceil(rank);
  return sorted[below] + (rank - below) * (sorted[above] - sorted[below]);
}

/** The middle value; values need not be sorted, and there is at least one. */
export function median(values: ArrayLike<number>): number {
  return quantile(Float64Array.from(values).sort(), 0.5);
}
