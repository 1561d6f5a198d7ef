import { existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suggestion, UsageError } from '#shared/errors';
import { classLabels, type ModelCard, modelCard } from '#shared/release';
import { otherCount } from '#shared/zoo';
import { parseWith, readJson, readJsonValue } from '../files/index.ts';
import { isPlainCard, plainCard } from './plain-card.ts';

/** The folder zoo/ of the checkout, with a trailing separator. */
export const zooFolder = fileURLToPath(new URL('../../zoo/', import.meta.url));
const cardsFolder = join(zooFolder, 'models');

/** A card with what it refers to beside it. */
export interface ZooModel {
  card: ModelCard;
  /** Absolute path of the card's file; paths in the card are relative to its folder. */
  cardPath: string;
  /** Label by class index; null where the classes have no names. */
  labels: string[] | null;
  /** WordNet id by class index, where the label file has one; null without labels. */
  wnids: (string | undefined)[] | null;
}

/** The cards of zoo/models, by id. */
export async function listCards(): Promise<ModelCard[]> {
  const files = (await readdir(cardsFolder)).filter((file) => file.endsWith('.json')).sort();
  return Promise.all(files.map((file) => readCard(join(cardsFolder, file))));
}

/**
 * A model by id of the zoo, or by the path of a card anywhere.
 *
 * @param idOrPath An id, or a path: anything with a separator in it, or that ends in `.json`.
 * @param base Folder that a relative path starts from; the current one when left out.
 * @throws UsageError when there is none, or when the card or its labels do not fit their schemas.
 */
export async function loadCard(idOrPath: string, base = process.cwd()): Promise<ZooModel> {
  const cardPath = await findCard(idOrPath, base);
  const card = await readCard(cardPath);
  return { card, cardPath, ...(await readLabels(card, cardPath)) };
}

/** A card that is no file yet, as if it were at `cardPath`. @throws as loadCard. */
export async function cardOf(value: unknown, cardPath: string): Promise<ZooModel> {
  const card = parseWith(modelCard, value, `The model card ${cardPath}`);
  return { card, cardPath, ...(await readLabels(card, cardPath)) };
}

async function findCard(idOrPath: string, base: string): Promise<string> {
  if (/\.onnx$/i.test(idOrPath)) {
    throw new UsageError(
      `${idOrPath} is a model file, and a model's card is needed: it says how pixels become the model's input. Write one with \`atlas models add ${idOrPath} --help\`.`,
    );
  }
  const inZoo = join(cardsFolder, `${idOrPath}.json`);
  if (!/[/\\]/.test(idOrPath) && existsSync(inZoo)) return inZoo;
  if (/[/\\]/.test(idOrPath) || /\.json$/i.test(idOrPath)) {
    const path = isAbsolute(idOrPath) ? idOrPath : resolve(base, idOrPath);
    if (existsSync(path) && statSync(path).isFile()) return path;
    throw new UsageError(
      `There is no model card at ${path}. Give the id of a model of the zoo (\`atlas models list\` shows them) or the path of a card.`,
    );
  }
  const ids = (await readdir(cardsFolder)).filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -5));
  throw new UsageError(
    `The zoo has no model "${idOrPath}".${suggestion(idOrPath, ids)} \`atlas models list\` shows its ids; a card elsewhere is given by its path.`,
  );
}

async function readCard(path: string): Promise<ModelCard> {
  const value = await readJsonValue(path, 'model card');
  return parseWith(isPlainCard(value) ? plainCard : modelCard, value, `The model card ${path}`);
}

/** Where a card's path leads: relative to the card, or to zoo/ where it starts with "zoo:". */
export function resolveFromCard(cardPath: string, path: string): string {
  return path.startsWith('zoo:')
    ? join(zooFolder, ...path.slice(4).split('/'))
    : resolve(dirname(cardPath), path.split('/').join(sep));
}

/** How many labels a card's label file has; undefined without one. @throws as loadCard. */
export async function labelCount(labels: string | null, cardPath: string): Promise<number | undefined> {
  if (labels === null) return undefined;
  return (await readJson(resolveFromCard(cardPath, labels), classLabels, 'label file')).length;
}

async function readLabels(card: ModelCard, cardPath: string): Promise<Pick<ZooModel, 'labels' | 'wnids'>> {
  if (card.labels === null) return { labels: null, wnids: null };
  const path = resolveFromCard(cardPath, card.labels);
  const list = await readJson(path, classLabels, 'label file');
  const labels: string[] = [];
  const wnids: (string | undefined)[] = [];
  // Only as far as the list goes: how many classes a card claims is no reason to make room for them.
  for (const { index, label, wnid } of list) {
    if (index >= list.length) break;
    labels[index] = label;
    wnids[index] = wnid;
  }
  if (list.length !== card.classes || Object.keys(labels).length !== card.classes) {
    throw new UsageError(
      `${otherCount(path, list.length, card.id, card.classes)}: correct the file, or set the card's labels to null.`,
    );
  }
  return { labels, wnids };
}
