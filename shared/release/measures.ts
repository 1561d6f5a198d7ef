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

/** How far a craft had come: mean loss and share of fooled photos since the point before. */
export const curvePoint = z.object({ gradients: z.int(), loss: z.number(), fooling: z.number().nullable() });
