import { z } from 'zod';
import { photoFit } from './fit.ts';

/**
 * How a canvas becomes the model's own input: x = (pixel * range / 255 - mean) / std, planes in channelOrder. All of it
 * goes inside the prepared graph.
 */
export const preprocessing = z
  .object({
    /** Height of the model's input in pixels, and its width as well; the canvas is resized to it inside the graph. */
    inputSize: z.int().min(1).max(4096),
    /** Width in pixels, where the input is not square. */
    inputWidth: z.int().min(1).max(4096).optional(),
    /** "grey": the input has one channel, the luma of the canvas (Rec. 601). Left out: three, in channelOrder. */
    channels: z.enum(['colour', 'grey']).optional(),
    channelOrder: z.enum(['RGB', 'BGR']),
    layout: z.enum(['NCHW', 'NHWC']),
    /** The largest pixel value that mean and std refer to: 255, or 1 where pixels are scaled to 0..1 first. */
    range: z.union([z.literal(255), z.literal(1)]),
    /** In channelOrder and in the unit of range: three numbers, or one where the channels are grey. */
    mean: z.array(z.number()).min(1).max(3),
    std: z
      .array(z.number())
      .min(1)
      .max(3)
      .refine((std) => std.every((s) => s !== 0), 'a std of 0 divides by zero'),
  })
  .superRefine(({ channels, mean, std }, context) => {
    const count = channels === 'grey' ? 1 : 3;
    for (const [name, values] of Object.entries({ mean, std })) {
      if (values.length === count) continue;
      const message =
        count === 1
          ? `must be a list of one number, since the channels are grey, not of ${values.length}`
          : `must be a list of three numbers, for red, green and blue, not of ${values.length}; one stands beside "channels": "grey"`;
      context.addIssue({ code: 'custom', path: [name], message });
    }
  });
export type Preprocessing = z.infer<typeof preprocessing>;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 is 64 lower-case hexadecimal digits');

/** Of a server, never of this machine's files, nor the content itself. */
const webAddress = z.url({ protocol: /^https?$/, error: 'must be a web address, http or https' });

/**
 * Where the .onnx file is: a path relative to the card, or a URL that `atlas models fetch` downloads into the cache.
 */
export const modelSource = z.union([
  z.object({ file: z.string().min(1), sha256: sha256.optional(), bytes: z.int().positive().optional() }),
  z.object({ url: webAddress, sha256, bytes: z.int().positive() }),
]);

/** One classifier of the zoo. zoo/models/<id>.json, or a card anywhere given by path. */
export const modelCard = z.object({
  id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'an id is letters, digits, ".", "_" and "-"'),
  title: z.string().min(1),
  architecture: z.string().optional(),
  year: z.int().optional(),
  paper: z.string().optional(),
  /** arXiv id of the paper, e.g. "1602.07360". */
  arxiv: z.string().optional(),
  licence: z.string(),
  /** Who made it and where it comes from, in words. */
  credit: z.string().optional(),
  source: modelSource,
  preprocessing,
  /** Which of the file's outputs has the class scores, where it has several. */
  output: z.string().optional(),
  /**
   * How photos become canvases for this model, where nothing else says it: "crop" resizes and crops them, as left out;
   * "exact" takes photos of just the size of its input as they are.
   */
  fit: photoFit.optional(),
  /** ImageNet-21k has 21,843; a table of labels is made for as many as a card says. */
  classes: z.int().min(2).max(1_000_000),
  /**
   * A JSON file, relative to the card, of {index, label, wnid?}[] or string[]; null where the classes have no names.
   */
  labels: z.string().nullable(),
  /** Percent, as published. */
  published: z.object({ top1: z.number(), where: z.string() }).nullable(),
  /** Whether the Worker is to serve it; it does where the prepared model is no larger than `edgeModelBytes`. */
  edge: z.boolean(),
  /** Of a hardened network: the id of the model that it was made from. Its last class is "tampered with". */
  hardened: z.object({ model: z.string() }).optional(),
  notes: z.string().optional(),
});
export type ModelCard = z.infer<typeof modelCard>;

/** The index of the last class of a hardened network (tampered.ts); undefined for a model that is not hardened. */
export const tamperedClass = ({ hardened, classes }: Pick<ModelCard, 'hardened' | 'classes'>): number | undefined =>
  hardened && classes - 1;

/** All that a prepared model depends on besides its file and the canvas. */
export const preparationOf = ({ preprocessing, output, classes }: ModelCard) => ({ ...preprocessing, output, classes });

export const classLabel = z.object({ index: z.int().min(0), label: z.string(), wnid: z.string().optional() });
export type ClassLabel = z.infer<typeof classLabel>;
export const classLabels = z.union([
  z.array(classLabel),
  z.array(z.string()).transform((names) => names.map((label, index): ClassLabel => ({ index, label }))),
]);
