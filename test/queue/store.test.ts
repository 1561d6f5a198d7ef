import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineStep, type Job, JobStore, type Output, outputName } from '../../batch/jobs/index.ts';
import { Cache } from '../../batch/queue/cache.ts';
import { openPlace } from '../../batch/queue/place.ts';
import { DamagedError, SharedStore } from '../../batch/queue/shared-store.ts';
import { openLocalS3 } from '../support/s3.ts';

let s3: Awaited<ReturnType<typeof openLocalS3>>;
let folder: string;
let fresh = 0;

beforeAll(async () => {
  s3 = await openLocalS3();
});
afterAll(() => s3?.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-store-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const numbers = z.object({ value: z.number() });
const step = defineStep<{ value: number }, z.infer<typeof numbers>>({
  ...{ name: 'number', source: import.meta.url, result: numbers },
  run: async () => ({ result: { value: 1 } }),
});
const job = step({ id: 'one', inputs: { value: 1 } }) as Job;

/** An output of a job, made on some machine. */
async function made(machine: string, key: string, content: Uint8Array, value = 1): Promise<Output> {
  const store = new JobStore(join(folder, machine));
  await store.clean({ fresh: false });
  const address = { key, content: key, code: '', inputs: null };
  return store.save(job, address, { result: { value }, files: { 'bytes.bin': content } }, 1);
}

/** An empty store: a folder, a prefix of a bucket, or a bucket by its own address. */
const kinds = {
  folder: () => ({ address: join(folder, 'shared'), env: {} }),
  'prefix of a bucket': () => {
    const { href } = new URL('.', s3.bucket);
    const address = `s3://perturbation-atlas/some/prefix${fresh++}`;
    return { address, env: { ...s3.credentials, AWS_ENDPOINT_URL: href } };
  },
  bucket: () => ({ address: s3.bucket, env: { ...s3.credentials } }),
};

describe.each(Object.entries(kinds))('a store in a %s', (_kind, where) => {
  const open = () => {
    const { address, env } = where();
    return SharedStore.open(address, env);
  };

  test('gives an output back as it was given, to another machine', async () => {
    const store = open();
    const content = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
    const output = await made('a', 'k1', content);
    expect(await store.has('number-k1')).toBe(false);
    expect(await store.take('number-k1', join(folder, 'b', 'number-k1'))).toBe(false);
    expect(await store.give('number-k1', output.folder)).toBe('written');
    // What somebody else put beside it is no output.
    await store.place.add('jobs/number-k9.json.bak', new Uint8Array([1]));
    const names = [...(await store.names())];
    expect(names).toContain('number-k1');
    expect(names.filter((name) => name.startsWith('number-k9'))).toEqual([]);
    await rm(output.folder, { recursive: true });
    expect(await store.take('number-k1', join(folder, 'b', 'number-k1'))).toBe(true);
    const found = await new JobStore(join(folder, 'b')).find(job, 'k1');
    expect(found).toMatchObject({ digest: output.digest, result: { value: 1 } });
    expect(await readFile(join(found!.folder, 'bytes.bin'))).toEqual(Buffer.from(content));
  });

  test('keeps the first of two outputs of one job, and has both machines go on from it', async () => {
    const store = open();
    const cacheOf = (machine: string) => Cache.open(join(folder, machine), 1e9, store);
    const [a, b] = [await cacheOf('a'), await cacheOf('b')];
    await a.give(job, await made('a', 'k2', new Uint8Array([1]), 1));
    const theirs = await b.give(job, await made('b', 'k2', new Uint8Array([2]), 2));
    expect(theirs.result).toEqual({ value: 1 });
    expect([...(await readFile(join(theirs.folder, 'bytes.bin')))]).toEqual([1]);
    expect((await b.get(job, 'k2'))!.result).toEqual({ value: 1 });
  });

  test('keeps checkpoints until they are removed, and takes a damaged one for none', async () => {
    const store = open();
    const checkpoints = store.checkpoints('number-k3');
    expect(await checkpoints.load()).toBeNull();
    await checkpoints.save(new Uint8Array([1, 2, 3]));
    await checkpoints.save(new Uint8Array([4, 5, 6, 7]));
    expect([...(await checkpoints.load())!]).toEqual([4, 5, 6, 7]);
    const bytes = (await store.place.read('checkpoints/number-k3', 1000))!;
    await store.place.replace('checkpoints/number-k3', bytes.subarray(0, bytes.length - 1));
    expect(await checkpoints.load()).toBeNull();
    await checkpoints.remove();
    await checkpoints.remove();
    expect(await store.place.has('checkpoints/number-k3')).toBe(false);
  });

  test('says what is damaged, and lets nothing of it near a job', async () => {
    const store = open();
    const output = await made('a', 'k4', new Uint8Array([1, 2, 3, 4]));
    await store.give('number-k4', output.folder);
    const { files } = JSON.parse(new TextDecoder().decode((await store.place.read('jobs/number-k4.json', 1e6))!));
    const key = `content/${files[0].pieces[0].sha256}`;
    const to = join(folder, 'b', 'number-k4');
    await store.place.replace(key, new Uint8Array([1, 2, 3, 5]));
    await expect(store.take('number-k4', to)).rejects.toThrow(DamagedError);
    await expect(store.take('number-k4', to)).rejects.toThrow(`${key} with other bytes than it is named by`);
    await store.place.replace(key, new Uint8Array([1, 2, 3, 4, 5]));
    await expect(store.take('number-k4', to)).rejects.toThrow(/with other bytes/);
    await store.place.remove(key);
    await expect(store.take('number-k4', to)).rejects.toThrow(`an output without ${key}`);
    await store.place.replace('jobs/number-k4.json', new TextEncoder().encode('{"step": 1}'));
    await expect(store.take('number-k4', to)).rejects.toThrow(/jobs\/number-k4\.json, in which/);
    expect(await new JobStore(join(folder, 'b')).find(job, 'k4')).toBeNull();
  });

  test('has a study by what it is', async () => {
    const store = open();
    const sha256 = await store.addStudy({ a: 1 });
    expect(await store.study(sha256, z.object({ a: z.number() }))).toEqual({ a: 1 });
    expect(await store.study('0'.repeat(64), z.unknown())).toBeNull();
    await store.place.replace(`studies/${sha256}.json`, new TextEncoder().encode('{"a":2}'));
    await expect(store.study(sha256, z.unknown())).rejects.toThrow(/other bytes/);
  });
});

test('an output that names a file elsewhere is refused', async () => {
  const store = SharedStore.open(join(folder, 'shared'));
  const output = await made('a', 'k5', new Uint8Array([1]));
  await store.give('number-k5', output.folder);
  const at = join(folder, 'shared', 'jobs', 'number-k5.json');
  await writeFile(at, (await readFile(at, 'utf8')).replace('"bytes.bin"', '"../../evil"'));
  await expect(store.take('number-k5', join(folder, 'b', 'number-k5'))).rejects.toThrow(/a file of the name/);
  expect(await readdir(folder)).not.toContain('evil');
});

test('nothing of an output is there before all of it is', async () => {
  const store = SharedStore.open(join(folder, 'shared'));
  const output = await made('a', 'k6', new Uint8Array([1, 2, 3]));
  const seen: string[] = [];
  const { place } = store;
  const failing = new SharedStore({
    ...place,
    add: async (key, bytes) => {
      seen.push(key);
      if (key.startsWith('jobs/')) throw new Error('killed');
      return place.add(key, bytes);
    },
  });
  await expect(failing.give('number-k6', output.folder)).rejects.toThrow('killed');
  expect(seen.at(-1)).toBe('jobs/number-k6.json');
  expect(seen[0]).toMatch(/^content\//);
  expect(await store.has('number-k6')).toBe(false);
  expect(await store.give('number-k6', output.folder)).toBe('written');
});

test('an output that changed on the disk is not given away', async () => {
  const store = SharedStore.open(join(folder, 'shared'));
  const output = await made('a', 'k7', new Uint8Array([1, 2, 3]));
  await writeFile(join(output.folder, 'bytes.bin'), new Uint8Array([1, 2, 4]));
  await expect(store.give('number-k7', output.folder)).rejects.toThrow(/is not what its job\.json says/);
  expect(await store.has('number-k7')).toBe(false);
});

test('the cache keeps what was used last, within its bound, also when it is opened again', async () => {
  const store = SharedStore.open(join(folder, 'shared'));
  for (const key of ['a', 'b', 'c']) {
    const output = await made('maker', key, new Uint8Array(10_000));
    await store.give(outputName('number', key), output.folder);
  }
  const cache = await Cache.open(join(folder, 'cache'), 25_000, store);
  for (const key of ['a', 'b', 'c', 'a']) await cache.get(job, key);
  await cache.trim();
  expect((await readdir(join(folder, 'cache'))).sort()).toEqual(['number-a', 'number-c']);
  // What went is fetched again.
  expect((await cache.get(job, 'b'))?.result).toEqual({ value: 1 });
  const again = await Cache.open(join(folder, 'cache'), 12_000, store);
  await again.trim();
  expect(await readdir(join(folder, 'cache'))).toHaveLength(1);
});

test('an address that is no store says what one is, and credentials come from the environment', () => {
  expect(() => openPlace('gs://bucket/prefix')).toThrow(/is no store of outputs\. Give s3:/);
  expect(() => openPlace('s3://bucket/prefix', {})).toThrow(/AWS_ENDPOINT_URL/);
  expect(() => openPlace('http://127.0.0.1:9/bucket', {})).toThrow(/AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/);
});
