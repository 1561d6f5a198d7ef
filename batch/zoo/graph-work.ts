// What is done with the graphs of model files. These functions are called in a child process (see prepare.ts):
// arguments and results are plain data.
import { type ImageInput, type Inspection, imageInputOf, inspect, prepare, writeModel } from '#shared/graph';
import type { Preprocessing } from '#shared/release';
import { hashOf } from './files.ts';
import { naming, type OnnxFile, readOnnx } from './onnx.ts';

// The file that this process works on: several questions about it follow each other.
let last: { path: string; file: OnnxFile } | undefined;

async function fileAt(path: string): Promise<OnnxFile> {
  if (last?.path !== path) last = { path, file: await readOnnx(path) };
  return last.file;
}

export interface Inspected {
  found: Inspection;
  bytes: number;
  weightFiles: string[];
}

/** What a file is. */
export async function inspectFile(path: string): Promise<Inspected> {
  const { model, bytes, weightFiles } = await fileAt(path);
  const found = naming(`The model ${path} cannot be inspected`, () => inspect(model));
  return { found, bytes: bytes.byteLength, weightFiles };
}

export interface Described {
  input: Pick<ImageInput, 'size' | 'layout'>;
  sha256: string;
  bytes: number;
  weightFiles: string[];
}

/** What a card says of a file. */
export async function describeFile(path: string): Promise<Described> {
  const { model, bytes, weightFiles } = await fileAt(path);
  const { size, layout } = imageInputOf(model);
  return { input: { size, layout }, sha256: hashOf(bytes), bytes: bytes.byteLength, weightFiles };
}

/** The file with its weights in it. */
export async function wholeFile(path: string): Promise<Uint8Array> {
  const { model } = await fileAt(path);
  return naming(`The model ${path} cannot be written as one file`, () => writeModel(model));
}

/** The number of classes, by preparing the model, which is the trial of everything that is said of it. */
export async function classesOf(path: string, preprocessing: Preprocessing): Promise<number> {
  const { model } = await fileAt(path);
  const prepared = naming(`${path} cannot be prepared with what you say of it`, () =>
    prepare(model, { ...preprocessing, canvas: preprocessing.inputSize }),
  );
  return Number(prepared.outputs[0].shape?.[1]);
}

/** The file prepared in one way. */
export async function prepareFile(path: string, preprocessing: Preprocessing, canvas: number): Promise<Uint8Array> {
  const { model } = await fileAt(path);
  return naming(`The model ${path} cannot be prepared`, () => writeModel(prepare(model, { ...preprocessing, canvas })));
}
