import { z } from '@hono/zod-openapi';

/** How many perturbations one request may try. */
export const MAX_PERTURBATIONS = 8;

/** A value that is not empty. */
export const text = z.string().min(1, 'must not be empty');

/** A number that is not negative, as JSON spells it: 10, 0.5, 1.2e-7. */
export const decimal = z
  .string()
  .max(40, 'must have at most 40 characters')
  .regex(/^\d+(\.\d+)?([eE][+-]?\d+)?$/, 'must be a number such as 1, 0.5 or 1.2e-7')
  .transform(Number)
  .refine(Number.isFinite, 'must be a number that a computer can hold');

/** A whole number of a range. */
export const whole = (low: number, high: number, spelled = `must be from ${low} to ${high}`) =>
  decimal.pipe(z.int('must be a whole number').min(low, spelled).max(high, spelled));

/** The description of such a number: what stands behind the text of a query is not seen by the document. */
export const wholeNumber = (minimum: number, maximum: number) => ({ type: 'integer' as const, minimum, maximum });

export const releaseParameter = text.optional().openapi({
  description: 'Version of a published release; the current one where it is left out.',
});

export const strengthParameter = decimal.pipe(z.number().max(2, 'must be from 0 to 2')).default(1).openapi({
  type: 'number',
  minimum: 0,
  maximum: 2,
  default: 1,
  description: 'Factor on the perturbation.',
});

export const photoParameter = text.optional().openapi({
  description: 'A photo of the release instead of a body: its file name without the ending.',
  example: 'koala',
});

/**
 * One id, or several: the parameter is repeated. The ids of ensembles hold a "+", which a query turns into a space
 * where it is not escaped.
 */
export const idsUpTo = (most: number, description: string) =>
  z
    .preprocess(
      (given) => (given === undefined ? given : [given].flat()),
      z.array(text).max(most, `must be given ${most} times at most`).optional(),
    )
    .transform((ids) => ids && [...new Set(ids.map((id) => id.replaceAll(' ', '+')))])
    .openapi({ type: 'array', items: { type: 'string', minLength: 1 }, maxItems: most, description });

export const perturbationIds = idsUpTo(
  MAX_PERTURBATIONS,
  `Id of a perturbation, or "none" for the clean photo alone; repeated for several, up to ${MAX_PERTURBATIONS}. ` +
    "Left out: one that was crafted on the model, else the release's first.",
);

/**
 * A picture: as the body itself, as the one file of a form, or none where `photo` names one. Plain schemas, so that
 * nothing reads the body before its limits are checked.
 */
export const imageBody = {
  description: 'A JPEG, PNG or WebP file, at most 20 MB and 16 megapixels; its first bytes decide, not the media type.',
  required: false,
  content: {
    'application/octet-stream': { schema: { type: 'string' as const, format: 'binary' } },
    'image/jpeg': { schema: { type: 'string' as const, format: 'binary' } },
    'image/png': { schema: { type: 'string' as const, format: 'binary' } },
    'image/webp': { schema: { type: 'string' as const, format: 'binary' } },
    'multipart/form-data': {
      schema: {
        type: 'object' as const,
        properties: { image: { type: 'string' as const, format: 'binary' } },
        required: ['image'],
      },
    },
  },
};
