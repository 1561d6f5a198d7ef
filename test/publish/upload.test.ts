import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { choosePort, type LocalWorker, startWorker } from '../../batch/cli/serve-worker.ts';
import {
  type Bucket,
  buildRelease,
  openBucket,
  promoteRelease,
  publishRelease,
  rollbackRelease,
} from '../../batch/publish/index.ts';
import { runOf, smallContent } from '../support/content.ts';
import { proxy } from '../support/s3.ts';
import { writeSmallRelease } from '../support/small-release.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What bin/atlas.mjs starts: a kill must hit the process that works, not its launcher. */
const cli = join(root, 'batch/cli/main.ts');
let worker: LocalWorker;
let bucket: Bucket;
let folder: string;
let scratch: string;
/** Every test publishes a version of its own into the one bucket. */
let version = 0;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'atlas-s3-'));
  worker = await startWorker({
    root,
    port: await choosePort(9400 + (process.pid % 500), false),
    assets: await mkdtemp(join(scratch, 'assets-')),
    persistTo: join(scratch, 'r2'),
    signal: new AbortController().signal,
  });
  bucket = openBucket(worker.bucket, worker.credentials);
});
afterAll(async () => {
  await worker?.stop();
  await rm(scratch, { recursive: true, force: true });
});
beforeEach(async () => {
  version++;
  folder = await mkdtemp(join(tmpdir(), 'atlas-publish-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const write = (options: Parameters<typeof writeSmallRelease>[1] = {}) =>
  writeSmallRelease(folder, { version: `1.0.${version}`, ...options });
const latestVersion = async () => JSON.parse(new TextDecoder().decode((await bucket.read('latest.json'))!)).version;

/** Runs the command line as a user does. */
function atlas(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [cli, ...args], { env: { ...process.env, ...worker.credentials, ...env } });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk) => out.push(chunk));
  child.stderr.on('data', (chunk) => err.push(chunk));
  const ended = new Promise<{ code: number | null; out: string; err: string }>((done) => {
    child.on('close', (code) => done({ code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }));
  });
  return { child, ended };
}

describe('publish', () => {
  test('uploads all of a release, and the Worker then serves it with its media types', async () => {
    const manifest = await write();
    const published = await publishRelease(folder, bucket);
    expect(published).toMatchObject({
      uploaded: manifest.files.length + 3,
      skipped: 0,
      files: manifest.files.length + 3,
    });
    const photo = manifest.photos[0].key;
    const served = await fetch(`${worker.url}/data/${photo}`);
    expect(served.headers.get('content-type')).toBe('image/jpeg');
    expect(Buffer.from(await served.arrayBuffer())).toEqual(await readFile(join(folder, photo)));
  });

  test('again uploads nothing', async () => {
    await write({ extra: [400_000] });
    const first = await publishRelease(folder, bucket);
    const again = await publishRelease(folder, bucket);
    expect(again).toMatchObject({ uploaded: 0, skipped: first.files });
  });

  test('refuses other bytes under a key that is taken, and leaves latest.json as it was', async () => {
    await write();
    await publishRelease(folder, bucket);
    const before = await bucket.read('latest.json');
    await rm(folder, { recursive: true });
    await write({ salt: 'changed' });
    await expect(publishRelease(folder, bucket)).rejects.toThrow(/record\.json is in .* with other bytes/);
    expect(await bucket.read('latest.json')).toEqual(before);
    const { plan } = await publishRelease(folder, bucket, { dryRun: true });
    expect(plan!.filter((file) => file.action === 'conflict').map((file) => file.key.split('/').at(-1))).toEqual(
      expect.arrayContaining(['record.json', 'manifest.json']),
    );
  });

  test('of the same study run elsewhere finds it published, and leaves what was first there', async () => {
    const content = await smallContent(['cat.jpg']);
    const elsewhere = join(folder, 'elsewhere');
    const here = join(folder, 'here');
    const built = await buildRelease(content, here);
    await buildRelease({ ...content, run: runOf('2027-01-01T00:00:00.000Z') }, elsewhere);
    await publishRelease(here, bucket);
    const before = await bucket.read('latest.json');
    const { plan } = await publishRelease(elsewhere, bucket, { dryRun: true });
    expect(new Set(plan!.map(({ action }) => action))).toEqual(new Set(['skip']));
    expect(await publishRelease(elsewhere, bucket)).toMatchObject({ version: built.version, uploaded: 0 });
    expect(await bucket.read('latest.json')).toEqual(before);
  });

  test('writes content, then the manifest, then latest.json', async () => {
    await write();
    const front = await proxy(worker, () => null);
    try {
      await publishRelease(folder, front.bucket);
    } finally {
      front.close();
    }
    const puts = front.seen.filter((line) => line.startsWith('PUT'));
    expect(puts.slice(-2)).toEqual([`PUT releases/1.0.${version}/manifest.json`, 'PUT latest.json']);
  });

  test('tries again after a 503, and gives up on a 403 at once', async () => {
    await write();
    const failing = new Set<string>();
    const front = await proxy(worker, (line) => {
      if (!line.startsWith('PUT') || failing.has(line)) return null;
      failing.add(line);
      return 503;
    });
    try {
      expect((await publishRelease(folder, front.bucket)).uploaded).toBeGreaterThan(10);
    } finally {
      front.close();
    }
    const wrong = openBucket(worker.bucket, { ...worker.credentials, AWS_SECRET_ACCESS_KEY: 'wrong' });
    await expect(publishRelease(folder, wrong)).rejects.toThrow(/refused: 403 SignatureDoesNotMatch/);
  });

  test('killed in the middle leaves the old release in place, and goes on when run again', async () => {
    await write();
    await publishRelease(folder, bucket);
    const before = await latestVersion();
    version++;
    await rm(folder, { recursive: true });
    const manifest = await write({ extra: [50_000, 60_000, 70_000] });
    let puts = 0;
    const front = await proxy(worker, (line) => (line.startsWith('PUT') && ++puts > 6 ? 'hang' : null));
    const { child, ended } = atlas(['publish', folder, '--to', front.url]);
    while (puts <= 6) await new Promise((done) => setTimeout(done, 20));
    child.kill('SIGKILL');
    await ended;
    front.close();
    expect(await latestVersion()).toBe(before);
    const resumed = await publishRelease(folder, bucket);
    expect(resumed.skipped).toBeGreaterThanOrEqual(6);
    expect(resumed.uploaded + resumed.skipped).toBe(manifest.files.length + 3);
    expect(await latestVersion()).toBe(`1.0.${version}`);
  });

  test('does not send a folder that is damaged', async () => {
    const manifest = await write();
    await rm(join(folder, manifest.photos[0].key));
    await expect(publishRelease(folder, bucket)).rejects.toThrow(/not fit to publish.*is missing/);
    expect(await bucket.read(`releases/1.0.${version}/SHA256SUMS`)).toBeNull();
  });
});

describe('the command line', () => {
  test('prints one JSON document, and says what is missing with exit status 2', async () => {
    const manifest = await write();
    const dry = await atlas(['publish', folder, '--to', worker.bucket, '--dry-run', '--json']).ended;
    expect(JSON.parse(dry.out)).toMatchObject({ version: `1.0.${version}`, dryRun: true, uploaded: 0 });
    const done = await atlas(['publish', folder, '--to', worker.bucket, '--json']).ended;
    expect(done.code).toBe(0);
    expect(JSON.parse(done.out)).toMatchObject({
      version: `1.0.${version}`,
      files: manifest.files.length + 3,
      removed: [],
    });
    const keyless = await atlas(['publish', folder, '--to', worker.bucket], { AWS_ACCESS_KEY_ID: '' }).ended;
    expect(keyless.code).toBe(2);
    expect(keyless.err).toContain('AWS_ACCESS_KEY_ID is not set');
  });
});

describe('promote and rollback', () => {
  test('point at an older release and back, and refuse one that is not there', async () => {
    await write({ created: '2026-02-01T00:00:00.000Z' });
    const older = `1.0.${version}`;
    await publishRelease(folder, bucket);
    await rm(folder, { recursive: true });
    version++;
    await write({ created: '2026-02-02T00:00:00.000Z' });
    await publishRelease(folder, bucket);
    expect(await rollbackRelease(bucket)).toMatchObject({ version: older, previous: `1.0.${version}` });
    expect(await latestVersion()).toBe(older);
    await promoteRelease(`1.0.${version}`, bucket);
    expect(await latestVersion()).toBe(`1.0.${version}`);
    await expect(promoteRelease('9.9.9', bucket)).rejects.toThrow(/no release 9\.9\.9/);
  });
});
