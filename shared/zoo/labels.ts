/** Lists of class names, as people have them. */
import { UsageError } from '#shared/errors';
import type { ClassLabel } from '#shared/release';

/** What a label file may be. */
const labelForms =
  'a JSON list of names or of {"index", "label", "wnid"}; Keras\' {"0": ["n01440764", "tench"]}; Hugging Face\'s config.json with id2label, or {"0": "tench"} alone; {"tench": 0}; or a .txt file with one name a line, in the order of the classes, a WordNet id before it where there is one';

const wnid = /^n\d{8}$/;
/** A name is a few words; what is longer is another kind of file. */
const LONGEST_NAME = 1000;

/** Bytes of the largest label file that is read. */
export const largestLabelFile = 16e6;

/**
 * The classes of a label file in any of the forms that people have, by index.
 * @param content a parsed .json file, or the text of any other
 * @param name how messages call the file
 * @throws UsageError, which names the forms and quotes nothing of the file, where it is none of them.
 */
export function labelsOf(content: { json: unknown } | { text: string }, name: string): ClassLabel[] {
  const found = 'json' in content ? ofJson(content.json) : ofText(content.text.replace(/^\uFEFF/, ''));
  if (!found)
    throw new UsageError(`The label file ${name} is no list of classes that is known here. It may be ${labelForms}.`);
  const list = found.toSorted((a, b) => a.index - b.index);
  const wrong = list.findIndex(({ index }, i) => index !== i);
  if (wrong >= 0)
    throw new UsageError(
      `The label file ${name} ${list[wrong].index < wrong ? `names the class ${list[wrong].index} twice` : `has no class ${wrong}, and has later ones`}. One label for each index from 0 on is needed: correct the file.`,
    );
  return list;
}

/** What is wrong with a list of another length than the model has classes. What to do is for whoever says it. */
export const otherCount = (file: string, found: number, model: string, classes: number): string =>
  `The label file ${file} names ${found} classes, and the model ${model} has ${classes}. One label for each index from 0 to ${classes - 1} is needed`;

/** null where it is none: a file of other text has other characters, or lines longer than any name. */
function ofText(text: string): ClassLabel[] | null {
  if (/^\s*[[{]/.test(text)) return ofJson(jsonOf(text));
  const lines = text.split(/\r\n|\n|\r/).map((line) => line.trim());
  while (lines.at(-1) === '') lines.pop();
  if (
    lines.length < 2 ||
    lines.some((line) => line === '' || line.length > LONGEST_NAME || /\p{Cc}/u.test(line.replaceAll('\t', ' ')))
  )
    return null;
  // "n01440764 tench, Tinca tinca" as in synset_words.txt, "0: tench", "0 tench", "tench".
  const withWnid = lines.map((line) => /^(n\d{8})(?:[\s,;:]+(\S.*))?$/.exec(line));
  if (withWnid.every((match) => match !== null))
    return withWnid.map((match, index) => ({ index, label: match[2] ?? match[1], wnid: match[1] }));
  const numbered = lines.map((line) => /^(\d+)[\s,;:.]+(\S.*)$/.exec(line));
  if (numbered.every((match, i) => match !== null && Number(match[1]) === i))
    return numbered.map((match, index) => ({ index, label: match![2] }));
  return lines.map((label, index) => ({ index, label }));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function ofJson(value: unknown): ClassLabel[] | null {
  if (Array.isArray(value)) return all(value.map(ofItem));
  if (!isObject(value)) return null;
  if (isObject(value.id2label)) return byIndex(value.id2label);
  return byIndex(isObject(value.label2id) ? value.label2id : value);
}

/** One of a list: its own index where it says one. */
function ofItem(item: unknown, place: number): ClassLabel | null {
  if (!isObject(item)) return named(place, item);
  const { index, label, wnid: id } = item;
  if (!isIndex(index) || !isName(label) || !(id === undefined || typeof id === 'string')) return null;
  return { index, label, ...(id !== undefined && { wnid: id }) };
}

/** {"0": name}, or {name: 0}. */
function byIndex(object: Record<string, unknown>): ClassLabel[] | null {
  const entries = Object.entries(object);
  if (entries.length === 0) return null;
  if (entries.every(([key]) => /^\d{1,9}$/.test(key)) && !entries.every(([, value]) => isIndex(value)))
    return all(entries.map(([key, name]) => named(Number(key), name)));
  return all(entries.map(([name, index]) => (isIndex(index) ? named(index, name) : null)));
}

/** "tench", or Keras' ["n01440764", "tench"]. */
function named(index: number, name: unknown): ClassLabel | null {
  if (isName(name)) return wnid.test(name) ? { index, label: name, wnid: name } : { index, label: name };
  if (!Array.isArray(name) || name.length !== 2 || !name.every(isName) || !wnid.test(name[0])) return null;
  return { index, label: name[1], wnid: name[0] };
}

const all = (found: (ClassLabel | null)[]) =>
  found.length > 0 && found.every((one) => one !== null) ? (found as ClassLabel[]) : null;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isName = (value: unknown): value is string =>
  typeof value === 'string' && value.trim() !== '' && value.length <= LONGEST_NAME;
