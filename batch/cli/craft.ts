/** `atlas craft`: one perturbation. */
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type Checkpoints, checkCraft, craft, craftRecord, findAttack, type Surrogate } from '#shared/attacks';
import { UsageError } from '#shared/errors';
import { writeNpy, writeSafetensors } from '#shared/formats';
import { amplifyToRgba } from '#shared/images';
import { fingerprintsOf, type Half, halves } from '#shared/photos';
import {
  defaultBudget,
  epsilonRange,
  type Fit,
  fits,
  type Norm,
  norms,
  perturbationId,
  perturbationMetadata,
  tamperedClass,
} from '#shared/release';
import { canvasFor } from '#shared/zoo';
import { openCompute } from '../compute/index.ts';
import { readBytes, writeAtomic } from '../files/index.ts';
import { codecs, loadPhotos } from '../photos/index.ts';
import { graphsApart, loadCard, prepareModel } from '../zoo/index.ts';
import { action, type Context, globalOptions, integer, number, repeated } from './context.ts';
import { budgetText, canvasHelp, fitHelp, parseAssignments, parseBudget, positive } from './craft-options.ts';
import { progressTo, summary } from './craft-text.ts';

interface Options {
  model?: string[];
  attack: string;
  set?: string[];
  photos?: string[];
  half?: Half;
  epsilon?: number;
  norm: Norm;
  budget?: string[];
  canvas?: number;
  fit?: Fit;
  strict?: boolean;
  fresh?: boolean;
  checkpointEvery: number;
  out: string;
}

export function registerCraft(program: Command): Command {
  return globalOptions(program.command('craft'), { seed: true })
    .description('craft one perturbation')
    .option('--model <id|card.json>', 'surrogate; repeated: the mean of their losses', repeated)
    .requiredOption('--attack <name>', '`atlas attacks list` names them')
    .option('--set <key=value>', 'a setting of the attack; may be repeated', repeated)
    .option(
      '--photos <source>',
      'photos to craft on, or for an attack that needs none to choose its best iterate by: a folder, a .txt list, an .npy or .npz of canvases, starter, or synthetic[:kinds][:count]; may be repeated',
      repeated,
    )
    .option('--strict', 'a photo that cannot be read is an error, not skipped')
    .addOption(
      new Option('--half <half>', 'only this half of the photos, by the hash of their names').choices([...halves]),
    )
    .option(
      '--epsilon <n>',
      `bound of v, in units of 0..255 (default: ${norms.map((norm) => `${epsilonRange(norm, 224).usual} under norm ${norm}`).join(', ')}; that of norm 2 is for 224 pixels, and grows and shrinks with --canvas)`,
      number(),
    )
    .addOption(new Option('--norm <norm>', 'norm of the bound').choices([...norms]).default('inf'))
    .option(
      '--budget <what=n>',
      `gradients=N (one for each photo of each step on each model), seconds=N or fooling=R; repeated: whichever comes first (default: ${budgetText(defaultBudget)})`,
      repeated,
    )
    .option('--canvas <pixels>', canvasHelp, integer({ min: 8, max: 1024 }))
    .addOption(new Option('--fit <fit>', fitHelp).choices([...fits]))
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
  const { seed } = context;
  const attack = findAttack(options.attack);
  const assigned = parseAssignments(options.set);
  const budget = options.budget ? parseBudget(options.budget) : { ...defaultBudget };
  const models = attack.usesModel ? await Promise.all((options.model ?? []).map((id) => loadCard(id))) : [];
  const { canvas, fit } = canvasFor(
    models.map(({ card }) => card),
    options,
  );
  const { epsilon = epsilonRange(norm, canvas).usual } = options;
  const bound = { attack: attack.name, norm, epsilon, seed };
  const { settings } = checkCraft({
    ...{ ...bound, canvas, settings: assigned, budget },
    surrogates: models.map(({ card }) => card),
  });
  if (attack.usesModel && !options.photos && !attack.dataFree(settings)) {
    throw new UsageError(
      `The attack ${attack.name} needs photos to craft on. Give a folder of them with --photos, or --photos synthetic for pictures that are drawn from the seed.`,
    );
  }
  const surrogates: (Surrogate & { sourceSha256: string })[] = [];
  for (const model of models) {
    context.progress(`Preparing ${model.card.id}`);
    const prepared = await prepareModel(model, canvas, context.signal);
    surrogates.push({ id: model.card.id, ...prepared, tampered: tamperedClass(model.card) });
  }
  const photos = attack.usesModel
    ? await loadPhotos(options.photos ?? ['synthetic'], {
        ...{ canvas, fit },
        half: options.half,
        strict: options.strict,
        seed: context.seed,
        signal: context.signal,
        onProgress: ({ done, total }) => context.progress(`Reading photos: ${done} of ${total}`),
      })
    : { names: [], size: canvas, pixels: new Uint8Array(0), skipped: [], sha256: () => '' };
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
      ...{ ...bound, settings: assigned, budget },
      graphs: graphsApart(context.signal),
      signal: context.signal,
      onProgress: progressTo(context),
      checkpoints,
    });
    if (crafted.resumedFrom > 0) context.say(`Went on from ${crafted.resumedFrom} gradients of an earlier run.`);
    const record = craftRecord(
      {
        ...{ ...bound, budget, canvas: photos.size, provider: compute.provider },
        surrogates: surrogates.map(({ id, sha256, sourceSha256 }) => ({ id, sha256: sourceSha256, prepared: sha256 })),
        ...(fit === 'exact' && { fit }),
        crafting: {
          ...{ photos: crafting.length, skipped: photos.skipped.length, sha256: photos.sha256(crafting) },
          fingerprints: fingerprintsOf(photos.pixels, photos.size),
        },
      },
      crafted,
    );
    const id = perturbationId({ ...bound, surrogates: surrogates.map((surrogate) => surrogate.id) });
    const file = await write(out, crafted.v, photos.size, perturbationMetadata({ ...bound, id }), record);
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
    context.print(summary(crafted, file));
  } finally {
    await compute.close();
  }
}

async function write(
  out: string,
  v: Float32Array<ArrayBuffer>,
  size: number,
  metadata: Record<string, string>,
  record: Record<string, unknown>,
): Promise<string> {
  const shape = [3, size, size];
  const file = join(out, 'perturbation.npy');
  await writeAtomic(file, writeNpy(v, shape));
  const tensors = { perturbation: { data: v, shape } };
  await writeAtomic(join(out, 'perturbation.safetensors'), writeSafetensors(tensors, metadata));
  await writeAtomic(join(out, 'preview.png'), await (await codecs()).encodePng(amplifyToRgba(v, size)));
  await writeAtomic(join(out, 'craft.json'), `${JSON.stringify(record, null, 2)}\n`);
  return file;
}
