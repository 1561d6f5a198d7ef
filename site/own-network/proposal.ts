/** What is proposed for a network that was found, and what the visitor makes of it. No page in here. */
import { UsageError } from '#shared/errors';
import type { ClassLabel } from '#shared/release';
import {
  classFinder,
  type Normalisation,
  normalisationsFor,
  numbersIn,
  otherCount,
  perChannel,
  type ScaledInput,
  threeOrOne,
} from '#shared/zoo';
import type { OwnData } from './data.ts';
import type { OwnNetworkSummary } from './network.ts';
import type { Found } from './protocol.ts';

/** The fields of the form, as they stand there: mean and std of red, green, blue, whatever the order. */
export interface Fields {
  mean: string;
  std: string;
  range: string;
  order: string;
}

/** A preprocessing by the name that people have for it. */
export interface Way {
  name: string;
  normalisation: Normalisation;
}

export function fieldsOf({ mean, std, range, channelOrder }: Normalisation): Fields {
  const inRgb = (values: readonly number[]) => (channelOrder === 'BGR' ? values.toReversed() : values).join(', ');
  return { mean: inRgb(mean), std: inRgb(std), range: String(range), order: channelOrder };
}

/** @throws UsageError for what is no mean or std */
export function normalisationOf({ mean, std, range, order }: Fields, channels: ScaledInput['channels']): Normalisation {
  const isBgr = order === 'BGR';
  const numbers = (name: string, text: string) => {
    const found = numbersIn(text);
    if (!found) throw new UsageError(`The ${name} is "${text}". ${threeOrOne}`);
    if (name === 'std' && found.some((value) => !(value > 0)))
      throw new UsageError(`The std is "${text}", but must be positive: pixels are divided by it.`);
    const spread = perChannel(found, channels);
    if (channels === 'grey' && spread.length > 1)
      throw new UsageError(`The ${name} is "${text}", and a grey network has one channel. Give one number.`);
    return isBgr ? spread.toReversed() : spread;
  };
  return {
    ...{ mean: numbers('mean', mean), std: numbers('std', std) },
    ...{ range: range === '1' ? 1 : 255, channelOrder: isBgr ? 'BGR' : 'RGB' },
  };
}

export const isSame = (a: Normalisation, b: Normalisation): boolean =>
  JSON.stringify(Object.values(fieldsOf(a))) === JSON.stringify(Object.values(fieldsOf(b)));

/**
 * What may be chosen, and which of it the file itself suggests; where that is none of the usual ways, it comes first.
 */
export function waysFor({ input, guess }: Pick<Found, 'input' | 'guess'>): { ways: Way[]; suggested: number } {
  if (!input) return { ways: [], suggested: 0 };
  const ways = normalisationsFor(input);
  if (!guess) return { ways, suggested: 0 };
  const { range, channelOrder, mean, std } = guess;
  const spread = (values: readonly number[]) => perChannel(values, input.channels);
  const own: Normalisation = { range, channelOrder, mean: spread(mean), std: spread(std) };
  const place = ways.findIndex(({ normalisation }) => isSame(normalisation, own));
  return place >= 0
    ? { ways, suggested: place }
    : { ways: [{ name: 'As the file suggests', normalisation: own }, ...ways], suggested: 0 };
}

export interface Names {
  labels: readonly ClassLabel[];
  named: OwnNetworkSummary['named'];
}

/** Names of all classes, and where they are from. @throws UsageError where a file has other classes than the network */
export function namesFor(
  classes: number,
  given: { file: string; labels: readonly ClassLabel[] } | null,
  imageNet: readonly ClassLabel[] | null,
): Names {
  if (given && given.labels.length !== classes)
    throw new UsageError(
      `${otherCount(given.file, given.labels.length, 'that you chose', classes)}: choose the file of its own labels, or none.`,
    );
  if (given) return { labels: given.labels, named: 'file' };
  if (imageNet?.length === classes) return { labels: imageNet, named: 'imagenet' };
  const numbered = Array.from({ length: classes }, (_, index) => ({ index, label: `class ${index}` }));
  return { labels: numbered, named: 'none' };
}

/** Photos that preprocessings are tried on at most: each costs a run for every one of them. */
const MOST = 40;

/** Photos whose class is known, spread over all that there are: by its name, or by the WordNet id of that name. */
export function labelledPhotos(
  photos: OwnData['photos'],
  labels: readonly ClassLabel[],
  imageNet: readonly ClassLabel[] | null,
): { urls: string[]; truth: number[] } {
  const find = classFinder(labels.map(({ label }) => label));
  const byWnid = new Map(labels.flatMap(({ index, wnid }) => (wnid === undefined ? [] : [[wnid, index]])));
  const wnids = new Map((imageNet ?? []).map(({ label, wnid }) => [label, wnid]));
  const indexOf = (name: string) => find(name) ?? byWnid.get(wnids.get(name) ?? '');
  const known = photos.flatMap(({ url, labels: names }) => {
    const classes = new Set(names.map(indexOf));
    const [index] = classes;
    // Of a photo that may be called in two ways neither is the right one.
    return classes.size === 1 && typeof index === 'number' ? [{ url, index }] : [];
  });
  const chosen =
    known.length <= MOST ? known : Array.from({ length: MOST }, (_, i) => known[Math.floor((i * known.length) / MOST)]);
  return { urls: chosen.map(({ url }) => url), truth: chosen.map(({ index }) => index) };
}
