/**
 * Learning rate as a function of the step.
 *
 * @module
 */

/** Learning rate of step k, from 0. */
export type Schedule = (step: number) => number;

/** Settings of {@link oneCycle}, with PyTorch's defaults. */
export interface OneCycle {
  /** Peak learning rate. */
  readonly maximum: number;
  /** Steps of the whole cycle. */
  readonly totalSteps: number;
  /** Share of the steps that warm up; RAFT 0.05. */
  readonly warmUp: number;
  /** Peak divided by the first rate; 25. */
  readonly divisor?: number;
  /** First rate divided by the last; 10⁴. */
  readonly finalDivisor?: number;
}

/** One cycle with linear annealing (Smith & Topin 2019), as PyTorch's `OneCycleLR` computes it. */
export function oneCycle(
  { maximum, totalSteps, warmUp, divisor = 25, finalDivisor = 1e4 }: OneCycle,
): Schedule {
  const first = maximum / divisor;
  const last = first / finalDivisor;
  const peak = warmUp * totalSteps - 1;
  const end = totalSteps - 1;
  return (step) => {
    // A warm-up of one step has nowhere to rise from; PyTorch divides by zero there.
    if (step === peak) return maximum;
    return step < peak
      ? first + (maximum - first) * step / peak
      : maximum + (last - maximum) * (step - peak) / (end - peak);
  };
}

/**
 * A rate that is halved at certain steps.
 *
 * @param first Rate before the first of them.
 * @param at Steps from which on it is half of what it was before, ascending.
 */
export const halvings = (first: number, at: readonly number[]): Schedule => (step) =>
  first / 2 ** at.filter((halving) => step >= halving).length;

/** Settings of {@link warmUpPolynomial}. */
export interface WarmUpPolynomial {
  /** Rate that the decay starts from. */
  readonly maximum: number;
  /** Steps of the linear warm-up, which is multiplied onto the decay; 0 for none. */
  readonly warmUp: number;
  /** Factor of the first step's rate, rising to 1. */
  readonly firstFactor: number;
  /** Steps after which the decay would reach 0; training may stop long before. */
  readonly decayOver: number;
  /** Exponent of the decay. */
  readonly power: number;
}

/** Linear warm-up times polynomial decay, as detectron2's `WarmupPolyLR`. */
export function warmUpPolynomial(
  { maximum, warmUp, firstFactor, decayOver, power }: WarmUpPolynomial,
): Schedule {
  return (step) => {
    const share = warmUp === 0 ? 1 : Math.min(1, step / warmUp);
    const warmth = firstFactor * (1 - share) + share;
    return maximum * warmth * Math.max(0, 1 - step / decayOver) ** power;
  };
}
