/** `atlas craft`: one perturbation. */
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { writeNpy, writeSafetensors } from '#shared/formats';
import { amplifyToRgba, l2Norm, linfNorm } from '#shared/images';
import type { Budget, Norm } from '#shared/release';
import {
  type Checkpoints,
  type Crafted,
  type CraftProgress,
  citation,
  craft,
  findAttack,
  parseSettings,
  type Surrogate,
} from '../attacks/index.ts';
import { openCompute } from '../compute/index.ts';
import { UsageError } from '../errors/index.ts';
import { readBytes, writeAtomic } from '../files/index.ts';
import { codecs, loadPhotos } from '../photos/index.ts';
import { loadCard, prepareModel } from '../zoo/index.ts';
import { action, type Context, globalOptions, integer, repeated } from './context.ts';
import {
  checkEpsilon,
  checkTarget,
  type Half,
  halves,
  inHalf,
  parseAssignments,
  parseBudget,
  percent,
  positive,
  usualEpsilon,
} from './craft-options.ts';

interface Options {
  model?: string[];
  attack: string;
  set?: string[];
  photos?: string[];
  half?: Half;
  epsilon?: number;
  norm: Norm;
  budget?: string[];
  canvas: number;
  strict?: boolean;
  fresh?: boolean;
  checkpointEvery: number;
  out: string;
}

/** Milliseconds between two lines of progress in JSON. */
const interval = 500;

export function registerCraft(program: Command): Command {
  return globalOptions(program.command('craft'), { seed: true })
    .description('craft one perturbation')
    .option('--model <id|card.json>', 'surrogate; repeated: the mean of their losses', repeated)
    .requiredOption('--attack <name>', '`atlas attacks list` names them')
    .option('--set <key=value>', 'a setting of the attack; may be repeated', repeated)
    .option(
      '--photos <source>',
      'photos to craft on: a folder, a .txt list, an .npy or .npz of canvases, starter, or synthetic[:kinds][:count]; may be repeated',
      repeated,
    )
    .option('--strict', 'a photo that cannot be read is an error, not skipped')
    .addOption(
      new Option('--half <half>', 'only this half of the photos, by the hash of their names').choices([...halves]),
    )
    .option('--epsilon <n>', 'bound of v, in units of 0..255 (default: 10 under norm inf, 2000 under norm 2)', positive)
    .addOption(new Option('--norm <norm>', 'norm of the bound').choices(['inf', '2']).default('inf'))
    .option(
      '--budget <what=n>',
      'gradients=N, seconds=N or fooling=R; repeated: whichever comes first (default: gradients=2000)',
      repeated,
    )
    .option('--canvas <pixels>', 'side of the canvas', integer({ min: 8, max: 1024 }), 224)
    .option('--fresh', 'begin again, where a run that was stopped would go on')
    .option('--checkpoint-every <seconds>', 'how often what is done so far is written down', positive, 20)
    .requiredOption('--out <dir>', 'folder for perturbation.npy, perturbation.safetensors, preview.png and craft.json')
    .addHelpText(
      'after',
      '\nExample:\n  atlas craft --model squeezenet1_1 --attack cosine-uap --photos zoo/starter/photos --half crafting \\\n    --epsilon 10 --norm inf --seed 1 --budget gradients=1600 --out .atlas/squeezenet\n\nThe same command goes on where it was stopped, and gives the same bytes as if it had not been. Towards one class: --set target=5.\nWithout photos: --attack house --photos synthetic:900 --set pick=230.',
    )
    .action(action(run));
}

