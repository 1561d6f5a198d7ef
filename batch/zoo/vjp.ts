/** The vector-Jacobian product of a model, for files as they are. */

import { UsageError } from '#shared/errors';
import {
  differentiate,
  foldConstants,
  inferShapes,
  type Model,
  whereImagesMix,
  withCotangent,
  withFloatInput,
  withInputShape,
  writeModel,
} from '#shared/graph';
import { naming } from '#shared/zoo';
import { nowRunning } from '../children/index.ts';
import { openOnce } from '../compute/index.ts';

/** Images in one run where the file takes any batch: what a run keeps in memory grows with them. */
export const openBatch = 32;

export interface Floats {
  data: Float32Array<ArrayBuffer>;
  shape: number[];
}

export interface Product {
  gradient: Float32Array<ArrayBuffer>;
  output: Float32Array<ArrayBuffer>;
  seconds: number;
}

interface VjpOptions {
  threads?: number;
  /** Called before each run where there are several: images `from` to `to`, counted from 1, of all. */
  onProgress?: (from: number, to: number, images: number) => void;
}

/**
 * The gradient of sum(cotangent * output) with respect to the model's only input, and the output. The model runs on
 * chunks of the images, as many as the file takes at once; on all of them where they influence each other and it can.
 * An input of whole numbers takes floats.
 *
 * @param file Name of the model, for errors.
 * @throws UsageError when model, input and cotangent do not fit each other, or the model has no such gradient.
 */
export async function vectorJacobianProduct(
  file: string,
  asIs: Model,
  input: Floats,
  cotangent: Floats,
  { threads = 1, onProgress }: VjpOptions,
): Promise<Product> {
  const model = naming(`The model ${file} has no gradient`, () => withFloatInput(asIs));
  checkInput(file, model);
  const images = input.shape[0] ?? 0;
  if (images === 0)
    throw new UsageError(`The input has shape [${input.shape}]: no image. Its first axis counts the images.`);
  const chunk = imagesInOneRun(file, model, images);
  const runs = Math.ceil(images / chunk);
  const inputShape = [chunk, ...input.shape.slice(1)];
  const { bound, outputShape } = naming(`The model ${file} and the input do not fit`, () => {
    const bound = withInputShape(model, inputShape);
    return { bound, outputShape: inferShapes(bound).get(bound.outputs[0].name)?.shape ?? bound.outputs[0].shape };
  });
  const [output] = bound.outputs;
  const known = outputShape?.every((dim) => typeof dim === 'number') ? outputShape : undefined;
  // Where inference lost the output's shape, the cotangent says it.
  const rows = known ? (known[0] ?? 1) : ((cotangent.shape[0] ?? 1) / images) * chunk;
  const expected = [(rows / chunk) * images, ...(known ?? cotangent.shape).slice(1)];
  const fits =
    known?.length === 0 ? runs === 1 && cotangent.shape.length === 0 : String(expected) === String(cotangent.shape);
  if (!fits || !Number.isInteger(expected[0]) || !Number.isInteger(rows))
    throw new UsageError(
      `The cotangent has shape [${cotangent.shape}], but the output "${output.name}" of ${file} has [${expected}] for this input. Give one of that shape.`,
    );
  const shapeOfRun = cotangent.shape.length === 0 ? [] : [rows, ...cotangent.shape.slice(1)];
  const { gradients, program } = naming(`The model ${file} cannot be differentiated`, () => {
    const composed = withCotangent({ ...bound, outputs: [{ ...output, shape: shapeOfRun }] });
    const gradients = differentiate(composed, { of: 'loss', wrt: composed.inputs[0].name });
    return { gradients, program: writeModel(gradients) };
  });
  // The model's own names may have had to make way.
  const [name, logitsName] = [gradients.inputs[0].name, gradients.outputs[1].name];
  nowRunning();
  const session = await openOnce(program, { threads });
  const gradient = new Float32Array(input.data.length);
  const logits = new Float32Array(cotangent.data.length);
  const start = performance.now();
  try {
    for (let run = 0; run < runs; run++) {
      if (runs > 1) onProgress?.(run * chunk + 1, Math.min((run + 1) * chunk, images), images);
      const result = await session.run({
        [name]: { type: 'float32', data: part(input.data, run, inputShape), dims: inputShape },
        cotangent: { type: 'float32', data: part(cotangent.data, run, shapeOfRun), dims: shapeOfRun },
      });
      put(result.gradient.data, gradient, run);
      put(result[logitsName].data, logits, run);
    }
  } finally {
    await session.close();
  }
  return { gradient, output: logits, seconds: (performance.now() - start) / 1000 };
}

function checkInput(file: string, model: Model): void {
  const [input, ...others] = model.inputs;
  if (!input || others.length > 0)
    throw new UsageError(
      `The model ${file} has ${model.inputs.length} inputs; vjp takes models with one. Export it with the image alone.`,
    );
  if (input.type !== 'float32')
    throw new UsageError(
      `The input "${input.name}" of ${file} is ${input.type}, and only a float32 input has gradients here. Export the model for float32.`,
    );
}

/**
 * As many as the file takes; where images influence each other, all of them are one batch.
 * @throws UsageError where the file takes another number of them
 */
function imagesInOneRun(file: string, model: Model, images: number): number {
  const batch = model.inputs[0].shape?.[0];
  const usual = typeof batch === 'number' ? batch : Math.min(images, openBatch);
  if (images === usual || batch === 1) return usual;
  const mixing = naming(`The model ${file} cannot be differentiated`, () => whereImagesMix(foldConstants(model)));
  if (!mixing) return usual;
  if (typeof batch !== 'number') return images;
  if (images % batch === 0) return usual;
  throw new UsageError(
    `The model ${file} takes ${batch} images at once, and there are ${images}, so that a run would have to be filled up. ${mixing.message}`,
  );
}

/** The values of one run of this shape; zeros where there are no more. */
function part(data: Float32Array, run: number, shape: number[]): Float32Array {
  const length = shape.reduce((product, dim) => product * dim, 1);
  const filled = new Float32Array(length);
  filled.set(data.subarray(run * length, (run + 1) * length));
  return filled;
}

function put(values: Float32Array, all: Float32Array, run: number): void {
  const from = run * values.length;
  all.set(values.subarray(0, all.length - from), from);
}
