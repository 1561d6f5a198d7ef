import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import type { Program } from '#shared/compute';
import { megabytes, UsageError } from '#shared/errors';
import type { OutputSaid } from '#shared/graph';
import {
  classLabels,
  edgeModelBytes,
  type Fit,
  type ModelCard,
  type Preprocessing,
  preparationOf,
} from '#shared/release';
import { inputFacts, type Normalisation, perChannel, rawPixels, type ScaledInput } from '#shared/zoo';
import { inChild, type Remote } from '../children/index.ts';
import { readJsonValue, sizeOf, writeAtomic } from '../files/index.ts';
import { cardOf, labelCount, type ZooModel, zooFolder } from './cards.ts';
import { hashOf } from './files.ts';
import type { Described } from './graph-work.ts';
import { readLabelFile } from './labels.ts';
import { imageNetLabels } from './plain-card.ts';
import { type GraphWork, graphWork } from './work.ts';

export interface NewCard {
  id: string;
  title?: string;
  licence?: string;
  /** Height of the input, and its width where that is another; taken from the graph where it declares them. */
  inputSize?: number;
  inputWidth?: number;
  /** Mean and std in channelOrder; or a function that finds them out, and how photos become canvases for it. */
  normalisation: (Normalisation & { fit?: Fit }) | ((model: Unscaled) => Promise<Normalisation & { fit?: Fit }>);
  /** Taken from the graph where it tells: the channels before or after height and width. */
  layout?: Preprocessing['layout'];
  /** Which output has the class scores, where the file has several and the number of classes does not tell. */
  output?: string;
  fit?: Fit;
  /** Whether the edge serves it; left out: where the prepared model is small enough. */
  edge?: boolean;
  /** Path of a label file in any form of `readLabelFile`, or "imagenet" for the 1,000 classes of ILSVRC-2012. */
  labels?: string;
  /** Checked against the graph's; it tells one of several outputs, as the number of labels does. */
  classes?: number;
  /** Folder of the card; the zoo's own when left out. */
  folder?: string;
}

/** A model of which all is known but how its pixels are scaled. */
export interface Unscaled extends Pick<ZooModel, 'labels' | 'wnids'> {
  input: ScaledInput;
  /** The model prepared in one way, for a canvas of so many pixels. */
  prepare(normalisation: Normalisation, canvas: number): Promise<Program>;
  classes: number;
  /** Side of its input in pixels; null where it is not square. */
  side: number | null;
}

export interface AddedModel extends ZooModel {
  /** The one file that was written beside the card, where the model keeps its weights in others; else null. */
  written: string | null;
}

/**
 * Writes a card for an .onnx file anywhere, after a trial of everything in it: the graph can be read and prepared with
 * this preprocessing, and there is a label for each class. Nothing is overwritten, and the model stays where it is; one
 * whose weights lie in other files is written as one file beside the card, since a card vouches for one.
 *
 * @throws UsageError when the file, the preprocessing, the labels or the id will not do.
 */
export async function addModel(file: string, wanted: NewCard, signal?: AbortSignal): Promise<AddedModel> {
  const folder = resolve(wanted.folder ?? join(zooFolder, 'models'));
  const cardPath = join(folder, `${wanted.id}.json`);
  if (existsSync(cardPath)) {
    throw new UsageError(`There is a card ${cardPath} already. Choose another --id, or delete that card first.`);
  }
  return withOwnLabels(wanted, folder, (own) =>
    inChild<GraphWork, AddedModel>(graphWork, { what: `The model ${file}`, signal, bytes: sizeOf(file) }, (graph) =>
      add(file, own, { folder, cardPath }, graph),
    ),
  );
}

/**
 * Cards name lists of labels in one form; those of other forms are written beside the card in it, and taken away again
 * where adding fails.
 */
async function withOwnLabels<T>(wanted: NewCard, folder: string, add: (wanted: NewCard) => Promise<T>): Promise<T> {
  const { labels, id } = wanted;
  if (labels === undefined || labels === 'imagenet') return add(wanted);
  const list = await readLabelFile(labels);
  if (await isOwnForm(labels)) return add(wanted);
  const path = join(folder, `${id}.labels.json`);
  if (existsSync(path))
    throw new UsageError(
      `The labels ${labels} are written beside the card in the form that cards have, and there is a ${path} already. Choose another --id or --to.`,
    );
  await writeAtomic(path, `${JSON.stringify(list, null, 2)}\n`);
  try {
    return await add({ ...wanted, labels: path });
  } catch (error) {
    await rm(path, { force: true });
    // That file is no more; the one that was given is wrong.
    if (error instanceof UsageError) error.message = error.message.replaceAll(path, labels);
    throw error;
  }
}

