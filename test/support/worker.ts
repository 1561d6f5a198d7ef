import { mkdir, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createTestHarness, type Unstable_RawConfig, unstable_readConfig } from 'wrangler';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface RunningWorker {
  /** Address of the Worker, without a slash at its end: real HTTP to a real workerd. */
  url: string;
  /** Puts one more object into the bucket. */
  put(key: string, value: Uint8Array | string): Promise<void>;
  /** Removes an object from the bucket. */
  remove(key: string): Promise<void>;
  /** Stops workerd. Always call it: a Node that dies leaves workerd behind. */
  dispose(): Promise<void>;
}

export interface WorkerOptions {
  /** A release root (latest.json, models/, releases/) to load into the bucket; left out, the bucket is empty. */
  release?: string;
  /** The built site to serve; left out, there are no pages. */
  assets?: string;
  /** Another script than that of wrangler.toml, in the same surroundings. */
  main?: string;
  /** Variables that replace those of wrangler.toml. */
  vars?: Record<string, string>;
}

/** Starts the production bundle of wrangler.toml in workerd, with an R2 emulation in memory that holds a release. */
export async function startWorker({ release, assets, main, vars = {} }: WorkerOptions = {}): Promise<RunningWorker> {
  process.env.WRANGLER_SEND_METRICS ??= 'false';
  process.env.CLOUDFLARE_CF_FETCH_ENABLED ??= 'false';
  process.env.XDG_CONFIG_HOME ??= join(tmpdir(), 'perturbation-atlas-wrangler');
  const directory = assets ? resolve(root, assets) : join(tmpdir(), 'perturbation-atlas-no-assets');
  await mkdir(directory, { recursive: true });
  const config = unstable_readConfig({ config: join(root, 'wrangler.toml') });
  const harness = createTestHarness({
    root,
    workers: [
      {
        config: {
          name: config.name,
          main: main ?? config.main,
          minify: config.minify,
          compatibility_date: config.compatibility_date,
          compatibility_flags: config.compatibility_flags,
          vars: { ...config.vars, ...vars },
          assets: { ...config.assets, directory },
          r2_buckets: config.r2_buckets,
          ratelimits: config.ratelimits,
          analytics_engine_datasets: config.analytics_engine_datasets,
        } as Unstable_RawConfig,
      },
    ],
  });
  const dispose = () => harness.close();
  try {
    const { url } = await harness.listen();
    const { RELEASES } = await harness.getWorker<{ RELEASES: Bucket }>().getEnv();
    const put = async (key: string, value: Uint8Array | string) => {
      await RELEASES.put(key, value);
    };
    if (release) await loadRelease(resolve(root, release), put);
    return { url: url.origin, put, remove: (key) => RELEASES.delete(key), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

interface Bucket {
  put(key: string, value: Uint8Array | string): Promise<unknown>;
  delete(key: string): Promise<void>;
}

async function loadRelease(folder: string, put: RunningWorker['put']): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    await put(relative(folder, path).split(sep).join('/'), await readFile(path));
  }
}
