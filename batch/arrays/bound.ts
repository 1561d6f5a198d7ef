/** The bound of a perturbation: what it tells itself, and what it is held to. */

import { UsageError } from '#shared/errors';
import { l2Norm, linfNorm, project } from '#shared/images';
import type { Norm } from '#shared/release';

export interface Bound {
  norm: Norm;
  epsilon: number;
}

/**
 * The bound that a perturbation was made for, as far as it tells itself. Under norm inf most values lie at the bound,
 * so that their root mean square is near the largest one; under norm 2 a few stand out far.
 */
export function boundOf(v: Float32Array): Bound {
  const [linf, l2] = [linfNorm(v), l2Norm(v)];
  return l2 / Math.sqrt(v.length) > linf / 2 ? { norm: 'inf', epsilon: linf } : { norm: '2', epsilon: l2 };
}

const sizes = { inf: linfNorm, 2: l2Norm };
const called = { inf: 'largest value', 2: 'length' };

/** What rounding to float16 or to whole lengths adds. */
const rounding = 1.005;

/** The size of v under the norm of its bound, in words. */
export const sizeText = (v: Float32Array, norm: Norm) =>
  `${called[norm]} ${Number(sizes[norm](v).toPrecision(4))} (norm ${norm})`;

/**
 * Holds v to a bound: it is within, or is brought within (`clip`): its values are cut off under norm inf, and it is
 * shortened under norm 2.
 * @returns Whether it was changed.
 * @throws UsageError where it is beyond, and is not to be changed.
 */
export function holdTo(path: string, v: Float32Array, { norm, epsilon }: Bound, clip: boolean): boolean {
  const size = sizes[norm](v);
  if (clip) {
    if (size <= epsilon) return false;
    project(v, norm, epsilon);
    return true;
  }
  if (size <= epsilon * rounding) return false;
  throw new UsageError(
    `The perturbation ${path} is larger than the bound of ${epsilon}: ${sizeText(v, norm)}, in units of 0..255. If it was read in the wrong unit, say its own with --scale; --clip brings it within the bound; or leave --epsilon out to take it as it is.`,
  );
}
