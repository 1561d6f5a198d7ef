/** `atlas models inspect`: what a file is, and whether it can be prepared and differentiated. */

import { type Command, Option } from 'commander';
import type { Said } from '#shared/graph';
import { describeModel } from '#shared/zoo';
import { inChild } from '../children/index.ts';
import { sizeOf } from '../files/index.ts';
import { type GraphWork, graphWork, type Inspected } from '../zoo/index.ts';
import { action, globalOptions, integer } from './context.ts';
import { outputHelp, size, sizeHelp } from './models-form.ts';

interface InspectOptions {
  size?: { height: number; width: number };
  layout?: 'NCHW' | 'NHWC';
  output?: string;
  classes?: number;
}

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
        const facts = describeModel(found, { bytes, weightFiles });
        context.print(facts.map(([name, text]) => `${name.padEnd(22)} ${text}`).join('\n'));
      }),
    );
}
