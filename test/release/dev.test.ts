import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { choosePort } from '../../batch/cli/serve-worker.ts';
import { TEST_RELEASE } from '../support/release.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const running: ChildProcess[] = [];

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

/** What starts it: itself, or as people do, npm. */
const directly = [process.execPath, 'scripts/dev.ts'];
const byNpm = ['npm', 'run', 'dev', '--'];

/** `npm run dev` on a port of its own, once it has said its address. */
async function dev([command, ...args]: readonly string[] = directly) {
  const port = await choosePort(9400 + (process.pid % 400), false);
  const child = spawn(command, [...args, '--release', TEST_RELEASE, '--port', String(port)], {
    cwd: root,
    env: { ...process.env, NODE_ENV: undefined, VITEST: undefined },
  });
  running.push(child);
  let said = '';
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const url = await new Promise<string>((done, failed) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      const address = /The Atlas is at (http:\S+\d)/.exec(said);
      if (address) done(address[1]);
    });
    void ended.then((code) => failed(new Error(`dev ended with ${code}: ${said}`)));
  });
  return { child, url, ended, all: descendants(child.pid!) };
}

function processes(): { pid: number; parent: number; zombie: boolean; command: string }[] {
  return execFileSync('ps', ['-eo', 'pid,ppid,stat,args'], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const found = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line);
      return found ? [{ pid: +found[1], parent: +found[2], zombie: found[3].startsWith('Z'), command: found[4] }] : [];
    });
}

/** What a process started, and what that started in turn. */
function descendants(pid: number): ReturnType<typeof processes> {
  const all = processes();
  const of = (parent: number): ReturnType<typeof processes> =>
    all.filter((child) => child.parent === parent).flatMap((child) => [child, ...of(child.pid)]);
  return of(pid);
}

async function aliveAfter(ms: number, wanted: ReturnType<typeof processes>) {
  const alive = () => {
    const now = processes().filter(({ zombie }) => !zombie);
    return wanted.filter(({ pid, command }) => now.some((other) => other.pid === pid && other.command === command));
  };
  for (const deadline = Date.now() + ms; alive().length > 0 && Date.now() < deadline; )
    await new Promise((done) => setTimeout(done, 100));
  return alive();
}

describe('npm run dev', () => {
  test('serves pages that reload, and API and data of the Worker, on one address; Ctrl-C ends all of it', async () => {
    const { child, url, ended, all } = await dev();
    const page = await (await fetch(url)).text();
    expect(page).toContain('<h1');
    expect(page).toContain('/@vite/client');
    const release = (await (await fetch(`${url}/api/v1/release`)).json()) as { version: string };
    const pointer = (await (await fetch(`${url}/data/latest.json`)).json()) as { version: string };
    expect(release.version).toBe(pointer.version);
    expect((await fetch(`${url}/problems/busy`)).status).toBe(200);

    expect(all.some(({ command }) => command.includes('workerd'))).toBe(true);
    child.kill('SIGINT');
    expect(await ended).toBe(130);
    expect(await aliveAfter(0, all)).toEqual([]);
  });

  test.each([
    ['it is killed outright', directly],
    ['npm, which started it, is killed outright', byNpm],
  ])('leaves nothing behind when %s', async (_what, starter) => {
    const { child, all } = await dev(starter);
    child.kill('SIGKILL');
    expect(await aliveAfter(12_000, all)).toEqual([]);
  });

  test.each([
    [['--release', 'nowhere'], /no release in nowhere/],
    [['--port', '0'], /0 is no port/],
    [['--prot', '1'], /--prot/],
  ])('%j is refused', async (args, says) => {
    const child = spawn(process.execPath, ['scripts/dev.ts', ...args], { cwd: root });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    expect(await new Promise((done) => child.on('close', done))).toBe(2);
    expect(errors).toMatch(says);
  });
});
