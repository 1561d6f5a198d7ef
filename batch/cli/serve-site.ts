import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { stripVTControlCharacters } from 'node:util';
import { AtlasError } from '#shared/errors';

/** How many built sites are kept: a server may still be serving an older one. */
const KEPT = 6;
/** What a page is made of, beside the release. */
const SOURCES = ['site', 'shared', 'astro.config.mjs', 'package.json', 'package-lock.json'];

async function hashSources(root: string, manifestSha256: string): Promise<string> {
  const hash = createHash('sha256').update(manifestSha256);
  for (const source of SOURCES) {
    const isFolder = (await stat(join(root, source)).catch(() => null))?.isDirectory();
    const names = isFolder
      ? (await readdir(join(root, source), { recursive: true, withFileTypes: true }))
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name))
          .sort()
      : [join(root, source)];
    for (const name of names) {
      const bytes = await readFile(name).catch(() => null);
      if (bytes) hash.update(`${name.slice(root.length)}\0${bytes.length}\0`).update(bytes);
    }
  }
  return hash.digest('hex').slice(0, 16);
}

/** What a log says of a failure: some lines from its first error on, or else its last ones. */
export async function logTail(path: string, lines = 8): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const all = stripVTControlCharacters(text).trimEnd().split('\n');
  const first = all.findIndex((line) => /\berror\b/i.test(line));
  return (first === -1 ? all.slice(-lines) : all.slice(first, first + lines)).join('\n').slice(0, 1500);
}

async function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((done, failed) => child.on('error', failed).on('close', (code) => done(code)));
}

/**
 * Builds the static site of a release, unless one was built from this very release and these very sources.
 * @param release folder with latest.json. @returns the folder of pages, and whether it had to be built.
 * @throws AtlasError with the builder's last lines.
 */
export async function buildSite(options: {
  root: string;
  release: string;
  manifestSha256: string;
  signal: AbortSignal;
}): Promise<{ folder: string; built: boolean }> {
  const { root, release, manifestSha256, signal } = options;
  const sites = join(root, '.atlas', 'site');
  const folder = join(sites, await hashSources(root, manifestSha256));
  if (await stat(join(folder, 'index.html')).catch(() => null)) {
    await utimes(folder, new Date(), new Date());
    return { folder, built: false };
  }
  const partial = join(sites, `building-${process.pid}`);
  const logPath = join(root, '.atlas', 'logs', 'site.log');
  await mkdir(sites, { recursive: true });
  await mkdir(dirname(logPath), { recursive: true });
  await rm(partial, { recursive: true, force: true });
  const log = createWriteStream(logPath);
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules/astro/bin/astro.mjs'), 'build', '--outDir', partial],
    {
      cwd: root,
      env: {
        ...process.env,
        ATLAS_RELEASE: resolve(release),
        ASTRO_TELEMETRY_DISABLED: '1',
        NODE_ENV: 'production',
        FORCE_COLOR: '0',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    },
  );
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  try {
    const code = await ended(child);
    log.end();
    await finished(log);
    if (code !== 0)
      throw new AtlasError(
        `The site could not be built (astro ended with ${code}): ${await logTail(logPath)} (All of it is in ${logPath}.)`,
      );
    await rm(folder, { recursive: true, force: true });
    await rename(partial, folder);
  } finally {
    log.destroy();
    await rm(partial, { recursive: true, force: true });
  }
  await prune(sites);
  return { folder, built: true };
}

async function prune(sites: string): Promise<void> {
  const names = (await readdir(sites)).filter((name) => /^[0-9a-f]{16}$/.test(name));
  const dated = await Promise.all(names.map(async (name) => ({ name, used: (await stat(join(sites, name))).mtimeMs })));
  dated.sort((a, b) => b.used - a.used);
  for (const { name } of dated.slice(KEPT)) await rm(join(sites, name), { recursive: true, force: true });
}
