/** `atlas evaluate`: fooling ratios of one perturbation, from anywhere, on photos and models of one's own. */
import { type Command, Option } from 'commander';
import { checkTarget, noiseControl } from '#shared/attacks';
import { UsageError } from '#shared/errors';
import { targetShare } from '#shared/metrics';
import { type Half, halves } from '#shared/photos';
import { type Fit, fits, type Norm, norms, type Share, tamperedClass } from '#shared/release';
import { canvasFor } from '#shared/zoo';
import { foolingOf, measure, tamperedIn } from '../analyses/index.ts';
import {
  type Bound,
  type Layout,
  layouts,
  type Order,
  orders,
  type PerturbationFile,
  perturbationFiles,
  readPerturbation,
  type Scale,
  scaleForms,
  scaleText,
} from '../arrays/index.ts';
import { openCompute } from '../compute/index.ts';
import { codecs, loadPhotos } from '../photos/index.ts';
import { loadCard, prepareModel } from '../zoo/index.ts';
import { action, type Context, globalOptions, integer, repeated } from './context.ts';
import { fitHelp, percent, positive, scaleOption } from './craft-options.ts';
import { craftedOn, craftedOnText } from './crafted-on.ts';
import { table } from './text.ts';

interface Options {
  perturbation: string;
  model: string[];
  photos: string[];
  half?: Half;
  scale?: Scale;
  layout?: Layout;
  order?: Order;
  array?: string;
  index?: number;
  norm?: Norm;
  epsilon?: number;
  clip?: boolean;
  target?: number;
  fit?: Fit;
  strict?: boolean;
}

export function registerEvaluate(program: Command): Command {
  return globalOptions(program.command('evaluate'), { seed: true })
    .description('fooling ratios of a perturbation, beside noise of the same bound, on every photo given')
    .requiredOption('--perturbation <file>', `${perturbationFiles.join(', ')}: [3,S,S] or [S,S,3], or a stack`)
    .requiredOption('--model <id|card.json>', 'target; may be repeated', repeated)
    .requiredOption(
      '--photos <source>',
      'photos to measure on: a folder, with the folders inside it, a .txt list, an .npy or .npz of canvases, starter; may be repeated',
      repeated,
    )
    .addOption(
      new Option('--half <half>', 'only this half of the photos, by the hash of their names').choices([...halves]),
    )
    .option(
      '--scale <unit>',
      `the unit of the file: ${scaleForms} (default: 255 where a value exceeds 2; else it must be said)`,
      scaleOption,
    )
    .addOption(
      new Option('--layout <layout>', 'planes first or last (default: guessed from the shape)')
        .choices([...layouts])
        .argParser(layoutOf),
    )
    .addOption(
      new Option('--order <order>', 'order of the planes in the file (default: RGB)')
        .choices([...orders])
        .argParser(orderOf),
    )
    .option('--array <name>', 'which array of the file (default: the only one that can be a perturbation)')
    .option('--index <n>', 'which of a stack of perturbations, from 0', integer({ min: 0 }))
    .option(
      '--target <class>',
      'also say which share of the photos of other classes is taken for this one',
      integer({ min: 0 }),
    )
    .addOption(new Option('--fit <fit>', fitHelp).choices([...fits]))
    .option('--strict', 'a photo that cannot be read is an error, not skipped')
    .addOption(new Option('--norm <norm>', 'norm of its bound (default: guessed from v)').choices([...norms]))
    .option(
      '--epsilon <n>',
      'its bound in units of 0..255, which it must keep; the noise beside it has the same, and an amplified picture is scaled to it (default: the norm of v)',
      positive,
    )
    .option('--clip', 'bring it within --epsilon where it is beyond')
    .addHelpText(
      'after',
      '\nExample:\n  atlas evaluate --perturbation .atlas/squeezenet/perturbation.npy --model squeezenet1_1 --model efficientnet_lite0 \\\n    --photos zoo/starter/photos --half evaluation\n  atlas evaluate --perturbation theirs.npy --scale -1..1 --epsilon 10 --model squeezenet1_1 --photos photos',
    )
    .action(action(run));
}

function layoutOf(text: string): Layout {
  const found = layouts.find((layout) => layout === text.toUpperCase().replace('N', ''));
  if (!found) throw new UsageError(`--layout takes ${layouts.join(' or ')}, not "${text}".`);
  return found;
}

function orderOf(text: string): Order {
  const found = orders.find((order) => order === text.toUpperCase());
  if (!found) throw new UsageError(`--order takes ${orders.join(' or ')}, not "${text}".`);
  return found;
}

