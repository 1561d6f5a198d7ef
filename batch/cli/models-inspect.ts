/** `atlas models inspect`: what a file is, and whether it can be prepared and differentiated. */

import { type Command, Option } from 'commander';
import type { ImageInput, Inspection, Said } from '#shared/graph';
import { inChild } from '../children/index.ts';
import { sizeOf } from '../files/index.ts';
import { type GraphWork, graphWork, type Inspected } from '../zoo/index.ts';
import { action, globalOptions, integer } from './context.ts';
import { outputHelp, size, sizeHelp } from './models-form.ts';
import { megabytes } from './text.ts';

interface InspectOptions {
  size?: { height: number; width: number };
  layout?: 'NCHW' | 'NHWC';
  output?: string;
  classes?: number;
}

/** Nodes in the way that are named to people. */
const mostNamed = 20;

export function registerInspect(models: Command): void {
  globalOptions(models.command('inspect'))
    .description('what an ONNX file is, and whether it can be prepared and differentiated')
    .argument('<file.onnx>', 'any ONNX model; weight files beside it are found')
    .option('--size <pixels>', sizeHelp, size)
    .addOption(
      new Option('--layout <layout>', 'axes of the input (default: as the graph says)').choices(['NCHW', 'NHWC']),
    )
    .option('--output <name>', outputHelp)
    .option('--classes <n>', 'number of classes: it tells one of several outputs', integer({ min: 2, max: 1e6 }))
    .addHelpText(
      'after',
      '\nExamples:\n  atlas models inspect network.onnx --json\n  atlas models inspect dynamic.onnx --size 384\n\nWhat it says yes to, `models add` takes with the same flags.',
    )
    .action(
      action(async (context, { size: given, layout, output, classes }: InspectOptions, file: string) => {
        const said: Said = { inputSize: given?.height, inputWidth: given?.width, layout, output, classes };
        const about = {
          what: `The model ${file}`,
          signal: context.signal,
          bytes: sizeOf(file),
        };
        const { found, bytes, weightFiles } = await inChild<GraphWork, Inspected>(graphWork, about, (graph) =>
          graph.inspectFile(file, said),
        );
        context.emit({ ...found, bytes, weightFiles });
        context.print(describe(found, bytes, weightFiles));
      }),
    );
}

function describe(found: Inspection, bytes: number, weightFiles: string[]): string {
  const { input, output, preprocessing, missing } = found;
  const operators = Object.entries(found.operators)
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`);
  const once = found.needs.length > 0 ? ', once --size says how large its input is' : '';
  const lines = [
    [
      'file',
      `${[megabytes(bytes), ...weightFiles.map((name) => `weights in ${name}`)].join(', ')}${found.producer && `, by ${found.producer}`}`,
    ],
    ['input', `${input.name} ${input.type} [${input.shape.join(', ')}]${inWords(input)}`],
    [
      'output',
      `${output.name} [${output.shape.join(', ')}]${found.classes === null ? '' : `, ${found.classes} classes`}`,
    ],
    [
      'preprocessing',
      preprocessing
        ? `probably ${preprocessingText(preprocessing)}: ${preprocessing.reason}`
        : 'unknown: the input is no image',
    ],
    [
      'parameters',
      `${found.parameters.toLocaleString('en')}${found.quantised ? ` (${found.quantised} quantised)` : ''}`,
    ],
    ['operations', found.flops === null ? 'unknown' : `${(found.flops / 1e9).toPrecision(3)} GFLOPs an image`],
    ['operators', `${operators.join(', ')} (operator set ${found.opset})`],
    ['can be prepared', found.preparable ? `yes${once}` : `no: ${found.reason}`],
    ['can be differentiated', found.differentiable ? 'yes' : `no: ${found.gradientReason}`],
    ['images of a batch', found.imagesMix === null ? 'each go their own way' : 'influence each other'],
    ['can be crafted on', found.craftable ? `yes${once}` : `no: ${found.craftReason}`],
    ...missing.slice(0, mostNamed).map(({ operator, node }) => ['', `in the way: ${operator} node "${node}"`]),
    ...(missing.length > mostNamed ? [['', `and ${missing.length - mostNamed} more; --json lists all`]] : []),
  ];
  return lines.map(([name, text]) => `${name.padEnd(22)} ${text}`).join('\n');
}

function inWords({ layout, size, height, width, channels, batch }: ImageInput): string {
  const sides = size === null ? height && `${height} x ${width} pixels (height x width)` : `${size} pixels`;
  const facts = [layout, channels === 1 && 'grey', sides, batch === 'any' ? 'any batch' : `batch fixed to ${batch}`];
  return `, ${facts.filter(Boolean).join(', ')}`;
}

function preprocessingText({ mean, std, range, channelOrder }: NonNullable<Inspection['preprocessing']>): string {
  return `(${channelOrder} in 0..${range} - [${mean.join(', ')}]) / [${std.join(', ')}]`;
}
