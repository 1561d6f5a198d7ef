import { z } from 'zod';
import { Problem } from '../problems.ts';

/** The JSON text of a key, as its schema has it. @throws Problem `release-broken` */
export function parseJson<T>(key: string, schema: z.ZodType<T>, text: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw broken(key, String(error));
  }
  return parse(key, schema, value);
}

/** A value that was read from a key, as its schema has it. @throws Problem `release-broken` */
export function parse<T>(key: string, schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw broken(key, z.prettifyError(parsed.error));
  return parsed.data;
}

function broken(key: string, reason: string): Problem {
  return new Problem(
    'release-broken',
    `${key} does not have the form that this Worker reads (${reason}). Publish the release again.`,
  );
}
