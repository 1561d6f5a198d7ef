/** Probability of `successes` or more among `trials`, each with probability `p`. */
export function atLeast(successes: number, trials: number, p: number): number {
  if (p >= 1) return 1;
  let sum = 0;
  let logTerm = trials * Math.log1p(-p);
  for (let k = 0; k <= trials; k++) {
    if (k >= successes) sum += Math.exp(logTerm);
    logTerm += Math.log((trials - k) / (k + 1)) + Math.log(p / (1 - p));
  }
  return Math.min(1, sum);
}

/**
 * Exact McNemar test: the probability that two classifiers that are equally good differ so much on the same photos. Q.
 * McNemar, "Note on the sampling error of the difference between correlated proportions or percentages", Psychometrika
 * 12, 1947.
 */
export function pairedTest(a: readonly boolean[], b: readonly boolean[]): number {
  const onlyA = a.filter((hit, i) => hit && !b[i]).length;
  const onlyB = b.filter((hit, i) => hit && !a[i]).length;
  return Math.min(1, 2 * atLeast(Math.max(onlyA, onlyB), onlyA + onlyB, 0.5));
}