async function run(context: Context, options: Options): Promise<void> {
  const models = await Promise.all(options.model.map((id) => loadCard(id)));
  const { scale, layout, order, array, index, norm, epsilon, clip } = options;
  if (clip && epsilon === undefined)
    throw new UsageError('--clip brings a perturbation within --epsilon. Say that bound, or leave --clip out.');
  const given = { scale, layout, order, array, index, norm, epsilon, clip };
  const file = await readPerturbation(options.perturbation, given, async (bytes) => (await codecs()).decode(bytes));
  context.say(understood(file));
  if (file.note) context.say(file.note);
  for (const { card } of models) checkTarget(options.target, card);
  const bound = noiseBound(file, options);
  const photos = await loadPhotos(options.photos, {
    ...canvasFor(
      models.map(({ card }) => card),
      { canvas: file.size, fit: options.fit },
    ),
    half: options.half,
    strict: options.strict,
    seed: context.seed,
    signal: context.signal,
    onProgress: ({ done, total }) => context.progress(`Reading photos: ${done} of ${total}`),
  });
  if (photos.names.length === 0)
    throw new UsageError('No photo is left to measure on. Give more photos, or leave out --half.');
  if (photos.skipped.length > 0) {
    context.say(
      `${photos.skipped.length} photos cannot be read and are skipped; the first: ${photos.skipped[0].file}: ${photos.skipped[0].reason}`,
    );
  }
  const seen = await craftedOn(options.perturbation, photos);
  if (seen.length > 0) context.say(craftedOnText(seen, photos));
  const indices = photos.names.map((_, index) => index);
  const noise = noiseControl(file.v.length, { ...bound, seed: context.seed });
  const compute = await openCompute({
    provider: context.provider,
    workers: context.workers,
    notice: (line) => context.say(line),
  });
  try {
    const results: ({ model: string } & Share & {
        noise: Share;
        target: (Share & { class: number }) | null;
        /** Of a hardened network, how many photos it calls tampered with: perturbed, and clean. */
        tampered: { perturbed: number; clean: number } | null;
        skipped: number;
      })[] = [];
    for (const model of models) {
      const { id } = model.card;
      const made = await prepareModel(model, file.size, context.signal);
      const prepared = { ...made, tampered: tamperedClass(model.card) };
      const look = (v: Float32Array | null, what: string) =>
        measure({
          compute,
          prepared,
          photos,
          indices,
          v,
          signal: context.signal,
          onProgress: (done) => context.progress(`${id}, ${what}: ${done} of ${indices.length} photos`),
        });
      const clean = await look(null, 'clean');
      const perturbed = await look(file.v, 'perturbed');
      const fooling = foolingOf(clean, perturbed);
      const target =
        options.target === undefined
          ? null
          : { class: options.target, ...targetShare(options.target, clean.labels, perturbed.labels) };
      const control = foolingOf(clean, await look(noise, 'noise'));
      await compute.release(prepared.sha256);
      const [flagged, falsely] = [tamperedIn(perturbed), tamperedIn(clean)];
      const tampered = flagged === null || falsely === null ? null : { perturbed: flagged, clean: falsely };
      results.push({ model: id, ...fooling, noise: control, target, tampered, skipped: photos.skipped.length });
    }
    const { v: _, size: __, ...understanding } = file;
    context.emit({ perturbation: { ...understanding, noise: bound }, craftedOn: seen.length, results });
    const targeted = options.target !== undefined;
    const isHardened = results.some(({ tampered }) => tampered !== null);
    context.print(
      table(
        [
          'model',
          'photos',
          'fooled',
          'fooling',
          '95 % interval',
          'noise',
          ...(targeted ? [`class ${options.target}`] : []),
          ...(isHardened ? ['tampered with', 'clean ones'] : []),
        ],
        results.map(({ model, photos: shown, fooled, ratio, low, high, noise: control, target, tampered }) => [
          model,
          String(shown),
          String(fooled),
          percent(ratio),
          `${percent(low)} to ${percent(high)}`,
          percent(control.ratio),
          ...(target ? [percent(target.ratio)] : []),
          ...(isHardened ? [tampered?.perturbed, tampered?.clean].map((count) => String(count ?? '')) : []),
        ]),
        { right: [1, 2, 3, 4, 5, 6, 7, 8] },
      ),
    );
  } finally {
    await compute.close();
  }
}

function understood({ array, stack, shape, scale, layout, order, guessed, bound }: PerturbationFile): string {
  const which = stack ? `, number ${stack.index} of ${stack.count},` : '';
  const hint = guessed.length > 0 ? ` ${guessed.map((name) => `--${name}`).join(', ')} say otherwise.` : '';
  const own = `${bound.norm === 'inf' ? 'no value beyond' : 'a length of'} ${Number(bound.epsilon.toPrecision(4))}`;
  return `The perturbation "${array}" of shape [${shape.join(', ')}]${which} is read as ${layout}, ${order}, in units ${scaleText(scale)}.${hint} Its own bound is ${own} in units of 0..255 (norm ${bound.norm}).`;
}

/** The bound of the noise that stands beside it: what was said, and else what the perturbation tells itself. */
function noiseBound(file: PerturbationFile, { norm, epsilon }: Options): Bound {
  const chosen = norm ?? file.bound.norm;
  return { norm: chosen, epsilon: epsilon ?? (chosen === 'inf' ? file.linf : file.l2) };
}