async function isOwnForm(labels: string): Promise<boolean> {
  if (!/\.json$/i.test(labels)) return false;
  return classLabels.safeParse(await readJsonValue(labels, 'label file')).success;
}

async function add(
  file: string,
  wanted: NewCard,
  { folder, cardPath }: { folder: string; cardPath: string },
  graph: Remote<GraphWork>,
): Promise<AddedModel> {
  const { inputSize, inputWidth, layout } = wanted;
  const described = await graph.describeFile(file, { inputSize, inputWidth, layout });
  const input = inputOf(file, described);
  const channels = described.input.channels;
  const neutral = rawPixels(channels);
  const { source, written } = await sourceOf(file, described, folder, wanted.id, graph);
  const labels = labelsPath(folder, wanted.labels);
  const said: OutputSaid = {
    output: wanted.output,
    classes: wanted.classes ?? (await labelCount(labels, cardPath)),
  };
  const { classes, output, bytes } = await graph.tryFile(file, { ...input, ...neutral, ...said });
  const card: ModelCard = {
    id: wanted.id,
    title: wanted.title ?? wanted.id,
    licence: wanted.licence ?? 'unknown',
    source,
    preprocessing: { ...input, ...neutral },
    ...(output !== undefined && { output }),
    ...(wanted.fit && { fit: wanted.fit }),
    classes,
    labels,
    published: null,
    edge: wanted.edge ?? bytes <= edgeModelBytes,
  };
  if (wanted.classes !== undefined && wanted.classes !== classes)
    throw new UsageError(`${file} has ${classes} classes, not ${wanted.classes}. Leave --classes out.`);
  if (card.edge && bytes > edgeModelBytes)
    throw new UsageError(
      `${file} is too large for the edge: prepared it has ${megabytes(bytes)}, and the Worker serves at most ${megabytes(edgeModelBytes)}. Leave --edge out, or quantise its weights to int8.`,
    );
  const named = await cardOf(card, cardPath);
  const prepare: Unscaled['prepare'] = async (normalisation, canvas) => {
    const bytes = await graph.prepareFile(file, { ...input, ...normalisation, output, classes }, canvas);
    return { key: hashOf(bytes), bytes };
  };
  const found =
    typeof wanted.normalisation === 'function'
      ? await wanted.normalisation({
          ...{ prepare, classes, labels: named.labels, wnids: named.wnids },
          side: input.inputWidth === undefined ? input.inputSize : null,
          input: { channels, isWhole: described.input.type !== 'float32' },
        })
      : wanted.normalisation;
  const { fit = wanted.fit, ...scaling } = found;
  if (fit === 'exact') card.fit = fit;
  const normalisation = {
    ...scaling,
    mean: perChannel(scaling.mean, channels),
    std: perChannel(scaling.std, channels),
  };
  card.preprocessing = { ...input, ...normalisation };
  await graph.tryFile(file, preparationOf(card));
  const added = await cardOf(card, cardPath);
  if (written) await writeAtomic(written.path, written.bytes);
  try {
    await writeAtomic(cardPath, `${JSON.stringify(card, null, 2)}\n`);
  } catch (error) {
    if (written) await rm(written.path, { force: true });
    throw error;
  }
  return { ...added, written: written?.path ?? null };
}

function inputOf(file: string, { input }: Described): ReturnType<typeof inputFacts> {
  if (input.assumed)
    throw new UsageError(`The graph of ${file} does not say how large its input is. Say it with --size, in pixels.`);
  return inputFacts(input);
}

async function sourceOf(
  file: string,
  { sha256, bytes, weightFiles }: Described,
  folder: string,
  id: string,
  graph: Remote<GraphWork>,
) {
  if (weightFiles.length === 0) return { source: { file: fromCard(folder, file), sha256, bytes }, written: null };
  const path = join(folder, `${id}.onnx`);
  if (existsSync(path))
    throw new UsageError(
      `${file} keeps weights in other files, so it is written as one file beside its card, and there is a ${path} already. Choose another --id or --to.`,
    );
  const whole = await graph.wholeFile(file);
  return {
    source: { file: fromCard(folder, path), sha256: hashOf(whole), bytes: whole.byteLength },
    written: { path, bytes: whole },
  };
}

function labelsPath(folder: string, labels: string | undefined): string | null {
  if (labels === undefined) return null;
  return labels === 'imagenet' ? imageNetLabels : fromCard(folder, labels);
}

/** Paths in a card are relative to it, with forward slashes on every platform. */
const fromCard = (folder: string, path: string) => relative(folder, resolve(path)).split(sep).join('/');
