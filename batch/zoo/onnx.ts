// .onnx files on this disk, with the weight files that they name.
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { UsageError } from '#shared/errors';
import type { Model } from '#shared/graph';
import { modelOf, outside } from '#shared/zoo';
import { readBytes, reasonOf } from '../files/index.ts';

export interface OnnxFile {
  model: Model;
  /** The .onnx file itself, without the weight files that it names. */
  bytes: Uint8Array;
  /** Locations of the weight files, relative to the model's folder; empty for a model in one file. */
  weightFiles: string[];
}

/**
 * Reads an .onnx file with the weight files that it names. These must lie in the model's own folder or below it: a file
 * from anywhere must not have other files of this disk read, so absolute paths, `..` and links that lead outside are
 * refused.
 *
 * @param bytes the file's content where it was read already
 * @throws UsageError that names the file when it is missing or no ONNX model, or when its weights are missing, too
 * short or elsewhere.
 */
export async function readOnnx(path: string, bytes?: Uint8Array): Promise<OnnxFile> {
  const content = bytes ?? (await readModelFile(path));
  const read = modelOf(path, content, (location, subject) => readWeights(join(dirname(path), location), path, subject));
  return { ...read, bytes: content };
}

async function readModelFile(path: string): Promise<Uint8Array> {
  try {
    return await readBytes(path);
  } catch (error) {
    throw new UsageError(`The model ${path} cannot be read: ${reasonOf(error)}. Check the path.`);
  }
}

function readWeights(file: string, path: string, subject: string): Uint8Array {
  try {
    if (!realpathSync(file).startsWith(`${realpathSync(dirname(path))}${sep}`))
      throw new UsageError(`${subject}, which is a link to ${realpathSync(file)}, ${outside}`);
    // A pipe or a device would be read without end.
    if (!statSync(file).isFile()) throw new UsageError(`${subject}, which is no file. Put the weight file there.`);
    const { buffer, byteOffset, byteLength } = readFileSync(file);
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${subject}, and ${file} cannot be read: ${reasonOf(error)}. Put the weight file that was exported with the model beside it.`,
    );
  }
}
