import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { choosePort } from '../../batch/cli/serve-worker.ts';
import { verifyRelease } from '../../batch/publish/index.ts';
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
async function serve({ launcher: [command, ...args] = directly, flags = [] as string[] } = {}) {
  const port = await choosePort(9900 + (process.pid % 500), false);
  const child = spawn(
    command,
    [...args, 'serve', '--release', TEST_RELEASE, '--port', String(port), '--json', ...flags],
    { cwd: root },
  );
  running.push(child);
  let errors = '';
  child.stderr.on('data', (chunk) => {
    errors += chunk;
  });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const { url } = await new Promise<{ url: string }>((done, failed) => {
    child.stdout.once('data', (line) => done(JSON.parse(line)));
    void ended.then((code) => failed(new Error(`serve ended with ${code}: ${errors}`)));
  });
  return { child, port, url, ended };
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

  test.each([
    ['it is killed outright', directly, 'SIGKILL'],
    ['npx, which started it, is killed outright', byNpx, 'SIGKILL'],
    ['its terminal hangs up', directly, 'SIGHUP'],
  ] as const)('leaves nothing behind when %s', async (_what, launcher, signal) => {
    const { child, port } = await serve({ launcher });
    const group = /^\S+\s+(\d+)/.exec(runsOn(port)[0])![1];
    child.kill(signal);
    expect(await goneWithin(12_000, group)).toEqual([]);
    const left = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
    expect(left.filter((line) => line.includes('serve') && line.includes(`--port ${port}`))).toEqual([]);
    expect(await choosePort(port, true)).toBe(port);
  });
});
