import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { choosePort } from '../../batch/cli/serve-worker.ts';
import { verifyRelease } from '../../batch/publish/index.ts';
import { runStudy } from '../../batch/studies/index.ts';
import { writeSmallStudy } from '../studies/small-study.ts';
import { TEST_RELEASE } from '../support/release.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const running: ChildProcess[] = [];

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

/** What starts the command line: itself, or as people do, by `npx`. */
const directly = [process.execPath, `${root}batch/cli/main.ts`];
const byNpx = ['npm', 'exec', '--offline', '--', 'atlas'];

/** `atlas serve` on a port of its own, once it has said its address. */
async function serve({
  launcher: [command, ...args] = directly,
  flags = [] as string[],
  release = TEST_RELEASE as string,
} = {}) {
  const port = await choosePort(9900 + (process.pid % 500), false);
  const child = spawn(command, [...args, 'serve', '--release', release, '--port', String(port), '--json', ...flags], {
    cwd: root,
  });
  running.push(child);
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const failed = ended.then((code) => {
    throw new Error(`serve ended with ${code}: ${errors}`);
  });
  failed.catch(() => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  /** What it says next. */
  const next = async (): Promise<{ url: string; version: string }> =>
    JSON.parse((await Promise.race([lines.next(), failed])).value ?? '');
  const { url } = await next();
  return { child, port, url, next, ended };
}

/** What still runs of the server on a port: wrangler and the warden name it on their command lines. */
function runsOn(port: number): string[] {
  const all = execFileSync('ps', ['-eo', 'stat,pgid,args'], { encoding: 'utf8' }).split('\n');
  return all.filter((line) => line.includes(`--port ${port} `) && line.includes('wrangler') && !line.startsWith('Z'));
}

/** Members of a process group that are alive. */
function aliveIn(group: string): string[] {
  const all = execFileSync('ps', ['-eo', 'pgid,stat,args'], { encoding: 'utf8' }).split('\n');
  return all.filter((line) => line.trim().startsWith(`${group} `) && !/^\s*\d+ Z/.test(line));
}

async function goneWithin(ms: number, group: string): Promise<string[]> {
  const deadline = Date.now() + ms;
  while (aliveIn(group).length > 0 && Date.now() < deadline) await new Promise((done) => setTimeout(done, 100));
  return aliveIn(group);
}

describe('atlas serve', () => {
  test('serves site, API and every byte of the release; Ctrl-C ends it and all that it started', async () => {
    const { child, port, url, ended } = await serve();
    expect((await fetch(url)).headers.get('content-type')).toContain('text/html');
    const whole = await verifyRelease(TEST_RELEASE);
    expect(await verifyRelease(`${url}/data`)).toEqual(whole);
    const release = (await (await fetch(`${url}/api/v1/release`)).json()) as { version: string };
    expect(release.version).toBe(whole.version);
    await expect(choosePort(port, true)).rejects.toThrow(`Port ${port} is in use`);
    expect(await choosePort(port, false)).toBeGreaterThan(port);

    const group = /^\S+\s+(\d+)/.exec(runsOn(port)[0])![1];
    expect(aliveIn(group).some((line) => line.includes('workerd'))).toBe(true);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(aliveIn(group)).toEqual([]);
  });

  test('serves API and data alone where no pages are wanted', async () => {
    const { child, url, ended } = await serve({ flags: ['--no-site'] });
    expect((await fetch(url)).status).toBe(404);
    expect((await fetch(`${url}/api/v1/release`)).status).toBe(200);
    expect((await fetch(`${url}/data/latest.json`)).status).toBe(200);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
  });

  test('takes in a release that is built meanwhile, on the same address and beside the one before', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'atlas-follow-'));
    const out = join(folder, 'out');
    const build = async (change: Record<string, unknown>) => {
      const study = await writeSmallStudy(folder, { analyses: ['transfer'], ...change });
      return (await runStudy({ study, out, provider: 'cpu', workers: 1 })).version;
    };
    const of = { attack: 'sgd-uap', epsilon: 20, budget: { gradients: 100 } };
    const first = await build({ perturbations: [of] });
    const { child, url, next, ended } = await serve({
      ...{ release: join(out, 'release'), flags: ['--no-site', '--follow'] },
    });
    const served = async () => ((await (await fetch(`${url}/api/v1/release`)).json()) as { version: string }).version;
    expect(await served()).toBe(first);

    const second = await build({ perturbations: [{ ...of, seeds: [1, 2] }], release: { version: '1.3.0' } });
    expect(await next()).toEqual({ url, version: second });
    expect(await served()).toBe(second);
    expect((await verifyRelease(`${url}/data`)).problems).toEqual([]);
    // A page that was opened before asks for what is of its own release.
    expect((await fetch(`${url}/data/releases/${first}/manifest.json`)).status).toBe(200);
    child.kill('SIGINT');
    expect(await ended).toBe(130);

    // The next server finds it published, and what lies beside it.
    const again = await serve({ release: join(out, 'release'), flags: ['--no-site'] });
    expect((await fetch(`${again.url}/data/releases/${first}/manifest.json`)).status).toBe(200);
    again.child.kill('SIGINT');
    expect(await again.ended).toBe(130);
    await rm(folder, { recursive: true, force: true });
  });

  test.each([
    ['it is killed outright', directly, 'SIGKILL'],
    ['npx, which started it, is killed outright', byNpx, 'SIGKILL'],
    ['its terminal hangs up', directly, 'SIGHUP'],
  ] as const)('leaves nothing behind when %s', async (_what, launcher, signal) => {
    const { child, port } = await serve({ launcher });
    const group = /^\S+\s+(\d+)/.exec(runsOn(port)[0])![1];
    child.kill(signal);
    expect(await goneWithin(12_000, group)).toEqual([]);
    // The command line itself may take a moment longer than what it started.
    const left = () => {
      const all = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
      return all.filter((line) => line.includes('serve') && line.includes(`--port ${port}`));
    };
    await expect.poll(left, { timeout: 5000 }).toEqual([]);
    expect(await choosePort(port, true)).toBe(port);
  });
});
