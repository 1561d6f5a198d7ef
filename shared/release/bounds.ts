import { z } from 'zod';

/** "inf": |v| <= epsilon in every pixel; "2": the Euclidean length of v <= epsilon. Units of 0..255. */
export const norm = z.enum(['inf', '2']);
export type Norm = z.infer<typeof norm>;

/** When crafting stops: whichever comes first. */
export const budget = z
  .object({
    /** Input gradients, one for each photo of each step. */
    gradients: z.int().positive().optional(),
    seconds: z.number().positive().optional(),
    /** Fooling ratio on the crafting photos. */
    fooling: z.number().gt(0).max(1).optional(),
  })
  .refine(
    (b) => b.gradients !== undefined || b.seconds !== undefined || b.fooling !== undefined,
    'a budget names gradients, seconds or fooling',
  );
export type Budget = z.infer<typeof budget>;
