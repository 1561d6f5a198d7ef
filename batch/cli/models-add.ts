/** `atlas models add`: a card for an .onnx file anywhere. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { addModel } from '../zoo/index.ts';
import { action, globalOptions, integer } from './context.ts';

interface AddOptions {
  id: string;
  size?: number;
  mean: [number, number, number];
  std: [number, number, number];
  order: 'rgb' | 'bgr';
  range: '255' | '1';
  layout?: 'NCHW' | 'NHWC';
  labels?: string;
  classes?: number;
  title?: string;
  licence?: string;
  to?: string;
}

export function registerAdd(models: Command): void {
  globalOptions(models.command('add'))
    .description('write a validated card for an .onnx file anywhere')
    .argument('<file.onnx>', 'the model; it stays where it is')
    .requiredOption('--id <id>', 'name of the model in the zoo: letters, digits, ".", "_" and "-"')
    .option('--size <pixels>', "side of the model's input (default: as the graph says)", integer({ min: 1, max: 4096 }))
    .requiredOption('--mean <r,g,b>', 'subtracted from red, green, blue, in the unit of --range', triple)
    .requiredOption('--std <r,g,b>', 'divides red, green, blue afterwards, in the unit of --range', triple)
    .addOption(new Option('--order <order>', "order of the input's channels").choices(['rgb', 'bgr']).default('rgb'))
    .addOption(
      new Option('--range <range>', 'the brightest pixel before mean and std')
        .choices(['255', '1'])
        .makeOptionMandatory(),
    )
    .addOption(
      new Option('--layout <layout>', 'axes of the input (default: as the graph says)').choices(['NCHW', 'NHWC']),
    )
    .option(
      '--labels <classes.json>',
      'labels as JSON, string[] or {index, label, wnid?}[]; "imagenet" for ILSVRC-2012',
    )
    .option('--classes <n>', 'number of classes, where the graph does not say', integer({ min: 2, max: 1e6 }))
    .option('--title <title>', 'name for people (default: the id)')
    .option('--licence <licence>', 'licence of the weights (default: "unknown")')
    .option('--to <dir>', "folder of the card (default: the zoo's own, so that the id is known everywhere)")
    .addHelpText(
      'after',
      '\nExample:\n  atlas models add resnet.onnx --id my-resnet --size 224 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --order rgb --range 1 --labels imagenet',
    )
    .action(
      action(async (context, { order, range, size, to, ...rest }: AddOptions, file: string) => {
        const { card, cardPath } = await addModel(file, {
          ...rest,
          inputSize: size,
          channelOrder: order === 'bgr' ? 'BGR' : 'RGB',
          range: range === '1' ? 1 : 255,
          folder: to,
        });
        context.emit(card);
        context.print(cardPath);
      }),
    );
}

/** "0.485,0.456,0.406" */
function triple(text: string): [number, number, number] {
  const parts = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (parts.length !== 3 || !parts.every(Number.isFinite)) {
    throw new InvalidArgumentError('It must be three numbers, as in 0.485,0.456,0.406.');
  }
  return [parts[0], parts[1], parts[2]];
}
