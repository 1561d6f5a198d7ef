import { z } from 'zod';

/** "inf": |v| <= epsilon in every pixel; "2": the Euclidean length of v <= epsilon. Units of 0..255. */
export const norms = ['inf', '2'] as const;
export const norm = z.enum(norms);
export type Norm = z.infer<typeof norm>;

/** What a bound may be, in units of 0..255. */
export interface EpsilonRange {
  /** Below it, v vanishes in rounding to whole pixel values. */
  least: number;
  /** Where none is given: the bound of the literature. */
  usual: number;
  /** The largest difference of two pictures. */
  most: number;
}

/**
 * The bounds under a norm. Those of norm 2 are lengths, which grow with the side of the canvas: 2000, the bound of
 * S.-M. Moosavi-Dezfooli et al. 2017, is meant for 224 pixels, and is 5 grey levels a value there, root mean square; it
 * is the same on every canvas that way.
 *
 * @param canvas Side of the canvas in pixels.
 */
export function epsilonRange(norm: Norm, canvas: number): EpsilonRange {
  if (norm === 'inf') return { least: 1, usual: 10, most: 255 };
  const at = (length: number) => Math.max(1, Math.round((length * canvas) / 224));
  return { least: at(100), usual: at(2000), most: Math.floor(255 * Math.sqrt(3) * canvas) };
}

const wholeAboveZero = 'must be a whole number above 0';
const aboveZero = 'must be a number above 0';
const shareAboveZero = 'must be a share above 0 and at most 1, such as 0.8';

/** When crafting stops: whichever comes first. */
export const budget = z
  .object({
    /** Input gradients: one for each photo of each step on each model. */
    gradients: z.int(wholeAboveZero).positive(wholeAboveZero).optional(),
    seconds: z.number(aboveZero).positive(aboveZero).optional(),
    /** Fooling ratio on the crafting photos. */
    fooling: z.number(shareAboveZero).gt(0, shareAboveZero).max(1, shareAboveZero).optional(),
  })
  .refine(
    (b) => b.gradients !== undefined || b.seconds !== undefined || b.fooling !== undefined,
    'a budget names gradients, seconds or fooling',
  );
export type Budget = z.infer<typeof budget>;

/** Where no budget is given: plain crafting on a hundred and more photos has levelled out by then. */
export const defaultBudget: Readonly<Budget> = { gradients: 2000 };
