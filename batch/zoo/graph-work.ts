// What is done with the graphs of model files. These functions are called in a child process (see prepare.ts):
// arguments and results are plain data.
import {
  type ElementType,
  type InputForm,
  type InputSaid,
  type Inspection,
  inputForm,
  inspect,
  prepare,
  type Said,
  writeModel,
} from '#shared/graph';
import { naming, type Preparation, type Tried, tryPreparation } from '#shared/zoo';
import { hashOf } from './files.ts';
import { type OnnxFile, readOnnx } from './onnx.ts';

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
export async function inspectFile(path: string, said: Said = {}): Promise<Inspected> {
  const { model, bytes, weightFiles } = await fileAt(path);
  const found = naming(`The model ${path} cannot be inspected`, () => inspect(model, said));
  return { found, bytes: bytes.byteLength, weightFiles };
}

export interface Described {
  input: InputForm & { type: ElementType };
  sha256: string;
  bytes: number;
  weightFiles: string[];
}

/** What a card says of a file. @param said of its input */
export async function describeFile(path: string, said: InputSaid): Promise<Described> {
  const { model, bytes, weightFiles } = await fileAt(path);
  const form = naming(`${path} is no model that can be added`, () => inputForm(model, said));
  return {
    input: { ...form, type: model.inputs[0].type },
    sha256: hashOf(bytes),
    bytes: bytes.byteLength,
    weightFiles,
  };
}

/** The file with its weights in it. */
export async function wholeFile(path: string): Promise<Uint8Array> {
  const { model } = await fileAt(path);
  return naming(`The model ${path} cannot be written as one file`, () => writeModel(model));
}

/** Prepares the model for a canvas of its own height. */
export async function tryFile(path: string, preparation: Preparation): Promise<Tried> {
  const { model } = await fileAt(path);
  return naming(`${path} cannot be prepared with what you say of it`, () => tryPreparation(model, preparation));
}

/** The file prepared in one way. */
export async function prepareFile(path: string, preparation: Preparation, canvas: number): Promise<Uint8Array> {
  const { model } = await fileAt(path);
  return naming(`The model ${path} cannot be prepared`, () => writeModel(prepare(model, { ...preparation, canvas })));
}
