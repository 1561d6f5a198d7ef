import { z } from 'zod';

/** A share of photos with its 95 % Wilson interval. */
export const share = z.object({
  photos: z.int().min(0),
  /** Of several models: the mean number, which need not be whole. */
  fooled: z.number().min(0),
  ratio: z.number(),
  low: z.number(),
  high: z.number(),
});
export type Share = z.infer<typeof share>;

/** The share on one of several models. */
export const modelShare = share.extend({ model: z.string() });
export type ModelShare = z.infer<typeof modelShare>;

/** How far a craft had come. */
export const curvePoint = z.object({
  gradients: z.int(),
  /** Mean over the photos since the last point. */
  loss: z.number(),
  /**
   * Share of those pictures that were labelled otherwise than the clean photo, with the perturbation of that moment and
   * before rounding; null where none was looked at. The pictures are moved, mirrored and enlarged as crafting does it
   * (a mirrored one is compared with the mirrored photo): what moving alone changes is in it, so it is no fooling
   * ratio.
   */
  fooling: z.number().nullable(),
});
export type CurvePoint = z.infer<typeof curvePoint>;
