import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { fetchModel, loadCard, modelPath, readModelBytes, type ZooModel } from '../../batch/zoo/index.ts';
import { type FileServer, serveFile } from './file-server.ts';

const bytes = randomBytes(2_000_000);
const sha256 = createHash('sha256').update(bytes).digest('hex');
let server: FileServer;
let cache: string;
let model: ZooModel;

beforeAll(async () => {
  server = await serveFile(bytes);
});
afterAll(() => server.close());
beforeEach(async () => {
  cache = mkdtempSync(join(tmpdir(), 'atlas-fetch-'));
  vi.stubEnv('ATLAS_CACHE', cache);
  const local = await loadCard('squeezenet1_1');
  model = { ...local, card: { ...local.card, id: 'remote', source: { url: server.url, sha256, bytes: bytes.length } } };
  server.behaviour = {};
  server.ranges = [];
  return () => {
    vi.unstubAllEnvs();
    rmSync(cache, { recursive: true, force: true });
  };
});

const part = () => join(dirname(modelPath(model)), `.${basename(modelPath(model))}.part`);

test('the file lands in the cache, checked, and a second fetch asks for nothing', async () => {
  const received: number[] = [];
  const path = await fetchModel(model, { onProgress: (progress) => received.push(progress.received) });
  expect(readFileSync(path).equals(bytes)).toBe(true);
  expect(received.at(-1)).toBe(bytes.length);
  expect(Buffer.from(await readModelBytes(model)).equals(bytes)).toBe(true);
  await fetchModel(model);
  expect(server.ranges).toEqual([undefined]);
});

test('a download that breaks off is continued with a range request', async () => {
  server.behaviour = { cutAt: 700_000 };
  await expect(fetchModel(model)).rejects.toThrow(/broke off at 700 kB of 2\.0 MB.*goes on/);
  expect(existsSync(modelPath(model))).toBe(false);
  server.behaviour = {};
  const path = await fetchModel(model);
  expect(server.ranges).toEqual([undefined, 'bytes=700000-']);
  expect(readFileSync(path).equals(bytes)).toBe(true);
});

test('a server without ranges is read from the start', async () => {
  server.behaviour = { cutAt: 700_000 };
  await expect(fetchModel(model)).rejects.toThrow(/broke off/);
  server.behaviour = { ignoreRange: true };
  expect(readFileSync(await fetchModel(model)).equals(bytes)).toBe(true);
});

test.each(['refused', 'elsewhere'] as const)('a server whose ranges are %s is asked for the whole', async (mistake) => {
  server.behaviour = { cutAt: 700_000 };
  await expect(fetchModel(model)).rejects.toThrow(/broke off/);
  server.behaviour = { mistakesRange: mistake };
  expect(readFileSync(await fetchModel(model)).equals(bytes)).toBe(true);
  expect(server.ranges).toEqual([undefined, 'bytes=700000-', undefined]);
});

test('another file of the right length is refused and not kept', async () => {
  server.behaviour = { instead: randomBytes(bytes.length) };
  await expect(fetchModel(model)).rejects.toThrow(/SHA-256 [0-9a-f]{64} instead of/);
  expect(readdirSync(dirname(modelPath(model)))).toEqual([]);
});

test('a longer file is refused before all of it is here', async () => {
  server.behaviour = { instead: randomBytes(bytes.length + 1) };
  await expect(fetchModel(model)).rejects.toThrow(/longer than the 2000000 bytes/);
  expect(existsSync(part())).toBe(false);
  // One that sends ten times as much, and then nothing more, is not waited for.
  server.behaviour = { instead: randomBytes(11 * bytes.length), pauseAt: 10 * bytes.length };
  const received: number[] = [];
  const fetching = fetchModel(model, { onProgress: (progress) => received.push(progress.received) });
  await expect(fetching).rejects.toThrow(/longer than the 2000000 bytes/);
  expect(Math.max(...received)).toBeLessThanOrEqual(bytes.length);
});

test('a shorter file is told as broken off', async () => {
  server.behaviour = { instead: bytes.subarray(0, 1000) };
  await expect(fetchModel(model)).rejects.toThrow(/broke off/);
});

test('a whole .part file needs no request, a rotten one is fetched anew', async () => {
  mkdirSync(dirname(part()), { recursive: true });
  writeFileSync(part(), bytes);
  await fetchModel(model);
  expect(server.ranges).toEqual([]);

  rmSync(modelPath(model));
  writeFileSync(part(), randomBytes(bytes.length + 5));
  expect(statSync(await fetchModel(model)).size).toBe(bytes.length);
  expect(server.ranges).toEqual([undefined]);
});

test('an answer that is no file says what the server said', async () => {
  server.behaviour = { status: 404 };
  await expect(fetchModel(model)).rejects.toThrow(/answered 404/);
});

test('an abort keeps what came', async () => {
  server.behaviour = { pauseAt: 500_000 };
  const controller = new AbortController();
  const fetching = fetchModel(model, { signal: controller.signal });
  await server.paused();
  await expect.poll(() => existsSync(part()) && statSync(part()).size).toBe(500_000);
  controller.abort();
  await expect(fetching).rejects.toThrow();
  expect(statSync(part()).size).toBe(500_000);
});

test('a cached file that was changed is not used, and is fetched again', async () => {
  const path = await fetchModel(model);
  const changed = Buffer.from(bytes);
  changed[1000] ^= 1;
  writeFileSync(path, changed);
  await expect(readModelBytes(model)).rejects.toThrow(
    /is not the file that the card of remote describes.*atlas models fetch/,
  );
  expect(readFileSync(await fetchModel(model)).equals(bytes)).toBe(true);
});
