// .onnx files on this disk, with the weight files that they name.
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, sep } from 'node:path';
import { UsageError } from '#shared/errors';
import { GraphError, type Model, readModel } from '#shared/graph';
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
  const weightFiles: string[] = [];
  const model = naming(`The model ${path} cannot be read`, () =>
    readModel(content, {
      external(location) {
        weightFiles.push(location);
        return readWeights(path, location);
      },
    }),
  );
  return { model, bytes: content, weightFiles };
}

/**
 * Runs work on a model's graph and says of which model it was when it fails.
 * @param subject begins the message: "The model x.onnx cannot be read"
 * @throws UsageError in place of a GraphError, or of what JavaScript says of a graph that is too deep or too large
 */
export function naming<Result>(subject: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof GraphError) throw new UsageError(`${subject}: ${error.message}`, { cause: error });
    // What is deeper or larger than JavaScript holds is the file's doing.
    if (error instanceof RangeError)
      throw new UsageError(
        `${subject}: it is nested deeper, or has larger parts, than can be held (${error.message}). The file is damaged: fetch or export it again.`,
        { cause: error },
      );
    throw error;
  }
}

async function readModelFile(path: string): Promise<Uint8Array> {
  try {
    return await readBytes(path);
  } catch (error) {
    throw new UsageError(`The model ${path} cannot be read: ${reasonOf(error)}. Check the path.`);
  }
}

function readWeights(path: string, location: string): Uint8Array {
  const weights = `The model ${path} keeps weights in "${location}"`;
  const outside =
    'and weights are read from the folder of the model alone. Move the file there, or save the model as one file, for example onnx.save(model, path, save_as_external_data=False).';
  if (location === '' || location.includes('\0') || isAbsolute(location) || /^[a-z]:/i.test(location))
    throw new UsageError(`${weights}, which is no path relative to the model, ${outside}`);
  if (location.split(/[/\\]/).includes('..'))
    throw new UsageError(`${weights}, which leads out of its folder, ${outside}`);
  const folder = dirname(path);
  const file = join(folder, location);
  try {
    if (!realpathSync(file).startsWith(`${realpathSync(folder)}${sep}`))
      throw new UsageError(`${weights}, which is a link to ${realpathSync(file)}, ${outside}`);
    // A pipe or a device would be read without end.
    if (!statSync(file).isFile()) throw new UsageError(`${weights}, which is no file. Put the weight file there.`);
    const { buffer, byteOffset, byteLength } = readFileSync(file);
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      `${weights}, and ${file} cannot be read: ${reasonOf(error)}. Put the weight file that was exported with the model beside it.`,
    );
  }
}
