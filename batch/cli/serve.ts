/** `atlas serve`: the local Atlas, with R2 emulated. Site, API and data on one address. */
import { mkdir, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { AtlasError } from '#shared/errors';
import { type Bucket, latestOf, openBucket, publishRelease } from '../publish/index.ts';
import { action, type Context, globalOptions, integer } from './context.ts';
import { newerIn, releaseIn, type ServedRelease } from './serve-release.ts';
import { buildSite } from './serve-site.ts';
import { choosePort, startWorker, untilAnswers } from './serve-worker.ts';
import { megabytes } from './text.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/[\\/]$/, '');
const DEFAULT_PORT = 8787;

export function registerServe(program: Command): void {
  globalOptions(program.command('serve'))
    .description('serve site, API and data of a release on this machine, until Ctrl-C')
    .option('--port <n>', `port (default: ${DEFAULT_PORT}, or the next free one)`, integer({ min: 1, max: 65_535 }))
    .option('--release <dir>', 'release folder (with latest.json)', join(ROOT, '.atlas', 'starter', 'release'))
    .option('--no-site', 'API and data only: no pages are built')
    .option(
      '--follow',
      'take in what is built in the release folder meanwhile; pages that are open keep working',
      false,
    )
    .addHelpText('after', '\nExample:\n  atlas serve --port 8787 --release .atlas/starter/release')
    .action(action((context, options: ServeOptions) => serve(context, options)));
}

interface ServeOptions {
  port?: number;
  release: string;
  site: boolean;
  follow: boolean;
}

async function serve(context: Context, options: ServeOptions): Promise<void> {
  const { signal } = context;
  const stage = stages(context);
  let release = await releaseIn(options.release);
  const port = await choosePort(options.port ?? DEFAULT_PORT, options.port !== undefined);
  let assets = await pagesOf(release, options, stage, signal);
  // Each release has an emulated bucket of its own: one that was built again under the same version meets no older
  // bytes. Those that are taken in later lie beside the first, whose pages may be open.
  const persistTo = bucketOf(release);
  for (;;) {
    const worker = await stage('Starting the Worker and its bucket', () =>
      startWorker({ root: ROOT, port, assets, persistTo, signal }),
    );
    try {
      const bucket = openBucket(worker.bucket, worker.credentials);
      await publish(release, bucket, context, stage);
      await untilAnswers(`${worker.url}/api/v1/release`, signal);
      context.emit({ url: worker.url, version: release.version });
      context.print(addressOf(worker.url, release, { ...options, isNewer: persistTo !== bucketOf(release) }));
      const ended = worker.ended.then((log) => {
        throw new AtlasError(`The local Worker ended by itself. From its log: ${log}`);
      });
      ended.catch(() => undefined);
      const newer = options.follow ? [newerIn(release, signal)] : [];
      const next = await Promise.race([ended, aborted(signal), ...newer]);
      if (!next) return;
      release = next;
      assets = await pagesOf(release, options, stage, signal);
      await publish(release, bucket, context, stage);
      // The next server of this release finds it there.
      await symlink(basename(persistTo), bucketOf(release), 'junction').catch(() => undefined);
    } finally {
      await worker.stop();
    }
  }
}

const bucketOf = ({ sha256 }: ServedRelease) => join(ROOT, '.atlas', 'r2', sha256.slice(0, 16));

/** What is said where a release has come to be served. */
function addressOf(url: string, { version }: ServedRelease, of: ServeOptions & { isNewer: boolean }): string {
  const at = `is at ${url}${of.site ? '' : ', without its pages'} (API: ${url}/api/v1)`;
  if (of.isNewer)
    return `The Atlas ${at}, now with release ${version}; pages that are open keep working. Ctrl-C stops it.`;
  if (of.follow)
    return `So far release ${version} ${at}. A newer one is taken in as soon as it is built. Ctrl-C stops it.`;
  return `The Atlas ${at}. Ctrl-C stops it.`;
}

/** The folder of pages. */
async function pagesOf(release: ServedRelease, { site }: ServeOptions, stage: Stage, signal: AbortSignal) {
  const none = join(ROOT, '.atlas', 'no-site');
  if (!site) await mkdir(none, { recursive: true });
  if (!site) return none;
  const of = { root: ROOT, release: release.folder, manifestSha256: release.sha256, signal };
  return (await stage('Building the site', () => buildSite(of))).folder;
}

/** Puts a release into the bucket, unless it is what that serves. */
async function publish(release: ServedRelease, bucket: Bucket, context: Context, stage: Stage): Promise<void> {
  const { signal } = context;
  if ((await latestOf(bucket))?.sha256 === release.sha256) return;
  await stage(`Publishing release ${release.version} into the local bucket`, () =>
    publishRelease(release.folder, bucket, {
      signal,
      onProgress: (_stage, done, total, bytes) =>
        context.progress(`Publishing ${done} of ${total} files (${megabytes(bytes)})`),
    }),
  );
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((done) => {
    if (signal.aborted) done(undefined);
    else signal.addEventListener('abort', () => done(undefined), { once: true });
  });
}

type Stage = <T>(what: string, work: () => Promise<T>) => Promise<T>;

/** Says what begins, and how long it took where that was worth waiting for. */
function stages(context: Context): Stage {
  return async (what, work) => {
    const started = performance.now();
    context.progress(`${what} …`);
    const result = await work();
    const seconds = (performance.now() - started) / 1000;
    if (seconds >= 0.5) context.say(`${what}: ${seconds.toFixed(1)} s`);
    return result;
  };
}
