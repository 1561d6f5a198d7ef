/** Reads, inspects and prepares the graph of a stranger's file: the page's thread never does. */
import { UsageError } from '#shared/errors';
import { type GraphError, inputForm, inspect, type Model, prepare, withScaling, writeModel } from '#shared/graph';
import { sha256Hex } from '#shared/release';
import { describeModel, inputFacts, modelOf, naming, tryPreparation } from '#shared/zoo';
import { answerTasks } from './answering.ts';
import type { Brought, Found, GraphTasks, Prepared } from './protocol.ts';
import { LARGEST_MODEL, tooLarge } from './words.ts';

interface Read {
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
  blob: Blob;
  model: Model;
  weightFiles: string[];
}

let file: Read | null = null;
let name = 'The file';

function fileHere(): Read {
  if (!file) throw new UsageError('Choose a file first.');
  return file;
}

async function read({ model, others }: Brought): Promise<void> {
  name = model.name;
  if (model.size > LARGEST_MODEL) throw new UsageError(tooLarge(name, model.size));
  const bytes = new Uint8Array(await model.arrayBuffer());
  file = {
    name,
    bytes,
    blob: model,
    ...modelOf(name, bytes, (location, subject) => weightsOf(others, location, subject)),
  };
}

/** Of the files that were chosen with the model, the one that has this name. */
function weightsOf(others: readonly File[], location: string, subject: string): Uint8Array {
  const wanted = location.split(/[/\\]/).at(-1) as string;
  const found = others.find((other) => other.name === wanted);
  if (!found)
    throw new UsageError(
      `${subject}, and no file ${wanted} was chosen with it. Choose both together: the model, and the weight file that was exported with it.`,
    );
  return new Uint8Array(new FileReaderSync().readAsArrayBuffer(found));
}

function found(said: GraphTasks['inspect']['asks']): Found {
  const { model, bytes, weightFiles } = fileHere();
  return naming(`The model ${name} cannot be inspected`, () => {
    const inspection = inspect(model, said);
    const { preparable, reason = null, craftable, craftReason = null, preprocessing, classes, output } = inspection;
    return {
      facts: describeModel(inspection, { bytes: bytes.byteLength, weightFiles }),
      refused: preparable ? null : reason,
      notCraftable: craftable ? null : craftReason,
      input: inputOf(model, said),
      guess: preprocessing,
      classes,
      outputs: model.outputs.map((one) => one.name),
      output: output.name,
    };
  });
}

/** null where the input is no image, which `refused` says then. */
function inputOf(model: Model, said: GraphTasks['inspect']['asks']): Found['input'] {
  try {
    const form = inputForm(model, said);
    const isWhole = model.inputs[0].type !== 'float32';
    return { ...inputFacts(form), channels: form.channels, isWhole, assumed: form.assumed };
  } catch (error) {
    if ((error as GraphError).name === 'GraphError') return null;
    throw error;
  }
}

const written = (model: Model): Prepared => {
  const bytes = writeModel(model);
  return { bytes, sha256: sha256Hex(bytes) };
};

const handlers = {
  read,
  inspect: found,
  scaled: ({ preparation, canvas }: GraphTasks['scaled']['asks']) =>
    naming(`${name} cannot be prepared with what you say of it`, () =>
      written(withScaling(prepare(fileHere().model, { ...preparation, canvas }))),
    ),
  prepare: ({ preparation, canvas }: GraphTasks['prepare']['asks']) =>
    naming(`${name} cannot be prepared with what you say of it`, () => {
      const { model } = fileHere();
      const { output, classes } = tryPreparation(model, preparation);
      // As `atlas models prepare` does it for the card that says the same.
      return { ...written(prepare(model, { ...preparation, output, classes, canvas })), output };
    }),
  whole: () => {
    const { model, bytes, blob, weightFiles } = fileHere();
    if (weightFiles.length === 0) return { blob, sha256: sha256Hex(bytes) };
    const whole = writeModel(model);
    return { blob: new Blob([whole]), sha256: sha256Hex(whole) };
  },
};

answerTasks(handlers, () => name);
