/** What a classifier's own logits tell of a picture: the higher, the less it is like the photos of its training. */
import { argmax, softmax } from './predictions.ts';

export interface OutlierScores {
  /**
   * 1 less the largest probability: D. Hendrycks, K. Gimpel, "A Baseline for Detecting Misclassified and
   * Out-of-Distribution Examples in Neural Networks", ICLR 2017, arXiv 1610.02136.
   */
  softmax: number;
  /**
   * -log(sum exp(l)): W. Liu, X. Wang, J. Owens, Y. Li, "Energy-based Out-of-distribution Detection", NeurIPS 2020,
   * arXiv 2010.03759.
   */
  energy: number;
}

/** Of logits [K]. */
export function outlierScores(logits: ArrayLike<number>): OutlierScores {
  const best = argmax(logits);
  const largest = logits[best];
  let sum = 0;
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i] - largest);
  return { softmax: 1 - softmax(logits)[best], energy: -largest - Math.log(sum) };
}
