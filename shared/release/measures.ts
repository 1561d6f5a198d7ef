import { z } from 'zod';

/** A share of photos with its 95 % Wilson interval. */
export const share = z.object({
  photos: z.int().min(0),
  fooled: z.int().min(0),
  ratio: z.number(),
  low: z.number(),
  high: z.number(),
});
export type Share = z.infer<typeof share>;

/** How far a craft had come. */
export const curvePoint = z.object({
  gradients: z.int(),
  /** Mean over the photos since the last point. */
  loss: z.number(),
  /**
   * Share of those photos that the perturbation of that moment fooled, before rounding; null where none was looked at.
   */
  fooling: z.number().nullable(),
});
export type CurvePoint = z.infer<typeof curvePoint>;
