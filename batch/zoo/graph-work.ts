// What is done with the graphs of model files. These functions are called in a child process (see prepare.ts):
// arguments and results are plain data.
import {
  chooseScores,
  type ElementType,
  type InputForm,
  type InputSaid,
  type Inspection,
  inputForm,
  inspect,
  type OutputSaid,
  prepare,
  type Said,
  writeModel,
} from '#shared/graph';
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

/** What a card says of a file besides its input: the trial of all that is said of it, by preparing it. */
export interface Tried {
  classes: number;
  /** Name of the output with the scores, where the file has others. */
  output: string | undefined;
  /** Of the prepared model. */
  bytes: number;
}

/** How pixels become the input, and which output has the scores. */
export type Preparation = Preprocessing & OutputSaid;

/** Prepares the model for a canvas of its own height. */
export async function tryFile(path: string, preparation: Preparation): Promise<Tried> {
  const { model } = await fileAt(path);
  return naming(`${path} cannot be prepared with what you say of it`, () => {
    const prepared = prepare(model, { ...preparation, canvas: preparation.inputSize });
    const { output } = chooseScores(model, preparation);
    return {
      classes: Number(prepared.outputs[0].shape?.[1]),
      output: model.outputs.length > 1 ? output.name : undefined,
      bytes: writeModel(prepared).byteLength,
    };
  });
}

/** The file prepared in one way. */
export async function prepareFile(path: string, preparation: Preparation, canvas: number): Promise<Uint8Array> {
  const { model } = await fileAt(path);
  return naming(`The model ${path} cannot be prepared`, () => writeModel(prepare(model, { ...preparation, canvas })));
}
