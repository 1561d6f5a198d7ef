import { extname } from 'node:path';
import { UsageError } from '#shared/errors';
import type { ClassLabel } from '#shared/release';
import { labelsOf, largestLabelFile } from '#shared/zoo';
import { readBytes, readJsonValue, reasonOf } from '../files/index.ts';

/** The classes of a label file on this disk, by index. @throws UsageError as `labelsOf` */
export async function readLabelFile(path: string): Promise<ClassLabel[]> {
  const isJson = extname(path).toLowerCase() === '.json';
  return labelsOf(isJson ? { json: await readJsonValue(path, 'label file') } : { text: await textOf(path) }, path);
}

async function textOf(path: string): Promise<string> {
  const bytes = await readBytes(path, { most: largestLabelFile }).catch((error: unknown) => {
    throw new UsageError(`The label file ${path} cannot be read: ${reasonOf(error)}. Check the path.`);
  });
  return new TextDecoder().decode(bytes);
}
