/** `atlas models inspect`: what a file is, and whether it can be prepared and differentiated. */

import type { Command } from 'commander';
import type { ImageInput, Inspection } from '#shared/graph';
import { sizeOf } from '../files/index.ts';
import { inThread } from '../threads/index.ts';
import { type GraphWork, graphWork, type Inspected } from '../zoo/index.ts';
import { action, globalOptions } from './context.ts';
import { megabytes } from './text.ts';

/** Nodes in the way that are named to people. */
const mostNamed = 20;

export function registerInspect(models: Command): void {
  globalOptions(models.command('inspect'))
    .description('what an ONNX file is, and whether it can be prepared and differentiated')
    .argument('<file.onnx>', 'any ONNX model; weight files beside it are found')
    .addHelpText('after', '\nExample:\n  atlas models inspect network.onnx --json')
    .action(
      action(async (context, _options, file: string) => {
        const about = {
          what: `The model ${file}`,
          signal: context.signal,
          bytes: sizeOf(file),
        };
        const { found, bytes, weightFiles } = await inThread<GraphWork, Inspected>(graphWork, about, (graph) =>
          graph.inspectFile(file),
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
        : 'unknown: the input is no image of three channels',
    ],
    [
      'parameters',
      `${found.parameters.toLocaleString('en')}${found.quantised ? ` (${found.quantised} quantised)` : ''}`,
    ],
    ['operations', found.flops === null ? 'unknown' : `${(found.flops / 1e9).toPrecision(3)} GFLOPs an image`],
    ['operators', `${operators.join(', ')} (operator set ${found.opset})`],
    ['can be prepared', found.preparable ? 'yes' : `no: ${found.reason}`],
    ['can be differentiated', found.differentiable ? 'yes' : `no: ${found.gradientReason}`],
    ['images of a batch', found.imagesMix === null ? 'each go their own way' : 'influence each other'],
    ['can be crafted on', found.craftable ? 'yes' : `no: ${found.craftReason}`],
    ...missing.slice(0, mostNamed).map(({ operator, node }) => ['', `in the way: ${operator} node "${node}"`]),
    ...(missing.length > mostNamed ? [['', `and ${missing.length - mostNamed} more; --json lists all`]] : []),
  ];
  return lines.map(([name, text]) => `${name.padEnd(22)} ${text}`).join('\n');
}

function inWords({ layout, size, batch }: ImageInput): string {
  const facts = [layout, size && `${size} pixels`, batch === 'any' ? 'any batch' : `batch fixed to ${batch}`];
  return `, ${facts.filter(Boolean).join(', ')}`;
}

function preprocessingText({ mean, std, range, channelOrder }: NonNullable<Inspection['preprocessing']>): string {
  return `(${channelOrder} in 0..${range} - [${mean.join(', ')}]) / [${std.join(', ')}]`;
}
