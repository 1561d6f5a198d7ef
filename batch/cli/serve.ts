/** `atlas serve`: the local Atlas, with R2 emulated. Site, API and data on one address. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { AtlasError } from '#shared/errors';
import { folderSource, latestOf, openBucket, publishRelease, readManifest } from '../publish/index.ts';
import { action, type Context, globalOptions, integer } from './context.ts';
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
    .addHelpText('after', '\nExample:\n  atlas serve --port 8787 --release .atlas/starter/release')
    .action(action((context, options: ServeOptions) => serve(context, options)));
}

interface ServeOptions {
  port?: number;
  release: string;
  site: boolean;
}

async function serve(context: Context, options: ServeOptions): Promise<void> {
  const { signal } = context;
  const { manifest, sha256, problems } = await readManifest(await folderSource(options.release));
  if (!manifest || problems.length > 0) {
    const [first] = problems;
    throw new AtlasError(
      `${options.release} cannot be served: ${first.key} ${first.problem}. \`atlas verify ${options.release}\` says more; build it again with \`atlas run\`.`,
    );
  }
  const port = await choosePort(options.port ?? DEFAULT_PORT, options.port !== undefined);
  const stage = stages(context);

  let pages = join(ROOT, '.atlas', 'no-site');
  if (options.site) {
    const site = { root: ROOT, release: options.release, manifestSha256: sha256, signal };
    pages = (await stage('Building the site', () => buildSite(site))).folder;
  } else await mkdir(pages, { recursive: true });
  // Each release has an emulated bucket of its own: one that was built again under the same version meets no older
  // bytes.
  const persistTo = join(ROOT, '.atlas', 'r2', sha256.slice(0, 16));
  const worker = await stage('Starting the Worker and its bucket', () =>
    startWorker({ root: ROOT, port, assets: pages, persistTo, signal }),
  );
  try {
    const bucket = openBucket(worker.bucket, worker.credentials);
    if ((await latestOf(bucket))?.sha256 !== sha256) {
      await stage(`Publishing release ${manifest.version} into the local bucket`, () =>
        publishRelease(options.release, bucket, {
          signal,
          onProgress: (_stage, done, total, bytes) =>
            context.progress(`Publishing ${done} of ${total} files (${megabytes(bytes)})`),
        }),
      );
    }
    await untilAnswers(`${worker.url}/api/v1/release`, signal);
    context.emit({ url: worker.url });
    context.print(
      `The Atlas is at ${worker.url}${options.site ? '' : ', without its pages'} (API: ${worker.url}/api/v1). Ctrl-C stops it.`,
    );
    const log = await Promise.race([worker.ended, aborted(signal)]);
    if (log !== undefined) throw new AtlasError(`The local Worker ended by itself. From its log: ${log}`);
  } finally {
    await worker.stop();
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((done) => {
    if (signal.aborted) done(undefined);
    else signal.addEventListener('abort', () => done(undefined), { once: true });
  });
}

/** Says what begins, and how long it took where that was worth waiting for. */
function stages(context: Context) {
  return async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    context.progress(`${what} …`);
    const result = await work();
    const seconds = (performance.now() - started) / 1000;
    if (seconds >= 0.5) context.say(`${what}: ${seconds.toFixed(1)} s`);
    return result;
  };
}