async function run(context: Context, options: Options): Promise<void> {
  const { norm } = options;
  const attack = findAttack(options.attack);
  const assigned = parseAssignments(options.set);
  const settings = parseSettings(attack, assigned);
  const epsilon = options.epsilon ?? usualEpsilon[norm];
  checkEpsilon(epsilon, norm);
  const budget = parseBudget(options.budget ?? ['gradients=2000']);
  const ids = attack.usesModel ? (options.model ?? []) : [];
  if (attack.usesModel && ids.length === 0) {
    throw new UsageError(
      `The attack ${attack.name} needs a model to craft on. Give one with --model; \`atlas models list\` names them.`,
    );
  }
  const isDataFree = attack.dataFree?.(settings) ?? false;
  if (attack.usesModel && !options.photos && !isDataFree) {
    throw new UsageError(
      `The attack ${attack.name} needs photos to craft on. Give a folder of them with --photos, or --photos synthetic for pictures that are drawn from the seed.`,
    );
  }
  const models = await Promise.all(ids.map((id) => loadCard(id)));
  for (const { card } of models) checkTarget(settings.target, card);
  const surrogates: (Surrogate & { sourceSha256: string })[] = [];
  for (const model of models) {
    context.progress(`Preparing ${model.card.id}`);
    surrogates.push({ id: model.card.id, ...(await prepareModel(model, options.canvas, context.signal)) });
  }
  const photos = attack.usesModel
    ? await loadPhotos(options.photos ?? ['synthetic'], {
        canvas: options.canvas,
        only: inHalf(options.half),
        strict: options.strict,
        seed: context.seed,
        signal: context.signal,
        onProgress: ({ done, total }) => context.progress(`Reading photos: ${done} of ${total}`),
      })
    : { names: [], size: options.canvas, pixels: new Uint8Array(0), skipped: [], sha256: () => '' };
  if (attack.usesModel && !options.photos) {
    context.say(
      `${attack.name} needs no photos: it is measured, and its best iterate chosen, on ${photos.names.length} synthetic pictures.`,
    );
  }
  if (photos.skipped.length > 0) {
    context.say(
      `${photos.skipped.length} photos cannot be read and are left out; the first: ${photos.skipped[0].file}: ${photos.skipped[0].reason}`,
    );
  }

  // Only now: what was given is sound.
  const out = resolve(options.out);
  await mkdir(out, { recursive: true });
  const compute = await openCompute({
    // Noise runs nothing, so nothing need be looked for.
    provider: attack.usesModel ? context.provider : 'cpu',
    workers: context.workers ?? (attack.usesModel ? undefined : 1),
    sessions: 2 * Math.max(2, surrogates.length),
    notice: (line) => context.say(line),
  });
  const checkpoint = join(out, 'checkpoint.bin');
  if (options.fresh) await rm(checkpoint, { force: true });
  const checkpoints: Checkpoints = {
    load: () => (existsSync(checkpoint) ? readBytes(checkpoint) : Promise.resolve(null)),
    save: (bytes) => writeAtomic(checkpoint, bytes),
    every: options.checkpointEvery,
  };
  try {
    const crafting = photos.names.map((_, index) => index);
    const crafted = await craft({
      compute,
      surrogates,
      photos,
      crafting,
      attack: attack.name,
      settings: assigned,
      norm,
      epsilon,
      seed: context.seed,
      budget,
      signal: context.signal,
      onProgress: progressTo(context),
      checkpoints,
    });
    if (crafted.resumedFrom > 0) context.say(`Went on from ${crafted.resumedFrom} gradients of an earlier run.`);
    const record = {
      attack: attack.name,
      paper: citation(attack.paper),
      settings,
      norm,
      epsilon,
      seed: context.seed,
      budget: attack.usesModel ? (budget satisfies Budget) : null,
      surrogates: surrogates.map(({ id, sha256, sourceSha256 }) => ({ id, sha256: sourceSha256, prepared: sha256 })),
      canvas: photos.size,
      crafting: { photos: crafting.length, skipped: photos.skipped.length, sha256: photos.sha256(crafting) },
      provider: compute.provider,
      seconds: crafted.seconds,
      gradients: crafted.gradients,
      curve: crafted.curve,
      linf: linfNorm(crafted.v),
      l2: l2Norm(crafted.v),
      fooling: { crafting: crafted.fooling },
      ...(crafted.success && { target: { class: settings.target, crafting: crafted.success } }),
    };
    const file = await write(out, crafted, photos.size, record);
    await rm(checkpoint, { force: true });
    context.emit({
      event: 'done',
      perturbation: file,
      record: join(out, 'craft.json'),
      gradients: crafted.gradients,
      seconds: crafted.seconds,
      fooling: { crafting: crafted.fooling },
      target: crafted.success,
      skipped: photos.skipped.length,
    });
    context.print(summary(crafted, file, surrogates.length));
  } finally {
    await compute.close();
  }
}

async function write(out: string, { v }: Crafted, size: number, record: Record<string, unknown>): Promise<string> {
  const shape = [3, size, size];
  const file = join(out, 'perturbation.npy');
  await writeAtomic(file, writeNpy(v, shape));
  const metadata = Object.fromEntries(['attack', 'norm', 'epsilon', 'seed'].map((key) => [key, String(record[key])]));
  await writeAtomic(
    join(out, 'perturbation.safetensors'),
    writeSafetensors({ perturbation: { data: v, shape } }, { ...metadata, units: '0..255', layout: 'CHW RGB' }),
  );
  await writeAtomic(join(out, 'preview.png'), await (await codecs()).encodePng(amplifyToRgba(v, size)));
  await writeAtomic(join(out, 'craft.json'), `${JSON.stringify(record, null, 2)}\n`);
  return file;
}

function progressTo(context: Context): (progress: CraftProgress) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (progress) => {
    context.progress(describe(progress));
    const now = performance.now();
    if (now - last < interval) return;
    last = now;
    context.emit({ event: 'progress', ...progress });
  };
}

function describe(p: CraftProgress): string {
  if (p.stage === 'clean') return `Clean predictions: ${p.done} of ${p.total}`;
  if (p.stage === 'measure') return `Measuring on the crafting photos: ${p.done} of ${p.total}`;
  const parts = [`Crafting: ${p.gradients} gradients`, `${p.gradientsPerSecond.toFixed(0)}/s`];
  if (p.secondsLeft !== null) parts.push(`${Math.ceil(p.secondsLeft)} s left`);
  if (p.loss !== null) parts.push(`loss ${p.loss.toFixed(3)}`);
  if (p.fooling !== null) parts.push(`fooling so far ${percent(p.fooling)} of crafting photos`);
  return parts.join(', ');
}

function summary({ fooling, gradients, seconds, success }: Crafted, file: string, models: number): string {
  const lines = [`Perturbation: ${file}`];
  if (gradients > 0) lines.push(`${gradients} gradients in ${seconds.toFixed(1)} s`);
  if (fooling) {
    lines.push(
      `Fooling ratio on the crafting photos${models > 1 ? ', over all surrogates' : ''}: ${percent(fooling.ratio)} (${percent(fooling.low)} to ${percent(fooling.high)}, ${fooling.photos}${models > 1 ? ' predictions' : ' photos'})`,
    );
  }
  if (success) {
    lines.push(
      `Taken for the target, of those that were not before: ${percent(success.ratio)} (${success.fooled} of ${success.photos})`,
    );
  }
  return lines.join('\n');
}
