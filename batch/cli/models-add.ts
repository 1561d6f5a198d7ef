/** `atlas models add`: a card for an .onnx file anywhere. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { UsageError } from '#shared/errors';
import { edgeModelBytes, type Fit, fits } from '#shared/release';
import {
  type Guess,
  guessHead,
  guessNormalisation,
  guessNotes,
  guessRows,
  numbersIn,
  threeOrOne,
  whyNoGuess,
} from '#shared/zoo';
import { openCompute } from '../compute/index.ts';
import { addModel, loadLabelledPhotos, type NewCard, type Unscaled } from '../zoo/index.ts';
import { action, type Context, globalOptions, integer } from './context.ts';
import { outputHelp, size, sizeHelp } from './models-form.ts';
import { megabytes, table } from './text.ts';

interface AddOptions {
  id: string;
  size?: { height: number; width: number };
  mean?: number[];
  std?: number[];
  order?: 'rgb' | 'bgr';
  range?: '255' | '1';
  layout?: 'NCHW' | 'NHWC';
  output?: string;
  fit?: Fit;
  edge?: boolean;
  labels?: string;
  classes?: number;
  title?: string;
  licence?: string;
  to?: string;
  guess?: boolean;
  photos?: string[];
  limit: number;
}

/**
 * Side of the canvas that preprocessings are tried on: the one that perturbations are made for unless a study says
 * otherwise.
 */
const canvas = 224;

export function registerAdd(models: Command): void {
  globalOptions(models.command('add'))
    .description('write a validated card for an .onnx file anywhere')
    .argument(
      '<file.onnx>',
      'the model; it stays where it is. Weights in other files are joined into one beside the card',
    )
    .requiredOption('--id <id>', 'name of the model in the zoo: letters, digits, ".", "_" and "-"')
    .option('--size <pixels>', sizeHelp, size)
    .option('--mean <r,g,b>', 'subtracted from red, green, blue, in the unit of --range; one number for all', values)
    .option('--std <r,g,b>', 'divides red, green, blue afterwards, in the unit of --range; one number for all', values)
    .addOption(new Option('--order <order>', "order of the input's channels (default: rgb)").choices(['rgb', 'bgr']))
    .addOption(new Option('--range <range>', 'the brightest pixel before mean and std').choices(['255', '1']))
    .option(
      '--guess',
      'find out mean, std, order and range: try the usual ones on labelled photos, and on those of the size of the input as they are too',
    )
    .option(
      '--photos <dir...>',
      'for --guess: photos named by WordNet id, or in folders named by WordNet id, label or class index',
    )
    .option('--limit <n>', 'for --guess: photos at most, spread over all', integer({ min: 1, max: 1e6 }), 100)
    .addOption(
      new Option('--layout <layout>', 'axes of the input (default: as the graph says)').choices(['NCHW', 'NHWC']),
    )
    .option('--output <name>', outputHelp)
    .addOption(
      new Option(
        '--fit <fit>',
        'how photos become canvases for it: exact takes photos of its own size as they are (default: crop)',
      ).choices([...fits]),
    )
    .option(
      '--edge',
      `the Worker is to serve it (default: where the prepared model has at most ${megabytes(edgeModelBytes)})`,
    )
    .option('--no-edge', 'the Worker is not to serve it')
    .option(
      '--labels <file>',
      'labels: JSON as string[] or {index, label, wnid?}[], Keras\' class_index.json, Hugging Face\'s config.json, or a .txt of one a line; "imagenet" for ILSVRC-2012',
    )
    .option('--classes <n>', "number of classes, to be checked against the graph's", integer({ min: 2, max: 1e6 }))
    .option('--title <title>', 'name for people (default: the id)')
    .option('--licence <licence>', 'licence of the weights (default: "unknown")')
    .option('--to <dir>', "folder of the card (default: the zoo's own, so that the id is known everywhere)")
    .addHelpText(
      'after',
      '\nExamples:\n  atlas models add resnet.onnx --id my-resnet --size 224 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --order rgb --range 1 --labels imagenet\n  atlas models add resnet.onnx --id my-resnet --labels imagenet --guess --photos imagenet/val',
    )
    .action(
      action(async (context, options: AddOptions, file: string) => {
        const { id, size: given, layout, output, fit, edge, labels, classes, title, licence, to } = options;
        const said = normalisationOf(options);
        let guess: Guess | undefined;
        const wanted: NewCard = {
          ...{ id, layout, output, fit, edge, labels, classes, title, licence },
          ...{ inputSize: given?.height, inputWidth: given?.width },
          folder: to,
          normalisation:
            said ??
            (async (model) => {
              guess = await guessOf(model, options, context);
              report(file, guess, context);
              const [{ fit, normalisation }] = guess.candidates;
              return { ...normalisation, ...(fit === 'exact' && { fit }) };
            }),
        };
        const { card, cardPath, written } = await addModel(file, wanted, context.signal);
        context.emit(guess ? { ...card, guess } : card);
        if (written)
          context.say(`The weights of ${file} lie in other files: ${written} has them all, and the card is its.`);
        context.print(cardPath);
      }),
    );
}

