import { z } from 'zod';

/**
 * How a canvas becomes the model's own input: x = (pixel * range / 255 - mean) / std, planes in channelOrder. All of it
 * goes inside the prepared graph.
 */
export const preprocessing = z.object({
  /** Side of the model's square input in pixels; the canvas is resized to it inside the graph. */
  inputSize: z.int().min(1).max(4096),
  channelOrder: z.enum(['RGB', 'BGR']),
  layout: z.enum(['NCHW', 'NHWC']),
  /** The largest pixel value that mean and std refer to: 255, or 1 where pixels are scaled to 0..1 first. */
  range: z.union([z.literal(255), z.literal(1)]),
  /** In channelOrder and in the unit of range. */
  mean: z.tuple([z.number(), z.number(), z.number()]),
  std: z
    .tuple([z.number(), z.number(), z.number()])
    .refine((std) => std.every((s) => s !== 0), 'a std of 0 divides by zero'),
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
  /** ImageNet-21k has 21,843; a table of labels is made for as many as a card says. */
  classes: z.int().min(2).max(1_000_000),
  /**
   * A JSON file, relative to the card, of {index, label, wnid?}[] or string[]; null where the classes have no names.
   */
  labels: z.string().nullable(),
  /** Percent, as published. */
  published: z.object({ top1: z.number(), where: z.string() }).nullable(),
  /** Whether the Worker may serve it (it must fit an isolate's 128 MB). */
  edge: z.boolean(),
  notes: z.string().optional(),
});
export type ModelCard = z.infer<typeof modelCard>;

export const classLabel = z.object({ index: z.int().min(0), label: z.string(), wnid: z.string().optional() });
export type ClassLabel = z.infer<typeof classLabel>;
export const classLabels = z.union([
  z.array(classLabel),
  z.array(z.string()).transform((names) => names.map((label, index): ClassLabel => ({ index, label }))),
]);
