/**
 * The production bundle in one workerd, asked without anything between. What `wrangler dev` and the tests ask through
 * is a second workerd that passes bodies on, and keeps some 30 kB of each request: it would be measured with the
 * Worker.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from 'wrangler';

const root = fileURLToPath(new URL('../..', import.meta.url));
const name = 'atlas';

/**
 * @param release folder that lies in its bucket, which is in memory; left out, the bucket is empty
 * @param main another script than that of wrangler.toml
 */
export async function startDirect({ release, main }: { release?: string; main?: string }) {
  const folder = await mkdtemp(join(tmpdir(), 'atlas-direct-'));
  try {
    const modules = await bundle(folder, main);
    const config = unstable_readConfig({ config: join(root, 'wrangler.toml') }, { hideWarnings: true });
    const { workerOptions } = unstable_getMiniflareWorkerOptions({ ...config, assets: undefined });
    const worker = { ...workerOptions, name, modules, rootPath: folder, modulesRoot: '/' };
    // A line for each request is no part of what is measured.
    const options = convertV4MiniflareOptions({ cf: false, workers: [worker], handleStructuredLogs: () => {} });
    const miniflare = new Miniflare(options);
    const { origin } = await miniflare.ready;
    if (release) {
      const bucket = await miniflare.getR2Bucket('RELEASES', name);
      for (const file of await filesOf(release))
        await bucket.put(relative(release, file).split(sep).join('/'), await readFile(file));
    }
    return { url: origin, dispose: () => miniflare.dispose() };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As it would be deployed. */
async function bundle(folder: string, main?: string) {
  const [wrangler, empty] = [join(root, 'node_modules', '.bin', 'wrangler'), join(folder, 'assets')];
  await mkdir(empty);
  const args = ['deploy', ...(main ? [main] : []), '--dry-run', '--outdir', join(folder, 'out'), '--assets', empty];
  const env = { ...process.env, XDG_CONFIG_HOME: join(tmpdir(), 'perturbation-atlas-wrangler') };
  await promisify(execFile)(wrangler, args, { cwd: root, env });
  const files = (await filesOf(join(folder, 'out'))).filter((file) => /\.(js|wasm)$/.test(file));
  const modules = files.map(async (path) => {
    const type = path.endsWith('.js') ? ('ESModule' as const) : ('CompiledWasm' as const);
    return { type, path: relative(join(folder, 'out'), path), contents: await readFile(path) };
  });
  // The script is the first one.
  return (await Promise.all(modules)).toSorted(({ type }) => (type === 'ESModule' ? -1 : 1));
}

async function filesOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
