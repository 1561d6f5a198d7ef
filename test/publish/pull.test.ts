import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Manifest } from '#shared/release';
import { pullRelease, verifyRelease } from '../../batch/publish/index.ts';
import { atlas, startAtlas } from '../cli/atlas.ts';
import { writeSmallRelease } from '../support/small-release.ts';
import { type RunningWorker, startWorker } from '../support/worker.ts';

const LARGE = 3_000_000;
let origin: string;
let newer: Manifest;
let older: Manifest;
let worker: RunningWorker;
let out: string;
const running: (() => void)[] = [];

beforeAll(async () => {
  origin = await mkdtemp(join(tmpdir(), 'atlas-origin-'));
  older = await writeSmallRelease(origin, { version: '1.0.0' });
  newer = await writeSmallRelease(origin, { version: '1.1.0', extra: [LARGE] });
  worker = await startWorker({ release: origin });
});
afterAll(async () => {
  await worker?.dispose();
  await rm(origin, { recursive: true, force: true });
});
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'atlas-pull-'));
});
afterEach(async () => {
  for (const stop of running.splice(0)) stop();
  await rm(out, { recursive: true, force: true });
});

const filesIn = async (folder: string) =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();

/** Serves the origin's folder with ranges; `instead` may answer a request in its place. */
async function serve(instead: (key: string, range: string | undefined, response: ServerResponse) => boolean) {
  const server = createServer(async (request, response) => {
    const key = decodeURIComponent(request.url!.slice('/data/'.length));
    const { range } = request.headers;
    if (instead(key, range, response)) return;
    const bytes = await readFile(join(origin, key)).catch(() => null);
    if (!bytes) return void response.writeHead(404).end();
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const headers = from ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {};
    response.writeHead(from ? 206 : 200, headers).end(bytes.subarray(from));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  running.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/data`;
}

describe('pull from a Worker', () => {
  test('fetches the release that is served, whole; once more, nothing', async () => {
    const data = `${worker.url}/data`;
    const pulled = await pullRelease(data, out);
    expect(pulled).toMatchObject({ version: '1.1.0', whole: true, skipped: 0 });
    expect(await verifyRelease(out)).toMatchObject({ version: '1.1.0', problems: [] });
    expect((await filesIn(out)).filter((name) => name.endsWith('.part'))).toEqual([]);
    expect((await pullRelease(data, out)).skipped).toBe(newer.files.length);
  });

  test('fetches again what has rotten on the disk, also where it is as long as it was', async () => {
    const data = `${worker.url}/data`;
    await pullRelease(data, out);
    const path = join(out, newer.files[0].key);
    const whole = await readFile(path);
    const rotten = Uint8Array.from(whole);
    rotten[0] ^= 1;
    await writeFile(path, rotten);
    expect((await pullRelease(data, out)).skipped).toBe(newer.files.length - 1);
    expect(await readFile(path)).toEqual(whole);
  });

  test('fetches a version by its name, from an option or in the address, as a release of its own', async () => {
    await pullRelease(`${worker.url}/data`, out, { version: '1.0.0' });
    expect(await verifyRelease(out)).toMatchObject({ version: '1.0.0', problems: [] });
    const again = await pullRelease(`${worker.url}/data/releases/1.0.0/manifest.json`, out);
    expect(again).toMatchObject({ version: '1.0.0', skipped: older.files.length });
  });

  test('fetches parts, with licence and sums, which never look like a whole release', async () => {
    await pullRelease(`${worker.url}/data`, out, { only: ['tables', 'perturbations/noise.inf10.s1/record.json'] });
    expect(await filesIn(out)).toEqual(
      [
        'SHA256SUMS',
        'manifest.json',
        'perturbations/noise.inf10.s1/record.json',
        'tables/transfer.csv',
        'tables/transfer.parquet',
      ].map((path) => `releases/1.1.0/${path}`),
    );
    await pullRelease(`${worker.url}/data`, out, { only: ['models'] });
    expect(existsSync(join(out, newer.models[0].key)) && existsSync(join(out, newer.models[0].labels))).toBe(true);
    expect(existsSync(join(out, 'latest.json'))).toBe(false);
  });

  test('the command line names parts, says what there is, and tells by its status what went wrong', async () => {
    const data = `${worker.url}/data`;
    const pull = (...args: string[]) => atlas(['pull', data, '--out', join(out, 'a'), ...args]);
    const done = await pull('--only', 'tables,photos', '--perturbation', 'noise.inf10.s1', '--models', '--json');
    expect(done.code, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({ version: '1.1.0', whole: false });
    const misspelt = await pull('--perturbation', 'noise.inf10.s2');
    expect(misspelt).toMatchObject({ code: 2, stdout: '' });
    expect(misspelt.stderr).toMatch(
      /no part "perturbations\/noise\.inf10\.s2".*Did you mean "perturbations\/noise\.inf10\.s1"/,
    );
    const gone = await pull('--release', '7.0.0');
    expect(gone.code).toBe(1);
    expect(gone.stderr).toMatch(/no release 7\.0\.0.*is missing/);
    const site = await atlas(['pull', worker.url, '--out', join(out, 'b')]);
    expect(site.code).toBe(1);
    expect(site.stderr).toMatch(/latest\.json.*Give the address under which latest\.json lies/);
    const notUrl = await atlas(['pull', origin, '--out', join(out, 'b')]);
    expect(notUrl).toMatchObject({ code: 2 });
    await writeFile(join(out, 'file'), '');
    expect(await atlas(['pull', data, '--out', join(out, 'file')])).toMatchObject({ code: 2 });
    expect(existsSync(join(out, 'b'))).toBe(false);
  });
});

describe('pull from a server that fails', () => {
  const large = 'releases/1.1.0/extra/0.bin';

  test('goes on within a file where the connection broke off', async () => {
    const asked: (string | undefined)[] = [];
    const data = await serve((key, range, response) => {
      if (key !== large) return false;
      asked.push(range);
      if (asked.length > 2) return false;
      response.writeHead(asked.length === 1 ? 200 : 503, { 'content-length': asked.length === 1 ? LARGE : 0 });
      if (asked.length === 1)
        response.write(Buffer.alloc(LARGE / 3, 1), () => setTimeout(() => response.destroy(), 100));
      else response.end();
      return true;
    });
    await pullRelease(data, out);
    expect((await verifyRelease(out)).problems).toEqual([]);
    expect(asked).toEqual([undefined, `bytes=${LARGE / 3}-`, `bytes=${LARGE / 3}-`]);
  });

  test('refuses bytes that the manifest does not promise, and leaves nothing under that name', async () => {
    const data = await serve((key, _range, response) => {
      if (!key.endsWith('/transfer.csv')) return false;
      readFile(join(origin, key)).then((bytes) => response.end(bytes.map((byte) => byte ^ 1)));
      return true;
    });
    await expect(pullRelease(data, out)).rejects.toThrow(/transfer\.csv is not the file that it should be: SHA-256/);
    const there = await filesIn(out);
    expect(there.filter((name) => name.includes('transfer.csv') || name === 'latest.json')).toEqual([]);
  });

  test('killed in the middle, keeps what came, never looks whole, and goes on', async () => {
    let stuck = () => {};
    const reached = new Promise<void>((done) => {
      stuck = done;
    });
    let free = false;
    const data = await serve((key, _range, response) => {
      if (free || key !== large) return false;
      response.writeHead(200, { 'content-length': LARGE });
      response.write(Buffer.alloc(LARGE / 2, 1));
      setTimeout(stuck, 300);
      return true;
    });
    const child = spawn(process.execPath, [
      `${import.meta.dirname}/../../batch/cli/main.ts`,
      'pull',
      data,
      '--out',
      out,
    ]);
    await reached;
    child.kill('SIGKILL');
    await new Promise((done) => child.on('close', done));
    expect(existsSync(join(out, 'latest.json'))).toBe(false);
    expect((await stat(join(out, dirname(large), `.${basename(large)}.part`))).size).toBe(LARGE / 2);
    free = true;
    const pulled = await pullRelease(data, out);
    expect(pulled.skipped).toBeGreaterThan(0);
    expect((await verifyRelease(out)).problems).toEqual([]);
  });

  test('ends with status 130 on Ctrl-C while it waits for a server that says nothing', async () => {
    let ask = () => {};
    const asked = new Promise<void>((done) => {
      ask = done;
    });
    const data = await serve(() => {
      ask();
      return true;
    });
    const { child, ended } = startAtlas(['pull', data, '--out', out]);
    await asked;
    process.kill(-child.pid!, 'SIGINT');
    expect(await ended).toMatchObject({ code: 130, stdout: '', stderr: expect.stringContaining('interrupted') });
    expect(await filesIn(out)).toEqual([]);
  });

  test('says what is wrong with a folder that cannot be written', async () => {
    await mkdir(join(out, 'releases'));
    await writeFile(join(out, 'releases', '1.1.0'), 'a file where a folder has to be');
    await expect(pullRelease(`${worker.url}/data`, out)).rejects.toThrow(
      /cannot be written: .*(EEXIST|ENOTDIR).*--out/,
    );
  });
});
