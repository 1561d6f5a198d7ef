import { existsSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { GraphError, inspect, prepare, readModel } from '#shared/graph';
import type { ModelCard, Preprocessing } from '#shared/release';
import { UsageError } from '../errors/index.ts';
import { readBytes, writeAtomic } from '../files/index.ts';
import { cardOf, type ZooModel, zooFolder } from './cards.ts';
import { hashOf } from './files.ts';
import { imageNetLabels } from './plain-card.ts';

export interface NewCard {
  id: string;
  title?: string;
  licence?: string;
  /** Taken from the graph where it declares one. */
  inputSize?: number;
  /** Red, green, blue, whatever the model's order. */
  mean: [number, number, number];
  std: [number, number, number];
  channelOrder: Preprocessing['channelOrder'];
  range: Preprocessing['range'];
  /** Taken from the graph where it tells: three channels before or after height and width. */
  layout?: Preprocessing['layout'];
  /** Path of a label file, or "imagenet" for the 1,000 classes of ILSVRC-2012. */
  labels?: string;
  /** Needed only where neither graph nor labels tell. */
  classes?: number;
  /** Folder of the card; the zoo's own when left out. */
  folder?: string;
}

/**
 * Writes a card for an .onnx file anywhere, after a trial of everything in it: the graph can be read and prepared with this
 * preprocessing, and there is a label for each class. Nothing is overwritten, and the model stays where it is.
 *
 * @throws UsageError when the file, the preprocessing, the labels or the id will not do.
 */
export async function addModel(file: string, wanted: NewCard): Promise<ZooModel> {
  const folder = resolve(wanted.folder ?? join(zooFolder, 'models'));
  const cardPath = join(folder, `${wanted.id}.json`);
  if (existsSync(cardPath)) {
    throw new UsageError(`There is a card ${cardPath} already. Choose another --id, or delete that card first.`);
  }
  const bytes = await readOnnx(file);
  const facts = factsOf(file, bytes);
  const bgr = wanted.channelOrder === 'BGR';
  const preprocessing: Preprocessing = {
    inputSize: wanted.inputSize ?? facts.size ?? 0,
    channelOrder: wanted.channelOrder,
    layout: wanted.layout ?? facts.layout ?? 'NCHW',
    range: wanted.range,
    mean: bgr ? reversed(wanted.mean) : wanted.mean,
    std: bgr ? reversed(wanted.std) : wanted.std,
  };
  if (preprocessing.inputSize === 0) {
    throw new UsageError(`The graph of ${file} does not say how large its input is. Say it with --size, in pixels.`);
  }
  try {
    prepare(facts.model, { ...preprocessing, canvas: preprocessing.inputSize });
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new UsageError(`${file} cannot be prepared with what you say of it: ${error.message}`);
  }
  const card: ModelCard = {
    id: wanted.id,
    title: wanted.title ?? wanted.id,
    licence: wanted.licence ?? 'unknown',
    source: { file: fromCard(folder, file), sha256: hashOf(bytes), bytes: bytes.byteLength },
    preprocessing,
    classes: wanted.classes ?? facts.classes ?? 0,
    labels: labelsPath(folder, wanted.labels),
    published: null,
    edge: false,
  };
  if (facts.classes !== null && card.classes !== facts.classes) {
    throw new UsageError(`${file} has ${facts.classes} classes, not ${card.classes}. Leave --classes out.`);
  }
  if (card.classes === 0) {
    throw new UsageError(`The graph of ${file} does not say how many classes it has. Say it with --classes.`);
  }
  const model = await cardOf(card, cardPath);
  await writeAtomic(cardPath, `${JSON.stringify(card, null, 2)}\n`);
  return model;
}

async function readOnnx(file: string): Promise<Uint8Array> {
  try {
    return await readBytes(file);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new UsageError(
      `The model ${file} cannot be read: ${missing ? 'there is no such file' : (error as Error).message}. Check the path.`,
    );
  }
}

function factsOf(file: string, bytes: Uint8Array) {
  try {
    const model = readModel(bytes);
    const { input, classes } = inspect(model);
    const [, a, b, c] = input.shape;
    const layout = a === 3 ? ('NCHW' as const) : c === 3 ? ('NHWC' as const) : undefined;
    const side = layout === 'NHWC' ? a : b;
    return { model, classes, layout, size: typeof side === 'number' ? side : undefined };
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    throw new UsageError(`${file} is no model that the Atlas can read: ${error.message}`);
  }
}

function labelsPath(folder: string, labels: string | undefined): string | null {
  if (labels === undefined) return null;
  return labels === 'imagenet' ? imageNetLabels : fromCard(folder, labels);
}

/** Paths in a card are relative to it, with forward slashes on every platform. */
const fromCard = (folder: string, path: string) => relative(folder, resolve(path)).split(sep).join('/');

const reversed = ([a, b, c]: [number, number, number]): [number, number, number] => [c, b, a];
