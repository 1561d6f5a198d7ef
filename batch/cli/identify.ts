/** `atlas identify`: which of the known perturbations is on a picture, how strong and where. */
import { setImmediate } from 'node:timers/promises';
import type { Command } from 'commander';
import { Lineup, type Match, NAMED_BELOW, patternOf, REACH } from '#shared/identify';
import { type Scale, scaleForms } from '../arrays/index.ts';
import { readPerturbations } from '../perturbations/index.ts';
import { loadPhotos } from '../photos/index.ts';
import { action, type Context, globalOptions, integer, repeated } from './context.ts';
import { scaleOption } from './craft-options.ts';
import { table } from './text.ts';

interface Options {
  image: string[];
  perturbations: string[];
  scale?: Scale;
  shift: number;
  top: number;
  strict?: boolean;
}

export function registerIdentify(program: Command): void {
  globalOptions(program.command('identify'))
    .description('which of some perturbations is on a picture: strength, shift, and the chance of a false alarm')
    .requiredOption(
      '--image <source>',
      'pictures: a file, a folder, a .txt list, an .npy or .npz of canvases; may be repeated',
      repeated,
    )
    .requiredOption(
      '--perturbations <source>',
      'a release, a folder of perturbations, or a file of one; may be repeated',
      repeated,
    )
    .option('--scale <unit>', `the unit of files that do not tell it: ${scaleForms}`, scaleOption)
    .option(
      '--shift <pixels>',
      'how far a perturbation may have moved along each axis',
      integer({ min: 0, max: 256 }),
      REACH,
    )
    .option(
      '--top <n>',
      'with --json: how many of the best matches of each picture are told',
      integer({ min: 1, max: 100 }),
      3,
    )
    .option('--strict', 'a picture that cannot be read is an error, not skipped')
    .addHelpText(
      'after',
      `
A picture of about the canvas's size (16 pixels more or less) is taken pixel for pixel, as it was shown to a network; any other
becomes a canvas as everywhere else. The best match is named where a clean picture would fit as well by chance in fewer than
${NAMED_BELOW} of cases, all shifts and perturbations considered; docs/identify.md says how, and what was measured. Strength 1 is the
perturbation as it is stored; JPEG takes some of it away. The exit status is 0 whether or not anything is found.

Example:
  atlas identify --image suspect.png --image more/ --perturbations .atlas/starter/release`,
    )
    .action(action(run));
}

async function run(context: Context, options: Options): Promise<void> {
  const known = await readPerturbations(options.perturbations, {
    scale: options.scale,
    onProgress: ({ done, total }) => context.progress(`Reading perturbations: ${done} of ${total}`),
  });
  const [{ size }] = known;
  const photos = await loadPhotos(options.image, {
    canvas: size,
    strict: options.strict,
    signal: context.signal,
    fit: 'near',
    onProgress: ({ done, total }) => context.progress(`Reading pictures: ${done} of ${total}`),
  });
  for (const { file, reason } of photos.skipped) context.say(`${file} cannot be read and is skipped: ${reason}`);
  const patterns = known.map(({ id, v }) => ({ id, pattern: patternOf(v, size) }));
  const images: { image: string; named: string | null; matches: Match[] }[] = [];
  for (const [index, image] of photos.names.entries()) {
    // Ctrl-C is heard between two pictures.
    await setImmediate();
    context.signal.throwIfAborted();
    context.progress(`Looking at pictures: ${index} of ${photos.names.length}`);
    const canvas = photos.pixels.subarray(index * 3 * size * size, (index + 1) * 3 * size * size);
    const lineup = new Lineup(canvas, size, { reach: options.shift, top: options.top });
    for (const { id, pattern } of patterns) lineup.try(id, pattern);
    const matches = lineup.matches();
    images.push({ image, named: matches[0].named ? matches[0].id : null, matches });
  }
  context.emit({ canvas: size, perturbations: known.length, shift: options.shift, images, skipped: photos.skipped });
  context.print(
    table(
      ['picture', 'perturbation', 'strength', 'shift', 'p'],
      images.map(({ image, matches: [best] }) => [image, ...described(best)]),
      { right: [2, 3, 4] },
    ),
  );
  const found = images.filter(({ named }) => named !== null).length;
  context.print(`\n${found} of ${images.length} pictures have one of the ${known.length} perturbations on them.`);
}

/** A match that is not named is told by its p alone: the rest of it is chance. */
function described({ id, named, strength, error, shift, p }: Match): string[] {
  if (!named) return ['none', '', '', small(p)];
  return [id, `${strength.toFixed(2)} ± ${error.toFixed(2)}`, `${shift.x}, ${shift.y}`, small(p)];
}

const small = (p: number) => (p <= 1e-300 ? '< 1e-300' : p < 0.01 ? p.toExponential(0) : p.toFixed(2));