/**
 * What the flags say of mean, std, order and range; null where it is to be guessed. An input of whole numbers says it
 * itself: it takes pixels as files have them.
 */
function normalisationOf(options: AddOptions): NewCard['normalisation'] | null {
  const { mean, std, order, range, guess, photos } = options;
  if (guess) {
    const said = Object.entries({ mean, std, order, range }).filter(([, value]) => value !== undefined);
    if (said.length > 0) throw new UsageError(`--guess finds out what --${said[0][0]} says. Give one or the other.`);
    if (!photos)
      throw new UsageError(
        '--guess needs labelled photos to try preprocessings on. Give folders of them with --photos.',
      );
    return null;
  }
  if (!mean && !std && !range)
    return async ({ input }) => {
      if (!input.isWhole) throw missingNormalisation(options);
      return { mean: [0], std: [1], channelOrder: order === 'bgr' ? 'BGR' : 'RGB', range: 255 };
    };
  if (!mean || !std || !range) throw missingNormalisation(options);
  const inOrder = (given: number[]) => (order === 'bgr' ? given.toReversed() : given);
  return {
    mean: inOrder(mean),
    std: inOrder(std),
    channelOrder: order === 'bgr' ? 'BGR' : 'RGB',
    range: range === '1' ? 1 : 255,
  };
}

function missingNormalisation({ mean, std, range }: AddOptions): UsageError {
  const missing = Object.entries({ mean, std, range }).filter(([, value]) => value === undefined);
  return new UsageError(
    `${missing.map(([name]) => `--${name}`).join(' and ')} must say how the model wants its pixels. Who trained the model knows; or let --guess --photos <dir> try the usual ways on labelled photos.`,
  );
}

async function guessOf(unscaled: Unscaled, options: AddOptions, context: Context): Promise<Guess> {
  const { truth, skipped, unlabelled, exact, ...photos } = await loadLabelledPhotos(options.photos ?? [], {
    ...{ canvas, exact: unscaled.side },
    limit: options.limit,
    classes: unscaled.classes,
    labels: unscaled.labels,
    wnids: unscaled.wnids,
    signal: context.signal,
    onProgress: ({ done, total }) => context.progress(`Photo ${done} of ${total}`),
  });
  if (skipped.length > 0)
    context.say(`${skipped.length} photos cannot be read and are skipped; the first: ${skipped[0].reason}`);
  if (unlabelled.count > 0)
    context.say(`${unlabelled.count} photos tell no class and are left out; the first: ${unlabelled.first}.`);
  const compute = await openCompute({
    provider: context.provider,
    workers: context.workers,
    sessions: 1,
    notice: (line) => context.say(line),
  });
  try {
    return await guessNormalisation({
      ...{ prepare: unscaled.prepare, input: unscaled.input, fit: options.fit },
      ...{ photos, exact: exact ?? undefined },
      truth,
      compute,
      signal: context.signal,
      onProgress: ({ candidate, done, total }) =>
        context.progress(`${candidate}: ${Math.floor((100 * done) / total)} % of all`),
    });
  } finally {
    await compute.close();
  }
}

/** @throws UsageError when the best is no better than chance. */
function report(file: string, guess: Guess, context: Context): void {
  context.print(table(guessHead, guessRows(guess), { right: [1, 2, 3, 4] }));
  const refused = whyNoGuess(file, guess);
  if (refused) throw new UsageError(refused);
  for (const note of guessNotes(guess)) context.say(note);
}

/** "0.485,0.456,0.406", or one number for all channels. */
function values(text: string): number[] {
  const numbers = numbersIn(text);
  if (!numbers) throw new InvalidArgumentError(threeOrOne);
  return numbers;
}
