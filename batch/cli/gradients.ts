/** `atlas gradients vjp | check`: gradients of any ONNX file, and how well they agree with finite differences. */
import type { Command } from 'commander';
import { readNpy, writeNpy } from '#shared/formats';
import {
  differentiate,
  GraphError,
  inferShapes,
  readModel,
  withCotangent,
  withCrossEntropy,
  withInputShape,
  writeModel,
} from '#shared/graph';
import { openOnce } from '../compute/index.ts';
import { AtlasError, UsageError } from '../errors/index.ts';
import { readBytes, writeAtomic } from '../files/index.ts';
import { loadPhotos } from '../photos/index.ts';
import { loadCard, prepareModel, zooFolder } from '../zoo/index.ts';
import { action, globalOptions, integer } from './context.ts';
import { readModelFile } from './models-inspect.ts';

export function registerGradients(program: Command): void {
  const gradients = program
    .command('gradients')
    .helpCommand(false)
    .description('gradients of networks with respect to their input');
  registerVjp(gradients);
  registerCheck(gradients);
}

interface VjpOptions {
  input: string;
  cotangent: string;
  out: string;
  logits?: string;
  workers?: number;
}

function registerVjp(gradients: Command): void {
  globalOptions(gradients.command('vjp'))
    .description("the gradient of sum(cotangent * output) with respect to the model's own input, for the file as it is")
    .argument('<file.onnx>', 'any ONNX model with one input')
    .requiredOption('--input <x.npy>', "float32 in the shape of the model's input; any batch")
    .requiredOption('--cotangent <g.npy>', "float32 in the shape of the model's first output")
    .requiredOption('--out <gradient.npy>', 'file to write, in the shape of the input')
    .option('--logits <y.npy>', "also write the model's output")
    .addHelpText(
      'after',
      '\nExample:\n  atlas gradients vjp network.onnx --input x.npy --cotangent g.npy --out gradient.npy',
    )
    .action(
      action(async (context, options: VjpOptions, file: string) => {
        const result = await vjp(
          await readModelFile(file),
          await floatsOf(options.input),
          await floatsOf(options.cotangent),
          options.workers,
        );
        await writeAtomic(options.out, writeNpy(result.gradient, result.shape));
        if (options.logits) await writeAtomic(options.logits, writeNpy(result.output, result.outputShape));
        context.emit({ shape: result.shape, seconds: result.seconds });
        context.print(`${options.out}: gradient [${result.shape.join(', ')}] in ${result.seconds.toFixed(3)} s`);
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
    throw new UsageError(`The array ${path} cannot be read: ${(error as Error).message}. Check the path.`);
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

/** A file with a fixed batch is run as often as the input needs; with an open batch, once. */
async function vjp(bytes: Uint8Array, input: Floats, cotangent: Floats, threads = 1) {
  const model = readModel(bytes);
  const [declared, ...others] = model.inputs;
  if (!declared || others.length > 0)
    throw new UsageError(
      `The model has ${model.inputs.length} inputs; vjp takes models with one. Export it with the image alone.`,
    );
  const images = input.shape[0] ?? 1;
  const fixed = declared.shape?.[0];
  const chunk = typeof fixed === 'number' ? fixed : images;
  if (images === 0 || images % chunk !== 0)
    throw new UsageError(
      `The model takes ${chunk} images at once, and the input has ${images}. Give a multiple of ${chunk}.`,
    );
  const inputShape = [chunk, ...input.shape.slice(1)];
  let bound: ReturnType<typeof withInputShape>;
  try {
    bound = withInputShape(model, inputShape);
  } catch (error) {
    if (error instanceof GraphError) throw new UsageError(error.message);
    throw error;
  }
  const [output] = bound.outputs;
  const outputShape = inferShapes(bound).get(output.name)?.shape ?? output.shape;
  const runs = images / chunk;
  const expected = outputShape?.every((dim) => typeof dim === 'number')
    ? [outputShape[0] * runs, ...outputShape.slice(1)]
    : undefined;
  if (expected && String(expected) !== String(cotangent.shape)) {
    throw new UsageError(
      `The cotangent has shape [${cotangent.shape}], but the output "${output.name}" of this input has [${expected}]. Give one of that shape.`,
    );
  }
  const shapeOfRun = [cotangent.shape[0] / runs, ...cotangent.shape.slice(1)];
  const gradientModel = differentiate(withCotangent({ ...bound, outputs: [{ ...output, shape: shapeOfRun }] }), {
    of: 'loss',
    wrt: declared.name,
  });
  const session = await openOnce(writeModel(gradientModel), { threads });
  const gradient = new Float32Array(input.data.length);
  const logits = new Float32Array(cotangent.data.length);
  const start = performance.now();
  try {
    for (let i = 0; i < runs; i++) {
      const part = (data: Float32Array) => data.slice((i * data.length) / runs, ((i + 1) * data.length) / runs);
      const result = await session.run({
        [declared.name]: { type: 'float32', data: part(input.data), dims: inputShape },
        cotangent: { type: 'float32', data: part(cotangent.data), dims: shapeOfRun },
      });
      gradient.set(result.gradient.data, (i * gradient.length) / runs);
      logits.set(result[output.name].data, (i * logits.length) / runs);
    }
  } finally {
    await session.close();
  }
  return {
    gradient,
    shape: input.shape,
    output: logits,
    outputShape: cotangent.shape,
    seconds: (performance.now() - start) / 1000,
  };
}

interface CheckOptions {
  photos: string[];
  directions: number;
  canvas: number;
  seed: number;
}

/** Photos that are averaged over: kinks of single photos weigh less, and the check still takes seconds. */
const photosChecked = 4;
/** Step of the central differences, in pixel values of 0..255: small against the kinks of Relu, large against float32's rounding. */
const step = 0.002;

function registerCheck(gradients: Command): void {
  globalOptions(gradients.command('check'), { seed: true })
    .description(
      'compare gradients of the cross-entropy on photos with finite differences along smooth random directions',
    )
    .argument('<id|card.json|file.onnx>', 'a model of the zoo, a card, or a prepared model')
    .option('--photos <dir...>', 'folders of photos', [`${zooFolder}starter/photos`])
    .option('--directions <n>', 'directions to compare along', integer({ min: 1, max: 1000 }), 8)
    .option('--canvas <pixels>', 'side of the canvas', integer({ min: 8, max: 1024 }), 224)
    .addHelpText('after', '\nExample:\n  atlas gradients check squeezenet1_1 --directions 8')
    .action(
      action(async (context, { photos, directions, canvas, seed }: CheckOptions, name: string) => {
        const bytes = /\.onnx$/i.test(name)
          ? await readModelFile(name)
          : (await prepareModel(await loadCard(name), canvas)).bytes;
        const model = readModel(bytes);
        if (model.inputs[0]?.name !== 'canvas') {
          throw new UsageError(
            `${name} is not a prepared model: its input is "${model.inputs[0]?.name}", not "canvas". Give its card, or prepare it first with models prepare.`,
          );
        }
        const side = Number(model.inputs[0].shape?.[2]);
        const set = await loadPhotos(photos, { canvas: side, signal: context.signal });
        const count = Math.min(photosChecked, set.names.length);
        const pixels = Float32Array.from(set.pixels.subarray(0, count * 3 * side * side));
        const result = await check(bytes, pixels, count, side, directions, seed, (text) => context.progress(text));
        context.emit(result);
        context.print(
          `relative error ${result.relativeError.toExponential(2)} along ${directions} directions, mean loss ${result.loss.toFixed(4)}`,
        );
      }),
    );
}

/** Per-sample directional derivatives against central differences: |d - d'| / |d'| over all samples and directions. */
async function check(
  prepared: Uint8Array,
  pixels: Float32Array,
  count: number,
  side: number,
  directions: number,
  seed: number,
  progress: (text: string) => void,
) {
  const model = readModel(prepared);
  const session = await openOnce(writeModel(differentiate(withCrossEntropy(model), { of: 'loss', wrt: 'canvas' })));
  try {
    const dims = [count, 3, side, side];
    const run = (data: Float32Array, labels: BigInt64Array) =>
      session.run({ canvas: { type: 'float32', data, dims }, labels: { type: 'int64', data: labels, dims: [count] } });
    // Any label serves; class 0 is rarely the one predicted, so the loss is far from flat.
    const labels = new BigInt64Array(count);
    const at = await run(pixels, labels);
    const gradient = at.gradient.data;
    if (!gradient.every(Number.isFinite))
      throw new AtlasError(
        'The gradient has elements that are not finite numbers. Check the range, mean and std of the card.',
      );
    let difference = 0;
    let size = 0;
    for (let d = 0; d < directions; d++) {
      progress(`Direction ${d + 1} of ${directions}`);
      const direction = signedGradient(gradient, seed * 1000 + d);
      const moved = (sign: number) =>
        run(
          pixels.map((value, i) => value + sign * step * direction[i]),
          labels,
        );
      const [up, down] = [await moved(1), await moved(-1)];
      for (let n = 0; n < count; n++) {
        const numeric = (up.loss.data[n] - down.loss.data[n]) / (2 * step);
        let analytic = 0;
        for (let i = n * 3 * side * side; i < (n + 1) * 3 * side * side; i++) analytic += direction[i] * gradient[i];
        difference += (numeric - analytic) ** 2;
        size += numeric ** 2;
      }
    }
    const loss = at.loss.data.reduce((sum, value) => sum + value, 0) / count;
    return { relativeError: Math.sqrt(difference / size), directions, loss };
  } finally {
    await session.close();
  }
}

/**
 * The sign of the gradient on a random half of the pixels. A plain random direction is nearly orthogonal to the gradient, so its
 * derivative would drown in float32's rounding.
 */
function signedGradient(gradient: Float32Array, seed: number): Float32Array {
  let state = (seed + 1) >>> 0;
  return gradient.map((value) => {
    // Xorshift: G. Marsaglia, "Xorshift RNGs", 2003.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0x10000 ? Math.sign(value) : 0;
  });
}
