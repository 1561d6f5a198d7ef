import { z } from 'zod';

/** "inf": |v| <= epsilon in every pixel; "2": the Euclidean length of v <= epsilon. Units of 0..255. */
export const norms = ['inf', '2'] as const;
export const norm = z.enum(norms);
export type Norm = z.infer<typeof norm>;

/** The bound where none is given: those of the literature. */
export const defaultEpsilon: Readonly<Record<Norm, number>> = { inf: 10, '2': 2000 };

const wholeAboveZero = 'must be a whole number above 0';
const aboveZero = 'must be a number above 0';
const shareAboveZero = 'must be a share above 0 and at most 1, such as 0.8';

/** When crafting stops: whichever comes first. */
export const budget = z
  .object({
    /** Input gradients, one for each photo of each step. */
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
