/** `atlas gradients vjp`: the vector-Jacobian product of any ONNX file. */
import type { Command } from 'commander';
import { UsageError } from '#shared/errors';
import { readNpy, writeNpy } from '#shared/formats';
import { inChild } from '../children/index.ts';
import { readBytes, reasonOf, sizeOf, writeAtomic } from '../files/index.ts';
import { type Floats, openBatch, type Product, type VjpWork, vjpWork } from '../zoo/index.ts';
import { action, globalOptions } from './context.ts';

interface VjpOptions {
  input: string;
  cotangent: string;
  out: string;
  logits?: string;
}

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
      `\nA file with a fixed batch is run as often as the images need, the last run filled up with zeros; with an open batch, ${openBatch} images at once, or all where they influence each other.\n\nExample:\n  atlas gradients vjp network.onnx --input x.npy --cotangent g.npy --out gradient.npy`,
    )
    .action(
      action(async (context, options: VjpOptions, file: string) => {
        const input = await floatsOf(options.input);
        const cotangent = await floatsOf(options.cotangent);
        const about = {
          what: `The model ${file}`,
          signal: context.signal,
          bytes: sizeOf(file),
          onProgress: context.progress,
        };
        const result = await inChild<VjpWork, Product>(vjpWork, about, (work) =>
          work.vjp(file, input, cotangent, context.workers ?? 1),
        );
        await writeAtomic(options.out, writeNpy(result.gradient, input.shape));
        if (options.logits) await writeAtomic(options.logits, writeNpy(result.output, cotangent.shape));
        context.emit({ shape: input.shape, seconds: result.seconds });
        context.print(`${options.out}: gradient [${input.shape.join(', ')}] in ${result.seconds.toFixed(3)} s`);
      }),
    );
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
