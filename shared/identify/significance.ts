/** Below this a number of 64 bits says no more: it stands for everything smaller. */
const SMALLEST = 1e-300;

/**
 * The probability that the largest of `trials` independent |z|, each of a standard normal z, reaches `z`: Z. Šidák,
 * "Rectangular confidence regions for the means of multivariate normal distributions", JASA 62, 1967. Trials that hang
 * together make it smaller, so that it errs on the safe side; it is never above Bonferroni's trials x p.
 */
export function chanceOfLargest(z: number, trials: number): number {
  const log = logTwoSided(Math.abs(z));
  // Far out 1 - (1 - p)^n is n p, to more digits than 1 - p has.
  if (log < -30) return Math.max(SMALLEST, Math.min(1, Math.exp(log + Math.log(trials))));
  return -Math.expm1(trials * Math.log1p(-Math.exp(log)));
}

/**
 * ln P(|z| >= `z`) of a standard normal z, to 1.2e-7 of the probability at any distance: the Chebyshev fit of W. H.
 * Press et al., "Numerical Recipes", section 6.2.
 */
function logTwoSided(z: number): number {
  const x = z / Math.SQRT2;
  const t = 1 / (1 + x / 2);
  const coefficients = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277,
  ];
  return Math.min(0, Math.log(t) - x * x + coefficients.reduceRight((sum, part) => sum * t + part, 0));
}
