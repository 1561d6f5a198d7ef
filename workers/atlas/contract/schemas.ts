import { z } from '@hono/zod-openapi';
import { modelCard, perturbationRecord, perturbationSummary, photoFit, prediction, transferRow } from '#shared/release';

const link = z.string().meta({ description: 'A path on this host.' });
const release = z.string().meta({ description: 'Version of the release that the answer is made from.' });

/** RFC 9457. */
export const problemSchema = z
  .object({
    type: z.string().meta({ description: 'A path on this host that explains itself when opened.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'What happened, and what to do.' }),
    instance: z.string().meta({ description: 'The id of this request, also in X-Request-Id.' }),
    known: z.array(z.string()).optional().meta({ description: 'The ids that there are.' }),
    errors: z.array(z.object({ parameter: z.string(), reason: z.string() })).optional(),
  })
  .meta({ id: 'Problem' });

export const indexSchema = z
  .object({ title: z.string(), version: z.literal(1), links: z.record(z.string(), link), example: z.string() })
  .meta({ id: 'Index' });

export const documentSchema = z.record(z.string(), z.unknown());

export const healthSchema = z
  .object({
    status: z.literal('ok'),
    release,
    memory: z.object({ wasm: z.int().meta({ description: 'Bytes of WebAssembly memory that this instance holds.' }) }),
  })
  .meta({ id: 'Health' });

export const releaseSchema = z
  .object({
    version: z.string(),
    created: z.string(),
    title: z.string(),
    description: z.string(),
    licence: z.string(),
    study: z.string(),
    canvas: z.int().meta({ description: 'Side of the canvas in pixels.' }),
    fit: photoFit.meta({
      description:
        'How an image becomes a canvas: "crop" resizes its short side and cuts out the centre, "exact" takes only images of S x S pixels, as they are.',
    }),
    counts: z.object({
      models: z.int(),
      edgeModels: z.int(),
      perturbations: z.int(),
      photos: z.int(),
      tables: z.int(),
      files: z.int(),
      bytes: z.int(),
    }),
    links: z.object({
      manifest: link,
      models: link,
      perturbations: link,
      classify: link,
      tables: z.record(z.string(), z.object({ csv: link, parquet: link })),
    }),
  })
  .meta({ id: 'Release' });

export const releasesSchema = z
  .object({
    current: z.string().meta({ description: 'Version that is served where a request names none.' }),
    releases: z.array(
      z.object({
        version: z.string(),
        published: z.string().meta({ description: 'When its manifest was uploaded.' }),
        current: z.boolean(),
        links: z.object({ release: link, manifest: link }),
      }),
    ),
  })
  .meta({ id: 'Releases' });

export const modelsSchema = z
  .object({
    release,
    models: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        edge: z.boolean().meta({ description: 'Whether /classify serves it.' }),
        classes: z.int(),
        hardened: z
          .object({
            model: z.string().meta({ description: 'Id of the model that it was made from.' }),
            class: z.int().meta({ description: 'Index of the class, the last.' }),
            label: z.string().meta({ description: 'What /classify calls it.' }),
          })
          .nullable()
          .meta({
            description: 'Of a network with the class "non-natural or tampered with"; null for any other.',
          }),
        inputSize: z.int(),
        bytes: z.int(),
        sha256: z.string(),
        card: modelCard.meta({ id: 'ModelCard' }),
        links: z.object({ model: link, labels: link }),
      }),
    ),
  })
  .meta({ id: 'Models' });

export const perturbationsSchema = z
  .object({
    release,
    total: z.int().meta({ description: 'How many there are that fit the filter.' }),
    perturbations: z.array(
      perturbationSummary.extend({
        links: z.object({
          self: link,
          record: link,
          npy: link,
          safetensors: link,
          preview: link,
          growth: link.optional(),
        }),
      }),
    ),
    cursor: z.string().nullable().meta({ description: 'Where the next page begins; null on the last.' }),
    next: link.nullable().meta({ description: 'The next page; null on the last.' }),
  })
  .meta({ id: 'Perturbations' });

export const recordSchema = perturbationRecord.meta({ id: 'PerturbationRecord' });

