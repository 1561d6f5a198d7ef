import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeNpy } from '#shared/formats';
import { type Manifest, manifestKey, sha256Hex } from '#shared/release';
import { readKey, testManifest } from '../support/release.ts';
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
  await publish(first);
  expect(await versionNow()).toBe(first.version);
  await publish(second);
  await expect.poll(versionNow, { timeout: 15_000, interval: 500 }).toBe('9.9.9');

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

describe('bytes that are not those of the manifest', () => {
  const ask = (path: string) => fetch(`${worker.url}/api/v1/${path}`, { method: 'POST', body: new Uint8Array(photo) });
  let photo: Buffer;
  let release: Manifest;
  beforeAll(async () => {
    photo = await readFile(new URL('../../zoo/starter/photos/koala.jpg', import.meta.url));
    release = await testManifest();
    for (const { labels } of release.models) await worker.put(labels, await readKey(labels));
  });

  test('of a model are refused, though they are a model: its hash is another', async () => {
    const [one, other] = release.models;
    await publish({ ...release, version: '9.9.10', models: [{ ...one, edge: true }] });
    await expect.poll(versionNow, { timeout: 15_000, interval: 500 }).toBe('9.9.10');
    await worker.put(one.key, await readKey(other.key));
    const refused = await ask(`classify?model=${one.card.id}&perturbation=none`);
    expect([refused.status, await refused.json()]).toEqual([
      502,
      expect.objectContaining({ type: '/problems/release-broken', detail: expect.stringContaining('SHA-256') }),
    ]);
    await worker.put(one.key, await readKey(one.key));
    expect((await ask(`classify?model=${one.card.id}&perturbation=none`)).status).toBe(200);
  }, 60_000);

  test('of a perturbation for another canvas are refused', async () => {
    const [one] = release.perturbations;
    await worker.put(one.npy, writeNpy(new Float32Array(3 * 8 * 8), [3, 8, 8]));
    const refused = await ask(`perturb?perturbation=${encodeURIComponent(one.id)}`);
    expect([refused.status, await refused.json()]).toEqual([
      502,
      expect.objectContaining({ type: '/problems/release-broken', detail: expect.stringContaining(one.npy) }),
    ]);
  });

  test('are no reason to choose a model that the edge does not serve: the first that it does is the default', async () => {
    const models = release.models.map((model, place) => ({ ...model, edge: place > 0 }));
    await publish({ ...release, version: '9.9.11', models });
    await expect.poll(versionNow, { timeout: 15_000, interval: 500 }).toBe('9.9.11');
    await worker.put(models[1].key, await readKey(models[1].key));
    const answer = await ask('classify?perturbation=none');
    expect([answer.status, ((await answer.json()) as { model: string }).model]).toEqual([200, models[1].card.id]);
  }, 60_000);
});

async function versionNow(): Promise<string> {
  return ((await (await fetch(`${worker.url}/api/v1/release`)).json()) as { version: string }).version;
}

async function publish(manifest: Manifest): Promise<void> {
  const text = JSON.stringify(manifest);
  const key = manifestKey(manifest.version);
  const latest = { version: manifest.version, manifest: { key, sha256: sha256Hex(text) } };
  await worker.put(key, text);
  await worker.put('latest.json', JSON.stringify(latest));
}
