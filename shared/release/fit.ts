import { z } from 'zod';

/**
 * How a photo becomes a canvas of S x S pixels. "crop": its short side is resized to round(S * 256 / 224), and the
 * centre is taken; "exact": it has S x S pixels, which are taken as they are. Left out: crop.
 */
export const fits = ['crop', 'exact'] as const;
export const photoFit = z.enum(fits);
export type Fit = z.infer<typeof photoFit>;
