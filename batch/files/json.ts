import type { z } from 'zod';
import { UsageError } from '#shared/errors';
import { checkJson, FormatError } from '#shared/formats';
import { readBytes, reasonOf } from './read.ts';
import { faultsOf } from './schema.ts';

/**
 * Reads a JSON file through a schema. `what` names it in messages, e.g. "model card".
 * @throws UsageError when it cannot be read, is no JSON, or does not fit the schema.
 */
export async function readJson<T extends z.ZodType>(path: string, schema: T, what: string): Promise<z.output<T>> {
  return parseWith(schema, await readJsonValue(path, what), `The ${what} ${path}`);
}

/** A study, a card, a list of labels or of credits: what people write is far smaller. */
const LARGEST_JSON = 16e6;

/** Reads a JSON file as it is. @throws UsageError when it cannot be read, is larger than 16 MB, or is no JSON. */
export async function readJsonValue(path: string, what: string): Promise<unknown> {
  const bytes = await readBytes(path, { most: LARGEST_JSON }).catch((error: unknown) => {
    throw new UsageError(`The ${what} ${path} cannot be read: ${reasonOf(error)}. Check the path.`);
  });
  const text = new TextDecoder().decode(bytes);
  try {
    checkJson(bytes);
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof FormatError)
      throw new UsageError(`The ${what} ${path} cannot be read: ${error.message}. Correct the file, or give another.`);
    throw new UsageError(`The ${what} ${path} is not JSON${placeOf(error, text)}. Correct the file, or give another.`);
  }
}

/**
 * Where JSON went wrong. What stands there is not said: a card may name any file of this disk as its labels, and what
 * is said of it may be passed on.
 */
function placeOf(error: unknown, text: string): string {
  const position = /at position (\d+)/.exec((error as Error).message)?.[1];
  if (position === undefined) return '';
  const before = text.slice(0, Number(position));
  return `: see line ${before.split('\n').length}, column ${before.length - before.lastIndexOf('\n')}`;
}

/**
 * Parses a value from outside. `subject` starts the message, e.g. "The study x.json". @throws UsageError that lists
 * what does not fit.
 */
export function parseWith<T extends z.ZodType>(schema: T, value: unknown, subject: string): z.output<T> {
  const faults = faultsOf(schema, value, 6);
  if (faults.length === 0) return schema.parse(value);
  const shown = faults.slice(0, 5).join('; ');
  throw new UsageError(
    `${subject} does not fit its schema: ${shown}${faults.length > 5 ? '; and more' : ''}. Correct ${faults.length === 1 ? 'it' : 'them'} and try again.`,
  );
}
