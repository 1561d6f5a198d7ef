/** `atlas release build`, and `atlas verify | publish | promote | rollback | pull`: what happens to a release once it is built. */
import type { Command } from 'commander';
import { AtlasError } from '../errors/index.ts';
import {
  openBucket,
  type Promoted,
  promoteRelease,
  publishRelease,
  pullRelease,
  rollbackRelease,
  type Verification,
  verifyRelease,
} from '../publish/index.ts';
import { runStudy } from '../studies/index.ts';
import { action, type Context, globalOptions } from './context.ts';
import { here, reporter } from './run.ts';
import { megabytes } from './text.ts';

const BUCKET_HELP = `
The bucket's address is its S3 endpoint with its name, e.g. https://<account>.r2.cloudflarestorage.com/<bucket>.
Credentials come from the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and where they are needed AWS_SESSION_TOKEN
and AWS_REGION (default auto).`;

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

/** Progress of what takes longer than a second. */
function progressOf(context: Context, verb: string): (done: number, total: number, bytes: number) => void {
  const started = performance.now();
  return (done, total, bytes) => {
    if (performance.now() - started < 1000) return;
    context.progress(`${verb} ${done} of ${total} files (${megabytes(bytes)})`);
  };
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
    .addHelpText('after', '\nExample:\n  atlas release build studies/starter.json')
    .action(
      action(async (context, options: { out?: string }, study: string) => {
        const { provider, workers, signal } = context;
        const built = await runStudy({
          study,
          out: options.out,
          provider,
          workers,
          signal,
          onEvent: reporter(context),
        });
        const found = await verifyRelease(built.release, { signal });
        context.emit({ event: 'done', release: built.release, ...found });
        failOn(context, built.release, found);
        context.print(
          `Release ${found.version}: ${found.files} files, ${megabytes(found.bytes)}, in ${here(built.release)}`,
        );
      }),
    );
}

function registerVerify(program: Command): void {
  globalOptions(program.command('verify'))
    .description('read every byte of a release and say all that is wrong with it')
    .argument('<dir|url>', 'release folder (with latest.json), one releases/<version> folder, or an address')
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

function registerPublish(program: Command): void {
  globalOptions(program.command('publish'))
    .description('upload a release to a bucket: content, then manifest, then latest.json')
    .argument('<release>', 'release folder (with latest.json)')
    .requiredOption('--to <s3 url>', 'address of the bucket')
    .option('--dry-run', 'say what would be uploaded, and upload nothing')
    .addHelpText(
      'after',
      `${BUCKET_HELP}
What is there already is skipped, so a killed upload goes on; what is there with other bytes is an error.

Example:
  atlas publish .atlas/starter/release --to https://<account>.r2.cloudflarestorage.com/perturbation-atlas`,
    )
    .action(
      action(async (context, options: { to: string; dryRun?: boolean }, folder: string) => {
        const report = {
          checking: progressOf(context, 'Checked'),
          uploading: progressOf(context, 'Uploaded'),
          verifying: progressOf(context, 'Verified in the bucket'),
        };
        const { plan, verification, ...published } = await publishRelease(folder, openBucket(options.to), {
          dryRun: options.dryRun,
          verify: true,
          signal: context.signal,
          onProgress: (stage, ...at) => report[stage](...at),
        });
        const { version, files, uploaded, skipped, bytes } = published;
        if (plan) {
          context.emit({ ...published, dryRun: true, plan });
          for (const file of plan) context.print(`${file.action.padEnd(8)}  ${file.key}  ${file.bytes} bytes`);
          const conflicts = plan.filter((file) => file.action === 'conflict').length;
          context.print(
            `Release ${version}: ${files} files, ${megabytes(bytes)}. Nothing was uploaded (--dry-run); ${files - skipped - conflicts} would be.`,
          );
          if (conflicts > 0) {
            throw new AtlasError(
              `${conflicts} files are in the bucket already, with other bytes. What is published never changes: to publish changed data, build it as another version.`,
            );
          }
          return;
        }
        context.emit({ ...published, problems: verification?.problems ?? [] });
        if (verification) failOn(context, options.to, verification);
        context.print(
          `Release ${version} is published: ${files} files, ${megabytes(bytes)}; ${uploaded} uploaded, ${skipped} there already; read back and verified.`,
        );
      }),
    );
}

function sayPromoted(context: Context, to: string, promoted: Promoted): void {
  context.emit(promoted);
  const before = promoted.previous === promoted.version ? 'as before' : `before: ${promoted.previous ?? 'none'}`;
  context.print(`${to} now serves release ${promoted.version} (${before}).`);
}

function registerPromote(program: Command): void {
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

function registerRollback(program: Command): void {
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

function registerPull(program: Command): void {
  globalOptions(program.command('pull'))
    .description('download the release that an address serves, each file checked')
    .argument('<url>', 'address under which latest.json lies')
    .requiredOption('--out <dir>', 'folder to write; what is there already and right is kept')
    .addHelpText('after', '\nExample:\n  atlas pull http://localhost:8787/data --out /tmp/release')
    .action(
      action(async (context, options: { out: string }, url: string) => {
        const pulled = await pullRelease(url, options.out, {
          signal: context.signal,
          onProgress: progressOf(context, 'Pulled'),
        });
        context.emit(pulled);
        context.print(
          `Release ${pulled.version} is in ${options.out}: ${pulled.files} files, ${megabytes(pulled.bytes)}; ${pulled.skipped} were there already.`,
        );
      }),
    );
}
