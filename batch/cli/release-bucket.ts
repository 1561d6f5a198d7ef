/** `atlas publish | promote | rollback`: what is done to a bucket. */
import type { Command } from 'commander';
import { AtlasError, UsageError } from '#shared/errors';
import {
  describeChanges,
  folderSource,
  openBucket,
  type Promoted,
  type Published,
  planPrune,
  promoteRelease,
  prune,
  publishRelease,
  readManifest,
  rollbackRelease,
} from '../publish/index.ts';
import { action, type Context, globalOptions, integer } from './context.ts';
import { megabytes } from './text.ts';

const BUCKET_HELP = `
The bucket's address is its S3 endpoint with its name, e.g. https://<account>.r2.cloudflarestorage.com/<bucket>.
Credentials come from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and where they are needed AWS_SESSION_TOKEN
and AWS_REGION (default auto).`;

/** Progress of what takes longer than a second. */
export function progressOf(context: Context, verb: string): (done: number, total: number, bytes: number) => void {
  const started = performance.now();
  return (done, total, bytes) => {
    if (performance.now() - started < 1000) return;
    context.progress(`${verb} ${done} of ${total} files (${megabytes(bytes)})`);
  };
}

interface PublishFlags {
  to: string;
  dryRun?: boolean;
  prune?: boolean;
  keep?: number;
}

export function registerPublish(program: Command): void {
  globalOptions(program.command('publish'))
    .description(
      'upload a release to a bucket: content, then manifest, then (once all of it reads back right) latest.json',
    )
    .argument('<release>', 'release folder (with latest.json)')
    .requiredOption('--to <s3 url>', 'address of the bucket')
    .option('--dry-run', 'say what would be uploaded (and with --prune removed), and do nothing')
    .option('--prune', 'afterwards, remove files that no release in the bucket refers to')
    .option('--keep <n>', 'with --prune: remove releases too, all but the newest n', integer({ min: 1 }))
    .addHelpText(
      'after',
      `${BUCKET_HELP}
What is there already is skipped, so a killed upload goes on; what is there with other bytes is an error. The release's number
has to say what changed since the one that is served: PATCH the same data, MINOR data added, MAJOR data changed (0.y.z: both move y).
--prune never removes what a release that stays refers to, nor a file younger than a day that may belong to an upload under way.

Examples:
  atlas publish .atlas/starter/release --to https://<account>.r2.cloudflarestorage.com/perturbation-atlas --dry-run
  atlas publish .atlas/starter/release --to https://<account>.r2.cloudflarestorage.com/perturbation-atlas --prune --keep 5`,
    )
    .action(action((context, flags: PublishFlags, folder: string) => publish(context, flags, folder)));
}

async function publish(context: Context, flags: PublishFlags, folder: string): Promise<void> {
  if (flags.keep !== undefined && !flags.prune)
    throw new UsageError('--keep says what --prune leaves. Add --prune, or leave --keep out: nothing is removed then.');
  const { signal } = context;
  const bucket = openBucket(flags.to);
  const report = {
    checking: progressOf(context, 'Checked'),
    uploading: progressOf(context, 'Uploaded'),
    verifying: progressOf(context, 'Verified in the bucket'),
  };
  const { plan, ...published } = await publishRelease(folder, bucket, {
    dryRun: flags.dryRun,
    signal,
    onProgress: (stage, ...at) => report[stage](...at),
  });
  if (plan) return await sayPlan(context, flags, folder, published, plan);

  const { version, files, bytes, uploaded, skipped, changes } = published;
  const removal = flags.prune ? await planPrune(bucket, { keep: flags.keep, signal }) : null;
  if (removal) await prune(bucket, removal, signal);
  context.emit({ ...published, removed: removal?.keys ?? [] });
  context.print(
    `Release ${version} is published: ${files} files, ${megabytes(bytes)}; ${uploaded} uploaded, ${skipped} there already; read back and verified.`,
  );
  if (changes) context.print(describeChanges(changes.since, changes));
  if (removal) context.print(`Removed ${sayRemoval(removal)}.`);
}

type Plan = NonNullable<Published['plan']>;
type Removal = Awaited<ReturnType<typeof planPrune>>;

async function sayPlan(
  context: Context,
  flags: PublishFlags,
  folder: string,
  published: Published,
  plan: Plan,
): Promise<void> {
  const { version, files, bytes, changes } = published;
  const { manifest } = await readManifest(await folderSource(folder));
  const removal = flags.prune
    ? await planPrune(openBucket(flags.to), { keep: flags.keep, upcoming: manifest!, signal: context.signal })
    : null;
  context.emit({ ...published, dryRun: true, plan, remove: removal?.keys ?? [] });
  for (const file of plan) context.print(`${file.action.padEnd(8)}  ${file.key}  ${file.bytes} bytes`);
  for (const key of removal?.keys ?? []) context.print(`remove    ${key}`);
  const count = (action: Plan[number]['action']) => plan.filter((file) => file.action === action).length;
  if (changes) context.print(describeChanges(changes.since, changes));
  context.print(
    `Release ${version}: ${files} files, ${megabytes(bytes)}. Nothing was uploaded (--dry-run); ${count('upload')} files would be.`,
  );
  if (removal) context.print(`Nothing was removed; it would be ${sayRemoval(removal)}.`);
  if (count('conflict') > 0) {
    throw new AtlasError(
      `${count('conflict')} files are in the bucket already, with other bytes. What is published never changes: to publish changed data, build it as another version.`,
    );
  }
}

function sayRemoval({ keys, bytes, releases, spared }: Removal): string {
  const which = releases.length > 0 ? `, all of ${releases.join(', ')} among them` : '';
  const young = spared > 0 ? ` (${spared} that no release refers to are younger than a day and stay)` : '';
  return `${keys.length} files, ${megabytes(bytes)}${which}${young}`;
}

function sayPromoted(context: Context, to: string, promoted: Promoted): void {
  context.emit(promoted);
  const before = promoted.previous === promoted.version ? 'as before' : `before: ${promoted.previous ?? 'none'}`;
  context.print(`${to} now serves release ${promoted.version} (${before}).`);
}

export function registerPromote(program: Command): void {
  globalOptions(program.command('promote'))
    .description('point a bucket at a release that is in it already')
    .argument('<version>', 'version of the release')
    .requiredOption('--to <s3 url>', 'address of the bucket')
    .addHelpText(
      'after',
      `${BUCKET_HELP}\n\nExample:\n  atlas promote 0.1.0 --to https://<account>.r2.cloudflarestorage.com/perturbation-atlas`,
    )
    .action(
      action(async (context, options: { to: string }, version: string) => {
        sayPromoted(context, options.to, await promoteRelease(version, openBucket(options.to), context.signal));
      }),
    );
}

export function registerRollback(program: Command): void {
  globalOptions(program.command('rollback'))
    .description('point a bucket at the release before the one that it serves')
    .requiredOption('--to <s3 url>', 'address of the bucket')
    .addHelpText(
      'after',
      `${BUCKET_HELP}\n\nExample:\n  atlas rollback --to https://<account>.r2.cloudflarestorage.com/perturbation-atlas`,
    )
    .action(
      action(async (context, options: { to: string }) => {
        sayPromoted(context, options.to, await rollbackRelease(openBucket(options.to), context.signal));
      }),
    );
}
