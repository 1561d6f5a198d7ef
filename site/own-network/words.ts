/** What visitors are told of their networks, beside the words that shared/zoo has for the command line too. */
import { megabytes } from '#shared/errors';
import type { Guess } from '#shared/zoo';
import type { Names } from './proposal.ts';

/** Seconds that a graph may be looked at; as on the command line. */
export const DEADLINE_SECONDS = 120;
/** A protobuf, such as an ONNX model, is no larger. */
export const LARGEST_MODEL = 2 ** 31 - 1;

const atlas = 'take it to the command line, which has the memory of the whole machine: npx atlas models inspect';

export const tooLarge = (name: string, bytes: number) =>
  `${name} has ${megabytes(bytes)}, and a model of one file has at most ${megabytes(LARGEST_MODEL)}. Choose a smaller or a quantised one, or keep its weights in a file beside it.`;

export const outOfMemory = (name: string) =>
  `${name} needs more memory than this browser has for a page. Close other tabs and try again, choose a smaller or a quantised model, or ${atlas}.`;

export const tookTooLong = (name: string, seconds: number) =>
  `The model ${name} took longer than ${seconds} seconds to look at, which none that was tried does. The file is damaged, or made to exhaust this machine: if you trust it, ${atlas}, which waits for as long as ATLAS_DEADLINE says.`;

/** The browser would not keep it: for want of room, or since it keeps nothing for this page. */
export const notKept = (title: string, error: DOMException, bytes: number) =>
  error.name === 'QuotaExceededError'
    ? `This browser has no room to keep ${title} (${megabytes(bytes)}): it is there until this page is left. Forget other networks, or choose a smaller or a quantised model.`
    : `This browser keeps nothing for this page, perhaps since the window is a private one: ${title} is there until the page is left.`;

/** What is being done, with how far it is. @param detail what a worker says of it */
export function workText(what: string, detail: string | undefined, done: number, total: number): string {
  if (detail === 'loading') return `Loading into this browser: ${megabytes(done)} of ${megabytes(total)}`;
  if (detail === 'photos') return `${what}: photograph ${done} of ${total}`;
  if (detail === undefined || detail === 'reading') return `${what}: ${done} of ${total}`;
  return `${what}: ${detail}, ${Math.floor((100 * done) / total)} % of all`;
}

/** Where the names of the classes are from. @param file of them */
export function namedText({ named, labels }: Names, file: string | null): string {
  if (named === 'file') return `${labels.length} names from ${file}.`;
  return named === 'imagenet'
    ? "It has 1,000 classes, and so they are assumed to be ImageNet's. Choose a file of its labels where they are others."
    : 'A class is called by its number. Choose a file of labels: JSON, or one name a line.';
}

/** What stands below the choice of a preprocessing while only the file tells of it. */
export const reasonText = (reason: string) =>
  `This is a guess: ${reason}. Only photographs whose class is known tell for sure.`;

/** How well the best preprocessing did. */
export function guessText({ candidates: [best], photos, chance }: Guess): string {
  const percent = (share: number) => (100 * share).toFixed(0);
  return `${best.name} is right on ${best.right} of ${photos} photographs: ${percent(best.ratio)} %, and with 95 % confidence ${percent(best.low)} to ${percent(best.high)} %, where chance is ${percent(chance)} %.`;
}

/** Signs of memory that ran out, in what browsers and onnxruntime say. */
const MEMORY = /out of memory|memory access|bad_alloc|allocat|Array buffer|Invalid typed array length/i;
export const isOutOfMemory = (message: string): boolean => MEMORY.test(message);

/**
 * What to tell of an error that has no words for visitors.
 * @param name of the model's file
 */
export function wordsOf(error: unknown, name: string): string {
  const message = error instanceof Error ? error.message : String(error);
  // A file that is too large for one piece of memory, or that changed or went since it was chosen.
  if (error instanceof DOMException && error.name === 'NotReadableError')
    return `${name} cannot be read: this browser finds no room for it, or the file was changed since it was chosen. Choose it again.`;
  if (isOutOfMemory(message)) return outOfMemory(name);
  return `${name} could not be worked on: ${message}. Try again; where it happens again, ${atlas}.`;
}
