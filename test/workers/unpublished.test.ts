import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Manifest, manifestKey, sha256Hex } from '#shared/release';
import { testManifest } from '../support/release.ts';
import { type RunningWorker, startWorker } from '../support/worker.ts';

let worker: RunningWorker;
let site: string;

beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), 'atlas-site-'));
  await writeFile(join(site, 'index.html'), '<h1>Home</h1>');
  await writeFile(join(site, '404.html'), '<h1>Lost</h1>');
  worker = await startWorker({ assets: site, vars: { ALLOWED_ORIGINS: 'https://one.example, https://two.example' } });
}, 60_000);
afterAll(async () => {
  await worker?.dispose();
  await rm(site, { recursive: true, force: true });
});

test('the site is served beside the API, with its own 404 page', async () => {
  expect(await (await fetch(worker.url)).text()).toContain('Home');
  const lost = await fetch(`${worker.url}/no/such/page`);
  expect([lost.status, await lost.text()]).toEqual([404, expect.stringContaining('Lost')]);
  expect((await fetch(`${worker.url}/api/v1`)).headers.get('Content-Type')).toContain('application/json');
});

test('only the origins named may call the API, and any may read data', async () => {
  const allowed = async (origin: string, path = '/api/v1') =>
    (await fetch(`${worker.url}${path}`, { headers: { Origin: origin } })).headers.get('Access-Control-Allow-Origin');
  expect(await allowed('https://two.example')).toBe('https://two.example');
  expect(await allowed('https://three.example')).toBeNull();
  expect(await allowed('https://three.example', '/data/latest.json')).toBe('*');
});

test('an empty bucket is a 503 that says so, and a broken release a 502', async () => {
  const release = () => fetch(`${worker.url}/api/v1/release`);
  const none = await release();
  expect(none.status).toBe(503);
  expect(none.headers.get('Retry-After')).toBe('10');
  expect(await none.json()).toMatchObject({ type: '/problems/no-release' });

  await worker.put(
    'latest.json',
    JSON.stringify({ version: '1.0.0', manifest: { key: 'releases/1.0.0/manifest.json', sha256: '0'.repeat(64) } }),
  );
  const missing = await release();
  expect([missing.status, await missing.json()]).toEqual([
    502,
    expect.objectContaining({ detail: expect.stringContaining('releases/1.0.0/manifest.json') }),
  ]);

  await worker.put('releases/1.0.0/manifest.json', '{}');
  const changed = await release();
  expect([changed.status, await changed.json()]).toEqual([
    502,
    expect.objectContaining({ detail: expect.stringContaining('SHA-256') }),
  ]);
});

test('a new release is noticed within seconds, and a model that the edge does not serve is named', async () => {
  const first = await testManifest();
  const [served, left] = first.models.map((model) => model.card.id);
  const second: Manifest = {
    ...first,
    version: '9.9.9',
    models: first.models.map((model) => ({ ...model, edge: model.card.id === served })),
  };
  const version = async () =>
    ((await (await fetch(`${worker.url}/api/v1/release`)).json()) as { version: string }).version;
  await publish(first);
  expect(await version()).toBe(first.version);
  await publish(second);
  await expect.poll(version, { timeout: 15_000, interval: 500 }).toBe('9.9.9');

  const response = await fetch(`${worker.url}/api/v1/classify?model=${left}`, { method: 'POST', body: 'x' });
  expect([response.status, await response.json()]).toEqual([
    422,
    expect.objectContaining({
      ...{ type: '/problems/model-not-at-edge', known: [served] },
      // Its card offers it, and it is small enough: neither is what stands in the way.
      detail: expect.stringContaining('the release was built without it there'),
    }),
  ]);
}, 30_000);

async function publish(manifest: Manifest): Promise<void> {
  const text = JSON.stringify(manifest);
  const key = manifestKey(manifest.version);
  const latest = { version: manifest.version, manifest: { key, sha256: sha256Hex(text) } };
  await worker.put(key, text);
  await worker.put('latest.json', JSON.stringify(latest));
}
