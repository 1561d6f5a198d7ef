/** `atlas harden`: a classifier with one more class, "non-natural or tampered with". */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { controlRecipe } from '#shared/attacks';
import { UsageError } from '#shared/errors';
import { splitPhotos } from '#shared/photos';
import { type Scale, scaleForms } from '../arrays/index.ts';
import { openCompute } from '../compute/index.ts';
import { checkFree, harden, writeHardened } from '../harden/index.ts';
import { type FoundPerturbation, readPerturbations } from '../perturbations/index.ts';
import { loadPhotos } from '../photos/index.ts';
import { loadCard } from '../zoo/index.ts';
import { action, type Context, globalOptions, number, repeated } from './context.ts';
import { percent, scaleOption } from './craft-options.ts';
import { megabytes } from './text.ts';

interface Options {
  model: string;
  perturbations: string[];
  photos: string[];
  scale?: Scale;
  rate: number;
  strict?: boolean;
  out: string;
}

export function registerHarden(program: Command): Command {
  return globalOptions(program.command('harden'), { seed: true })
    .description('make a classifier with one more class, "non-natural or tampered with"')
    .requiredOption('--model <id|card.json>', 'the classifier; it is not changed')
    .requiredOption(
      '--perturbations <source...>',
      'what the class is to know: a release, a folder, or files (.npy, .npz, .safetensors, .mat, .pth, .png)',
    )
    .requiredOption(
      '--photos <source>',
      'a folder, a .txt list, an .npy or .npz of canvases, starter; may be repeated. Only the half that crafts is used',
      repeated,
    )
    .option('--scale <unit>', `the unit of files that do not tell it: ${scaleForms}`, scaleOption)
    .option('--rate <share>', 'of clean photos that may be taken for tampered ones', number({ min: 0, max: 1 }), 0.01)
    .option('--strict', 'a photo that cannot be read is an error, not skipped')
    .requiredOption('--out <dir>', 'folder for the model, its card, its labels and record.json')
    .addHelpText(
      'after',
      '\nExample:\n  atlas harden --model squeezenet1_1 --perturbations .atlas/starter/release --photos starter --out .atlas/hardened\n  atlas evaluate --model .atlas/hardened/squeezenet1_1-hardened.json --perturbation v/perturbation.npy --photos starter',
    )
    .action(action(run));
}

async function run(context: Context, options: Options): Promise<void> {
  const { rate } = options;
  const { seed, signal } = context;
  const out = resolve(options.out);
  const model = await loadCard(options.model);
  checkFree(model, out);
  const found = await readPerturbations(options.perturbations, { scale: options.scale });
  const perturbations = found.filter(({ attack }) => attack !== controlRecipe.attack);
  const noise = found.length - perturbations.length;
  if (perturbations.length === 0)
    throw new UsageError(
      `There is no perturbation in ${options.perturbations.join(', ')} but noise, which was not made to fool. Give crafted ones.`,
    );
  if (noise > 0) context.say(`${noise} of the perturbations are noise, which was not made to fool, and are left out.`);
  const photos = await loadPhotos(options.photos, {
    ...{ canvas: perturbations[0].size, half: 'crafting', strict: options.strict, seed, signal },
    onProgress: ({ done, total }) => context.progress(`Reading photos: ${done} of ${total}`),
  });
  const [first] = photos.skipped;
  if (first)
    context.say(
      `${photos.skipped.length} photos cannot be read and are skipped; the first: ${first.file}: ${first.reason}`,
    );
  // Whatever the source, only the half that crafts is learnt from.
  const { crafting } = splitPhotos(photos.names, photos.groups);
  if (crafting.length === 0)
    throw new UsageError(
      'None of the photos belongs to the half that crafts, by the hash of its name. Give more photos.',
    );
  const compute = await openCompute({
    ...{ provider: context.provider, workers: context.workers, sessions: 1 },
    notice: (line) => context.say(line),
  });
  try {
    const made = await harden({
      ...{ model, photos, crafting, rate, seed, compute, signal },
      perturbations: perturbations.map(({ v }) => v),
      onProgress: ({ stage, done, total }) =>
        context.progress(
          stage === 'pictures'
            ? `Looking at pictures: ${done} of ${total}`
            : `Fitting: ${done} of ${total} regressions`,
        ),
    });
    const written = await writeHardened(model, made, out, {
      ...{ hardened: model.card.id, rate, seed, provider: compute.provider, canvas: photos.size },
      photos: { crafting: crafting.length, skipped: photos.skipped.length, sha256: photos.sha256(crafting) },
      perturbations: perturbations.map(described),
    });
    const { calibration, places, samples, threshold } = made;
    context.emit({
      ...{ card: written.cardPath, model: written.modelPath, record: written.recordPath },
      ...{ classes: written.card.classes, sha256: made.sourceSha256, places: places.map(({ name }) => name) },
      ...{ samples, threshold, calibration, skipped: photos.skipped.length },
    });
    const caught = calibration.caught / calibration.tampered;
    context.print(
      [
        `Card: ${written.cardPath}`,
        `${written.card.classes} classes, the last "non-natural or tampered with"; ${megabytes(made.bytes.byteLength)}; ${places.length} places, ${made.weights.length} statistics`,
        `Learnt from ${samples.photos} photos and ${samples.synthetic} synthetic pictures, shown ${samples.clean} times clean and ${samples.tampered} times with one of ${perturbations.length} perturbations, ${samples.patterns} times with patterns that no attack made`,
        `Of crafting photos that the regression had not seen: ${percent(calibration.falseAlarms / calibration.photos)} of ${calibration.photos} clean ones flagged, ${percent(caught)} of ${calibration.tampered} perturbed ones, a third of these at half strength`,
      ].join('\n'),
    );
  } finally {
    await compute.close();
  }
}

const described = ({ path, sha256, attack, surrogates }: FoundPerturbation) => ({
  file: path,
  ...{ sha256, attack, surrogates },
});
