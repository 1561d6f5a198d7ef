/** Files as every room of batch needs them: written whole or not at all, and read through a schema. */
import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { z } from 'zod';
import { UsageError } from '../errors/index.ts';
import { issueList } from './issues.ts';

export { DownloadError, type DownloadProgress, downloadFile, hashFile, megabytes } from './download.ts';

/**
 * Writes beside the target and renames: whoever reads `path` sees the old file or the whole new one, whatever kills us.
 */
export async function writeAtomic(path: string, data: Uint8Array | string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** Bytes of a file; 0 where there is none, which whoever opens it then says. */
export const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** A file's bytes as a plain Uint8Array: a Buffer's `slice` would share its memory where every other's copies. */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const { buffer, byteOffset, byteLength } = await readFile(path);
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * Reads a JSON file through a schema. `what` names it in messages, e.g. "model card".
 * @throws UsageError when it cannot be read, is no JSON, or does not fit the schema.
 */
export async function readJson<T extends z.ZodType>(path: string, schema: T, what: string): Promise<z.output<T>> {
  return parseWith(schema, await readJsonValue(path, what), `The ${what} ${path}`);
}

/** Reads a JSON file as it is. @throws UsageError when it cannot be read or is no JSON. */
export async function readJsonValue(path: string, what: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const detail = code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    throw new UsageError(`The ${what} ${path} cannot be read: ${detail}. Check the path.`);
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new UsageError(`The ${what} ${path} is not JSON: ${(error as Error).message}. Correct the file.`);
  }
}

/**
 * Parses a value from outside. `subject` starts the message, e.g. "The study x.json". @throws UsageError that lists
 * what does not fit.
 */
export function parseWith<T extends z.ZodType>(schema: T, value: unknown, subject: string): z.output<T> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new UsageError(
    `${subject} does not fit its schema: ${issueList(result.error.issues, value)}. Correct ${result.error.issues.length === 1 ? 'it' : 'them'} and try again.`,
  );
}