export const transferSchema = z
  .object({ release, rows: z.array(transferRow.meta({ id: 'TransferRow' })) })
  .meta({ id: 'Transfer' });

const predictions = z.array(prediction.meta({ id: 'Prediction' }));

export const distortionSchema = z
  .object({
    linf: z.number().meta({ description: 'Largest difference of a pixel, 0..255.' }),
    l2: z.number().meta({ description: 'Euclidean length of the difference, 0..255 units.' }),
    psnr: z.number().nullable().meta({ description: 'Decibels; null where the canvases are equal.' }),
    ssim: z.number(),
  })
  .meta({ id: 'Distortion' });

const perturbed = {
  perturbed: predictions.meta({ description: 'What the model reads in the perturbed canvas.' }),
  fooled: z.boolean().meta({
    description:
      'Whether the most probable class changes, right or wrong: by its index, since two classes may share a label. Of a hardened network: to another one than "tampered with", and from the one that it gives beside that.',
  }),
  tampered: z.boolean().nullable().meta({
    description: 'Whether a hardened network says that the picture was tampered with; null for any other.',
  }),
  distortion: distortionSchema,
};

export const timingsSchema = z
  .object({
    wait: z.number(),
    decode: z.number(),
    canvas: z.number(),
    session: z.number(),
    inference: z.number(),
    total: z.number(),
  })
  .meta({ id: 'Timings', description: 'Milliseconds; see docs/api.md.' });

export const classificationSchema = z
  .object({
    model: z.string(),
    photo: z.string().nullable().meta({ description: 'The photo of the release that was asked for.' }),
    perturbation: z.string().nullable().meta({ description: 'The first perturbation; null for "none".' }),
    strength: z.number(),
    clean: predictions.meta({ description: 'What the model reads in the clean canvas.' }),
    perturbed: perturbed.perturbed.nullable(),
    fooled: perturbed.fooled.nullable(),
    tampered: perturbed.tampered,
    distortion: z.union([perturbed.distortion, z.null()]),
    results: z
      .array(z.object({ perturbation: z.string(), ...perturbed }))
      .meta({ description: 'For each perturbation, in the order asked; the first one is above as well.' }),
    timings: timingsSchema,
    release,
  })
  .meta({ id: 'Classification' });

export const identificationSchema = z
  .object({
    photo: z.string().nullable().meta({ description: 'The photo of the release that was asked for.' }),
    named: z.string().nullable().meta({
      description: 'Id of the perturbation that is on the image; null where none is told apart from chance.',
    }),
    matches: z
      .array(
        z.object({
          perturbation: z.string(),
          named: z.boolean().meta({
            description: 'Whether it is the one that is on the image: it fits best, and p is below 1e-6.',
          }),
          strength: z.number().meta({
            description: 'Multiples of the perturbation as it is stored; negative where its sign is flipped.',
          }),
          error: z.number().meta({ description: 'Standard error of the strength.' }),
          shift: z
            .object({ x: z.int(), y: z.int() })
            .meta({ description: 'Pixels of the canvas that it lies to the right and down.' }),
          z: z.number().meta({
            description: 'Its correlation at that shift, in standard deviations of what clean images give.',
          }),
          p: z.number().meta({
            description:
              'Chance that the best of all perturbations and shifts tried fits a clean image so well; 1e-300 stands for anything smaller.',
          }),
        }),
      )
      .meta({ description: 'The best, best first. At most the first is named: others may fit for being like it.' }),
    tried: z.int().meta({ description: 'How many perturbations were tried.' }),
    reach: z.int().meta({ description: 'How far they were looked for, in pixels along each axis.' }),
    timings: z
      .object({ wait: z.number(), decode: z.number(), search: z.number(), total: z.number() })
      .meta({ description: 'Milliseconds; see docs/api.md.' }),
    release,
  })
  .meta({ id: 'Identification' });

export const directorySchema = z
  .object({
    prefix: z.string(),
    directories: z.array(z.object({ name: z.string(), link })),
    files: z.array(
      z.object({ name: z.string(), key: z.string(), bytes: z.int(), etag: z.string(), uploaded: z.string(), link }),
    ),
    next: link.nullable().meta({ description: 'The next page; null on the last.' }),
  })
  .meta({ id: 'Directory' });
