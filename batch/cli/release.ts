/**
 * `atlas release build`, `verify` and `pull`: releases in folders and behind addresses. What is done to a bucket:
 * release-bucket.ts.
 */
import type { Command } from 'commander';
import { AtlasError } from '#shared/errors';
import {
  assertNumberSays,
  describeChanges,
  openSource,
  pullRelease,
  readManifest,
  type Snapshot,
  snapshotOf,
  type Verification,
  verifyRelease,
} from '../publish/index.ts';
import { runStudy } from '../studies/index.ts';
import { action, type Context, globalOptions } from './context.ts';
import { progressOf, registerPromote, registerPublish, registerRollback } from './release-bucket.ts';
import { here, reporter } from './run.ts';
import { megabytes } from './text.ts';

export function registerRelease(program: Command): void {
  registerBuild(program);
  registerVerify(program);
  registerPublish(program);
  registerPromote(program);
  registerRollback(program);
  registerPull(program);
}

/** Lists what is wrong, then fails. */
function failOn(context: Context, where: string, { problems }: Verification): void {
  for (const { key, problem } of problems) context.print(`  ${key} ${problem}`);
  if (problems.length === 0) return;
  const count = `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`;
  throw new AtlasError(
    `${where} does not verify: ${count}, listed on standard output. Do not use or publish it; build it again, or fetch it again with \`atlas pull\`.`,
  );
}

function registerBuild(program: Command): void {
  const release = program
    .command('release')
    .description('releases of studies')
    .helpCommand(false)
    .addHelpText('after', '\nExample:\n  atlas release build studies/starter.json');
  globalOptions(release.command('build'))
    .description('build the release of a study and verify it; what the study still lacks is crafted and measured first')
    .argument('<study.json>', 'study file; see studies/')
    .option('--out <dir>', 'folder of jobs and release (default: .atlas/<id of the study>)')
    .option('--after <dir|url>', 'the release before it: say what changed, and fail where the number says less')
    .addHelpText(
      'after',
      `
The version is the study's number and a hash of all that is in the release ("0.1.0-1a2b3c4d"): other bytes are another version.
The number says what changed since the release before: PATCH the same data packaged anew, MINOR data added, MAJOR data changed or
taken away (0.y.z: both move y). atlas publish holds it to that, and --after tells beforehand.

Examples:
  atlas release build studies/starter.json
  atlas release build studies/starter.json --after https://atlas.example/data`,
    )
    .action(action((context, options: BuildFlags, study: string) => build(context, options, study)));
}

interface BuildFlags {
  out?: string;
  after?: string;
}

async function build(context: Context, { out, after }: BuildFlags, study: string): Promise<void> {
  const { provider, workers, signal } = context;
  // Read first: it may be the very folder that is replaced.
  const before = after === undefined ? null : await snapshotAt(after, signal);
  const built = await runStudy({ study, out, provider, workers, signal, onEvent: reporter(context) });
  const found = await verifyRelease(built.release, { signal });
  failOn(context, built.release, found);
  const changes = before && assertNumberSays(before, await snapshotAt(built.release, signal));
  context.emit({ event: 'done', release: built.release, ...found, changes });
  context.print(`Release ${found.version}: ${found.files} files, ${megabytes(found.bytes)}, in ${here(built.release)}`);
  if (before)
    context.print(changes ? describeChanges(before.version, changes) : `${after} is a release of another study.`);
}

async function snapshotAt(where: string, signal: AbortSignal): Promise<Snapshot> {
  const source = await openSource(where);
  const { manifest, problems } = await readManifest(source, signal);
  if (manifest && problems.length === 0) return await snapshotOf(source, manifest, signal);
  throw new AtlasError(
    `${where} has no release to compare with: ${problems[0].key} ${problems[0].problem}. Give a release folder, or the address under which latest.json lies.`,
  );
}

function registerVerify(program: Command): void {
  globalOptions(program.command('verify'))
    .description('read every byte of a release and say all that is wrong with it')
    .argument('<dir|url>', 'release folder (with latest.json), one releases/<version> folder, or the address of either')
    .addHelpText(
      'after',
      '\nExamples:\n  atlas verify .atlas/starter/release\n  atlas verify http://localhost:8787/data --json',
    )
    .action(
      action(async (context, _options, where: string) => {
        const started = performance.now();
        const found = await verifyRelease(where, {
          signal: context.signal,
          onProgress: progressOf(context, 'Verified'),
        });
        context.emit(found);
        failOn(context, where, found);
        const seconds = ((performance.now() - started) / 1000).toFixed(1);
        context.print(
          `Release ${found.version} is whole: ${found.files} files, ${megabytes(found.bytes)}, every byte as its manifest says (${seconds} s).`,
        );
      }),
    );
}

interface PullFlags {
  out: string;
  release?: string;
  only?: string[];
  perturbation?: string[];
  models?: boolean;
}

/** Collects a repeated option whose values may also be separated by commas. */
const listed = (value: string, previous: string[] = []) => [
  ...previous,
  ...value.split(',').flatMap((one) => one.trim() || []),
];

function registerPull(program: Command): void {
  globalOptions(program.command('pull'))
    .description('download a release, or a part of it, each file checked')
    .argument('<url>', 'address under which latest.json lies')
    .requiredOption('--out <dir>', 'folder to write; what is there already and right is kept')
    .option('--release <version>', 'this version (default: the one that is served)')
    .option(
      '--only <parts>',
      'only these: tables, photos, labels, perturbations, models/<id>, tables/transfer.csv, …',
      listed,
    )
    .option('--perturbation <id>', 'only this perturbation; may be repeated', listed)
    .option('--models', 'only the models and their labels')
    .addHelpText(
      'after',
      `
The parts that are named add up, and the release's licence, README and sums come with each. Interrupted or killed, the same command goes on
from where it was. A part is no whole release, so it gets no latest.json; \`sha256sum --check --ignore-missing SHA256SUMS\` checks it.

Examples:
  atlas pull http://localhost:8787/data --out atlas-data
  atlas pull http://localhost:8787/data --out atlas-data --only tables,photos
  atlas pull http://localhost:8787/data --out atlas-data --perturbation noise.inf10.s1 --release 0.1.0-1a2b3c4d`,
    )
    .action(
      action(async (context, flags: PullFlags, url: string) => {
        const { only = [], perturbation = [], models } = flags;
        const parts = [...only, ...perturbation.map((id) => `perturbations/${id}`), ...(models ? ['models'] : [])];
        const pulled = await pullRelease(url, flags.out, {
          version: flags.release,
          only: parts,
          signal: context.signal,
          onProgress: progressOf(context, 'Pulled'),
        });
        context.emit(pulled);
        const what = pulled.whole ? `Release ${pulled.version}` : `The part of release ${pulled.version}`;
        context.print(
          `${what} is in ${flags.out}: ${pulled.files} files, ${megabytes(pulled.bytes)}; ${pulled.skipped} were there already.`,
        );
      }),
    );
}
