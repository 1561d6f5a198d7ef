/**
 * `npm run dev`: the site with live reload, and the Worker beside it, on a release. Pages change in the browser as
 * their files are saved, and the Worker is bundled again as its files are. One address: what begins with /api, /data
 * and /problems is handed on to the Worker. Without `--release`, the release is that of the starter study, which is
 * crafted first where it is not there. Nothing of it needs a network.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { dev } from 'astro';
import { whenStarterIsGone } from '../bin/starter.mjs';
import { atlas, atlasArguments, endings, exitStatusOf, root, starterRelease } from './atlas.ts';

const USAGE = 'Usage: npm run dev -- [--release <folder>] [--port <n>]';

function refuse(what: string): never {
  console.error(`npm run dev: ${what} ${USAGE}`);
  process.exit(2);
}

function readOptions(): { folder: string; port: number } {
  try {
    const { values } = parseArgs({
      options: { release: { type: 'string', default: starterRelease }, port: { type: 'string', default: '4321' } },
    });
    const port = Number(values.port);
    if (!(Number.isInteger(port) && port > 0 && port < 65_536)) refuse(`${values.port} is no port.`);
    return { folder: values.release, port };
  } catch (error) {
    return refuse((error as Error).message);
  }
}

const { folder, port } = readOptions();
const release = resolve(root, folder);

if (!existsSync(resolve(release, 'latest.json'))) {
  if (folder !== starterRelease)
    refuse(`There is no release in ${folder}: it has no latest.json. \`npx atlas run\` builds one.`);
  console.log('There is no release yet: crafting that of the starter study (5 to 12 minutes on 2 cores; once).');
  const code = await atlas(['run', 'studies/starter.json']);
  if (code !== 0) process.exit(code);
}

/**
 * The Worker is `atlas serve` without pages. A warden leads its process group and ends it when its standard input
 * closes: when this process stops it, or is killed itself.
 */
function startWorker(): ChildProcess {
  return spawn(
    process.execPath,
    [
      ...['--disable-warning=ExperimentalWarning', 'batch/cli/serve-warden.ts'],
      ...[process.execPath, ...atlasArguments, 'serve', '--no-site', '--json', '--release', release],
    ],
    { cwd: root, detached: true, stdio: ['pipe', 'pipe', 'inherit'] },
  );
}

const worker = startWorker();
worker.stdin!.on('error', () => undefined);
const workerEnded = new Promise<number>((done) => {
  worker.on('error', (error) => {
    console.error(error.message);
    done(1);
  });
  worker.on('close', (status) => done(status ?? 1));
});

let stopping = false;
async function stop(status: number): Promise<never> {
  if (stopping) return new Promise<never>(() => undefined);
  stopping = true;
  worker.stdin!.end();
  await Promise.all([workerEnded, site?.stop()]);
  process.exit(status);
}
let site: Awaited<ReturnType<typeof dev>> | undefined;
for (const signal of endings) process.on(signal, () => stop(exitStatusOf(signal)));
whenStarterIsGone(() => void stop(exitStatusOf('SIGTERM')));
void workerEnded.then((status) => stop(status || 1));

const { url } = await new Promise<{ url: string }>((done) => {
  worker.stdout!.once('data', (line) => done(JSON.parse(String(line))));
});

process.env.ATLAS_RELEASE = release;
process.env.ASTRO_TELEMETRY_DISABLED = '1';
try {
  site = await dev({
    root,
    server: { host: '127.0.0.1', port },
    vite: {
      server: {
        proxy: { '^/(api|data|problems)([/?]|$)': { target: url } },
        watch: { ignored: ['**/.atlas/**', '**/.wrangler/**', '**/dist/**'] },
      },
    },
  });
} catch (error) {
  console.error(`The site's server did not start: ${error instanceof Error ? error.message : error}`);
  await stop(1);
}
console.log(
  `The Atlas is at http://localhost:${site!.address.port}: pages reload as site/ changes, the Worker as workers/ does ` +
    `(it answers at ${url} too). Ctrl-C stops both.`,
);
