import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import type { ModelCard, Preprocessing } from '#shared/release';
import { inChild, type Remote } from '../children/index.ts';
import { UsageError } from '../errors/index.ts';
import { sizeOf, writeAtomic } from '../files/index.ts';
import { cardOf, type ZooModel, zooFolder } from './cards.ts';
import { hashOf } from './files.ts';
import type { Described } from './graph-work.ts';
import type { Normalisation } from './guess.ts';
import { imageNetLabels } from './plain-card.ts';
import { type GraphWork, graphWork } from './work.ts';

export interface NewCard {
  id: string;
  title?: string;
  licence?: string;
  /** Taken from the graph where it declares one. */
  inputSize?: number;
  /** Mean and std in channelOrder; or a function that finds them out. */
  normalisation: Normalisation | ((model: Unscaled) => Promise<Normalisation>);
  /** Taken from the graph where it tells: three channels before or after height and width. */
  layout?: Preprocessing['layout'];
  /** Path of a label file, or "imagenet" for the 1,000 classes of ILSVRC-2012. */
  labels?: string;
  /** Checked against the graph's. */
  classes?: number;
  /** Folder of the card; the zoo's own when left out. */
  folder?: string;
}

/** A model of which all is known but how its pixels are scaled. */
export interface Unscaled extends Pick<ZooModel, 'labels' | 'wnids'> {
  /** The model prepared in one way, for a canvas of so many pixels. */
  prepare(normalisation: Normalisation, canvas: number): Promise<Uint8Array>;
  classes: number;
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
  return inChild<GraphWork, AddedModel>(
    graphWork,
    { what: `The model ${file}`, signal, bytes: sizeOf(file) },
    (graph) => add(file, wanted, { folder, cardPath }, graph),
  );
}

async function add(
  file: string,
  wanted: NewCard,
  { folder, cardPath }: { folder: string; cardPath: string },
  graph: Remote<GraphWork>,
): Promise<AddedModel> {
  const described = await graph.describeFile(file);
  const input = inputOf(file, described, wanted);
  const neutral: Normalisation = { mean: [0, 0, 0], std: [1, 1, 1], range: 255, channelOrder: 'RGB' };
  const { source, written } = await sourceOf(file, described, folder, wanted.id, graph);
  const card: ModelCard = {
    id: wanted.id,
    title: wanted.title ?? wanted.id,
    licence: wanted.licence ?? 'unknown',
    source,
    preprocessing: { ...input, ...neutral },
    classes: await graph.classesOf(file, { ...input, ...neutral }),
    labels: labelsPath(folder, wanted.labels),
    published: null,
    edge: false,
  };
  if (wanted.classes !== undefined && wanted.classes !== card.classes)
    throw new UsageError(`${file} has ${card.classes} classes, not ${wanted.classes}. Leave --classes out.`);
  const { labels, wnids } = await cardOf(card, cardPath);
  const prepare: Unscaled['prepare'] = (normalisation, canvas) =>
    graph.prepareFile(file, { ...input, ...normalisation }, canvas);
  const normalisation =
    typeof wanted.normalisation === 'function'
      ? await wanted.normalisation({ prepare, classes: card.classes, labels, wnids })
      : wanted.normalisation;
  card.preprocessing = { ...input, ...normalisation };
  await graph.classesOf(file, card.preprocessing);
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

function inputOf(
  file: string,
  { input: { size, layout } }: Described,
  wanted: NewCard,
): Pick<Preprocessing, 'inputSize' | 'layout'> {
  const inputSize = wanted.inputSize ?? size;
  if (inputSize === null)
    throw new UsageError(`The graph of ${file} does not say how large its input is. Say it with --size, in pixels.`);
  return { inputSize, layout: wanted.layout ?? layout ?? 'NCHW' };
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
