/**
 * Cards as they are found beside models elsewhere: one flat object whose mean and std are named by their unit (mean255,
 * std255 or mean01, std01). They become modelCards when read.
 */
import { z } from 'zod';
import { type ModelCard, modelCard } from '#shared/release';

const triple = z.tuple([z.number(), z.number(), z.number()]);

const publishedTop1 = z.union([
  z.number(),
  z.object({
    value: z.number().optional(),
    quantised: z.number().optional(),
    float: z.number().optional(),
    where: z.string().optional(),
  }),
]);

const fields = z.object({
  id: z.string().optional(),
  name: z.string().optional(),
  title: z.string().optional(),
  architecture: z.string().optional(),
  year: z.int().optional(),
  paper: z.string().optional(),
  arxiv: z.string().optional(),
  /** Relative to the card. */
  file: z.string().min(1),
  bytes: z.int().positive().optional(),
  sha256: z.string().optional(),
  /** Where the file comes from: in words, or a repository and its commit. */
  source: z.union([z.string(), z.object({ repo: z.string(), commit: z.string().optional() })]).optional(),
  licence: z.string(),
  layout: z.enum(['NCHW', 'NHWC']).default('NCHW'),
  inputSize: z.int(),
  channelOrder: z.enum(['RGB', 'BGR']),
  mean255: triple.optional(),
  std255: triple.optional(),
  mean01: triple.optional(),
  std01: triple.optional(),
  classes: z.int(),
  /** Relative to the card. */
  labels: z.string().nullish(),
  classOrder: z.string().optional(),
  publishedTop1: publishedTop1.nullish(),
  notes: z.string().optional(),
});
type Fields = z.output<typeof fields>;

/**
 * Whether a value looks like a plain card rather than a modelCard: it has the file at its top and no preprocessing
 * object.
 */
export function isPlainCard(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('file' in value)) return false;
  return !('preprocessing' in value) || typeof value.preprocessing !== 'object';
}

/** A plain card, read as a modelCard. Such a model is never served by the edge: nobody has checked that it fits. */
export const plainCard = fields
  .refine((card) => card.id !== undefined || card.name !== undefined, 'a card needs an id or a name')
  .refine(
    (card) => (card.mean255 && card.std255) || (card.mean01 && card.std01),
    'a card needs mean255 and std255, or mean01 and std01',
  )
  .transform(toModelCard)
  .pipe(modelCard);

function toModelCard(card: Fields): ModelCard {
  const id = card.id ?? card.name ?? '';
  const in255 = card.mean255 && card.std255;
  return {
    id,
    title: card.title ?? id,
    architecture: card.architecture,
    year: card.year,
    paper: card.paper,
    arxiv: card.arxiv,
    licence: card.licence,
    credit: creditOf(card.source),
    source: { file: card.file, sha256: card.sha256, bytes: card.bytes },
    preprocessing: {
      inputSize: card.inputSize,
      channelOrder: card.channelOrder,
      layout: card.layout,
      range: in255 ? 255 : 1,
      mean: (in255 ? card.mean255 : card.mean01) ?? [0, 0, 0],
      std: (in255 ? card.std255 : card.std01) ?? [1, 1, 1],
    },
    classes: card.classes,
    labels: card.labels ?? (isImageNet(card) ? imageNetLabels : null),
    published: publishedOf(card),
    edge: false,
    notes: card.notes,
  };
}

/** Labels of the 1,000 classes of ILSVRC-2012 in the order of their WordNet ids. */
export const imageNetLabels = 'zoo:starter/models/imagenet-classes.json';

const isImageNet = (card: Fields) => card.classes === 1000 && /ILSVRC-?2012/i.test(card.classOrder ?? '');

function creditOf(source: Fields['source']): string | undefined {
  if (source === undefined || typeof source === 'string') return source;
  return source.commit ? `${source.repo} at ${source.commit}` : source.repo;
}

/** The figure of the file at hand: of a quantised model that was dequantised, the quantised one. */
function publishedOf({ publishedTop1: top1, paper }: Fields): ModelCard['published'] {
  if (top1 === null || top1 === undefined) return null;
  if (typeof top1 === 'number') return { top1, where: paper ?? 'the card' };
  const value = top1.value ?? top1.quantised ?? top1.float;
  return value === undefined ? null : { top1: value, where: top1.where ?? paper ?? 'the card' };
}
