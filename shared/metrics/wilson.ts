/** z of a two-sided 95 % interval of the normal distribution. */
const Z = 1.959963984540054;

export interface Interval {
  ratio: number;
  low: number;
  high: number;
}

/**
 * A share with its 95 % Wilson score interval (E. B. Wilson, "Probable inference, the law of succession, and
 * statistical inference", JASA 22, 1927). It stays inside 0..1 and is honest for few trials, where the normal
 * approximation is not. No trials: ratio 0, interval 0..1.
 */
export function wilson(successes: number, trials: number): Interval {
  if (!(trials >= 0) || successes < 0 || successes > trials) {
    throw new RangeError(`${successes} of ${trials} is not a share: successes must lie in 0..trials.`);
  }
  if (trials === 0) return { ratio: 0, low: 0, high: 1 };
  const ratio = successes / trials;
  const spread = (Z * Z) / trials;
  const centre = (ratio + spread / 2) / (1 + spread);
  const half = (Z * Math.sqrt((ratio * (1 - ratio)) / trials + spread / (4 * trials))) / (1 + spread);
  // The interval touches 0 and 1 exactly there where rounding would leave a hair.
  return {
    ratio,
    low: successes === 0 ? 0 : Math.max(0, centre - half),
    high: successes === trials ? 1 : Math.min(1, centre + half),
  };
}
