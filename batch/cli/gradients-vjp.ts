/** `atlas gradients vjp`: the vector-Jacobian product of any ONNX file. */
import type { Command } from 'commander';
import { readNpy, writeNpy } from '#shared/formats';
import { differentiate, inferShapes, type Model, withCotangent, withInputShape, writeModel } from '#shared/graph';
import { openOnce } from '../compute/index.ts';
import { UsageError } from '../errors/index.ts';
import { readBytes, reasonOf, writeAtomic } from '../files/index.ts';
import { naming, readOnnx } from '../zoo/index.ts';
import { action, type Context, globalOptions } from './context.ts';

interface VjpOptions {
  input: string;
  cotangent: string;
  out: string;
  logits?: string;
}

/** Images in one run where the file takes any batch: what a run keeps in memory grows with them. */
const openBatch = 32;

export function registerVjp(gradients: Command): void {
  globalOptions(gradients.command('vjp'))
    .description("the gradient of sum(cotangent * output) with respect to the model's own input, for the file as it is")
    .argument('<file.onnx>', 'any ONNX model with one float32 input; weight files beside it are found')
    .requiredOption(
      '--input <x.npy>',
      "the shape of the model's input, any batch; numbers of any type, read as float32",
    )
    .requiredOption('--cotangent <g.npy>', "the shape of the model's first output")
    .requiredOption('--out <gradient.npy>', 'file to write, float32 in the shape of the input')
    .option('--logits <y.npy>', "also write the model's output")
    .addHelpText(
      'after',
      `\nA file with a fixed batch is run as often as the images need, the last run filled up with zeros; with an open batch, ${openBatch} images at once. Images must not influence each other.\n\nExample:\n  atlas gradients vjp network.onnx --input x.npy --cotangent g.npy --out gradient.npy`,
    )
    .action(
      action(async (context, options: VjpOptions, file: string) => {
        const { model } = await readOnnx(file);
        const input = await floatsOf(options.input);
        const cotangent = await floatsOf(options.cotangent);
        const result = await vjp(file, model, input, cotangent, context);
        await writeAtomic(options.out, writeNpy(result.gradient, input.shape));
        if (options.logits) await writeAtomic(options.logits, writeNpy(result.output, cotangent.shape));
        context.emit({ shape: input.shape, seconds: result.seconds });
        context.print(`${options.out}: gradient [${input.shape.join(', ')}] in ${result.seconds.toFixed(3)} s`);
      }),
    );
}

interface Floats {
  data: Float32Array<ArrayBuffer>;
  shape: number[];
}

async function floatsOf(path: string): Promise<Floats> {
  let bytes: Uint8Array;
  try {
    bytes = await readBytes(path);
  } catch (error) {
    throw new UsageError(`The array ${path} cannot be read: ${reasonOf(error)}. Check the path.`);
  }
  try {
    const { data, shape } = readNpy(bytes);
    if (data instanceof BigInt64Array || data instanceof BigUint64Array)
      return { data: Float32Array.from(data, Number), shape };
    return { data: data instanceof Float32Array ? data : Float32Array.from(data), shape };
  } catch (error) {
    throw new UsageError(`The array ${path}: ${(error as Error).message}`);
  }
}

/** Runs the model on chunks of the images: as many as the file takes at once. */
async function vjp(file: string, model: Model, input: Floats, cotangent: Floats, context: Context) {
  const { name, batch } = theInput(file, model);
  const images = input.shape[0] ?? 0;
  if (images === 0)
    throw new UsageError(`The input has shape [${input.shape}]: no image. Its first axis counts the images.`);
  const chunk = typeof batch === 'number' ? batch : Math.min(images, openBatch);
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
  const program = naming(`The model ${file} cannot be differentiated`, () =>
    writeModel(
      differentiate(withCotangent({ ...bound, outputs: [{ ...output, shape: shapeOfRun }] }), {
        of: 'loss',
        wrt: name,
      }),
    ),
  );
  const session = await openOnce(program, { threads: context.workers ?? 1 });
  const gradient = new Float32Array(input.data.length);
  const logits = new Float32Array(cotangent.data.length);
  const start = performance.now();
  try {
    for (let run = 0; run < runs; run++) {
      context.signal.throwIfAborted();
      if (runs > 1)
        context.progress(`Images ${run * chunk + 1} to ${Math.min((run + 1) * chunk, images)} of ${images}`);
      const result = await session.run({
        [name]: { type: 'float32', data: part(input.data, run, inputShape), dims: inputShape },
        cotangent: { type: 'float32', data: part(cotangent.data, run, shapeOfRun), dims: shapeOfRun },
      });
      put(result.gradient.data, gradient, run);
      put(result[output.name].data, logits, run);
    }
  } finally {
    await session.close();
  }
  return { gradient, output: logits, seconds: (performance.now() - start) / 1000 };
}

function theInput(file: string, model: Model) {
  const [input, ...others] = model.inputs;
  if (!input || others.length > 0)
    throw new UsageError(
      `The model ${file} has ${model.inputs.length} inputs; vjp takes models with one. Export it with the image alone.`,
    );
  if (input.type !== 'float32')
    throw new UsageError(
      `The input "${input.name}" of ${file} is ${input.type}, and only a float32 input has gradients here. Export the model for float32.`,
    );
  return { name: input.name, batch: input.shape?.[0] };
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
