import { hash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { manifestKey, releasePrefix } from '#shared/release';
import { random } from '#shared/synthetic';
import {
  type Bucket,
  openBucket,
  planPrune,
  promoteRelease,
  prune,
  publishRelease,
  verifyRelease,
} from '../../batch/publish/index.ts';
import { type Fault, openLocalS3, proxy } from '../support/s3.ts';
import { writeSmallRelease } from '../support/small-release.ts';
import { writeTinyRelease } from '../support/tiny-release.ts';

let local: Awaited<ReturnType<typeof openLocalS3>>;
let scratch: string;
/** Versions count up: the bucket serves the last one, and a number may not go back. */
let patch = 0;

beforeAll(async () => {
  local = await openLocalS3();
  scratch = await mkdtemp(join(tmpdir(), 'atlas-bucket-'));
});
afterAll(async () => {
  await local?.close();
  await rm(scratch, { recursive: true, force: true });
});

/** A tiny release of the next number in a folder of its own; `day` is when it was made. */
async function tiny(day = ++patch) {
  const version = `1.0.${++patch}`;
  const folder = join(scratch, version);
  const manifest = await writeTinyRelease(folder, version, new Date(Date.UTC(2026, 0, 1 + day)).toISOString());
  return { version, folder, manifest };
}
const isThere = async (key: string) => (await local.opened.head(key)) !== null;

describe('a store that fails now and then', () => {
  test('answers 500 and 503, breaks off, resets and loses its answers, and the release arrives whole', async () => {
    const folder = join(scratch, 'faulty');
    const manifest = await writeSmallRelease(folder, { version: '1.0.0', extra: [300_000] });
    const draw = random(7, 'faults of a store');
    const kinds: Fault[] = [500, 503, 429, 'reset', 'lost', 'cut', 'hang'];
    const met = new Set<Fault>();
    // No request fails more often than it is tried again, whatever the order in which the draws fall.
    const failures = new Map<string, number>();
    const front = await proxy(
      local,
      (line) => {
        const failed = failures.get(line) ?? 0;
        if (failed === 3 || draw.below(2) === 0) return null;
        failures.set(line, failed + 1);
        const kind = kinds[draw.below(kinds.length)];
        met.add(kind);
        return kind;
      },
      { patienceMs: 1000 },
    );
    try {
      const published = await publishRelease(folder, front.bucket);
      // An upload whose answer was lost is found there by the next attempt, and counts as skipped.
      expect(published.uploaded + published.skipped).toBe(manifest.files.length + 3);
    } finally {
      front.close();
    }
    expect([...met].map(String).sort()).toEqual(kinds.map(String).sort());
    const { problems } = await verifyRelease({ ...local.opened, list: undefined });
    expect(problems).toEqual([]);
  });

  test('that stays down is given up with what happened and what to do', async () => {
    const { folder } = await tiny();
    const front = await proxy(local, () => 503);
    try {
      await expect(publishRelease(folder, front.bucket)).rejects.toThrow(
        /could not be reached in 6 attempts: it answered 503.*run the same command again/,
      );
    } finally {
      front.close();
    }
  }, 30_000);

  test('that changes what it was given never gets latest.json pointed at it', async () => {
    const { folder, version } = await tiny();
    const broken = openBucket(local.bucket, local.credentials);
    const spoils: typeof broken = {
      ...broken,
      read: async (key, signal) => {
        const bytes = await broken.read(key, signal);
        return bytes && key.endsWith('/LICENSE') ? bytes.map((byte) => byte ^ 1) : bytes;
      },
    };
    await expect(publishRelease(folder, spoils)).rejects.toThrow(
      /does not read back as it was sent.*latest\.json was not touched/,
    );
    expect(await isThere(`${releasePrefix(version)}manifest.json`)).toBe(true);
    expect(new TextDecoder().decode((await local.opened.read('latest.json'))!)).not.toContain(version);
  });
});

describe('what lies in the bucket already', () => {
  let own: Awaited<ReturnType<typeof openLocalS3>>;
  beforeAll(async () => {
    own = await openLocalS3();
  });
  afterAll(() => own?.close());

  /** Writes over whatever is there, as no command of the Atlas does. */
  const force = (key: string, bytes: Uint8Array) =>
    own.opened.put(key, bytes, {
      sha256: hash('sha256', bytes),
      mediaType: 'text/plain',
      cacheControl: 'no-store',
      ifAbsent: false,
    });
  const latest = async () => JSON.parse(new TextDecoder().decode((await own.opened.read('latest.json'))!)).version;

  test('is not promoted where a file of it was cut short, or is gone', async () => {
    const whole = await tiny();
    await publishRelease(whole.folder, own.opened);
    const { version, folder, manifest } = await tiny();
    await publishRelease(folder, own.opened);
    await promoteRelease(whole.version, own.opened);
    const { key, bytes } = manifest.files[0];
    const content = (await own.opened.read(key))!;
    await force(key, content.subarray(0, bytes - 1));
    await expect(promoteRelease(version, own.opened)).rejects.toThrow(/is not whole: 1 files .* another size/);
    await own.opened.remove(key);
    await expect(promoteRelease(version, own.opened)).rejects.toThrow(/is not whole/);
    expect(await latest()).toBe(whole.version);
    await force(key, content);
    await promoteRelease(version, own.opened);
    expect(await latest()).toBe(version);
  });

  test('is promoted by its number alone: the newest of that number', async () => {
    const number = `1.0.${++patch}`;
    for (const [day, hash] of ['bbbbbbbb', 'aaaaaaaa'].entries()) {
      const folder = join(scratch, `${number}-${hash}`);
      const version = `${number}-${hash}`;
      const { files } = await writeTinyRelease(folder, version, new Date(Date.UTC(2026, 5, 1 + day)).toISOString());
      for (const key of [...files.map(({ key }) => key), manifestKey(version)])
        await force(key, new Uint8Array(await readFile(join(folder, key))));
    }
    expect((await promoteRelease(number, own.opened)).version).toBe(`${number}-aaaaaaaa`);
  });

  test('is never written over by an upload that races another one', async () => {
    const { folder, manifest } = await tiny();
    const before = await latest();
    const { key } = manifest.files[0];
    const theirs = new TextEncoder().encode('what the other one has uploaded meanwhile');
    // The other one is quicker: its file comes after this one has asked what there is.
    const racing: Bucket = {
      ...own.opened,
      async objects(prefix, signal) {
        const found = await own.opened.objects(prefix, signal);
        await force(key, theirs);
        return found;
      },
    };
    await expect(publishRelease(folder, racing)).rejects.toThrow(/already, with other bytes/);
    expect(await own.opened.read(key)).toEqual(theirs);
    expect(await latest()).toBe(before);
  });

  test('gets nothing of a folder that somebody changes under way', async () => {
    const { folder, manifest } = await tiny();
    const before = await latest();
    const { key } = manifest.files[0];
    const changing: Bucket = {
      ...own.opened,
      async objects(prefix, signal) {
        const found = await own.opened.objects(prefix, signal);
        await writeFile(join(folder, key), 'another text');
        return found;
      },
    };
    await expect(publishRelease(folder, changing)).rejects.toThrow(/changed while the release was being uploaded/);
    expect(await own.opened.read(key)).toBeNull();
    expect(await latest()).toBe(before);
  });

  test('is left where a race was lost against the same bytes', async () => {
    const { version, folder, manifest } = await tiny();
    const { key } = manifest.files[0];
    const same = new Uint8Array(await readFile(join(folder, key)));
    const racing: Bucket = {
      ...own.opened,
      async objects(prefix, signal) {
        const found = await own.opened.objects(prefix, signal);
        await force(key, same);
        return found;
      },
    };
    expect(await publishRelease(folder, racing)).toMatchObject({ version, skipped: 1 });
    expect(await latest()).toBe(version);
  });
});

test('a listing of several pages is read to its end', async () => {
  const seen: (string | null)[] = [];
  const server = createServer((request, response) => {
    const from = new URL(request.url!, 'http://localhost').searchParams.get('continuation-token');
    seen.push(from);
    const page = Number(from ?? 0);
    const object = `<Contents><Key>releases/${page}</Key><Size>${page}</Size></Contents>`;
    const next = page < 2 ? `<NextContinuationToken>${page + 1}</NextContinuationToken>` : '';
    response.end(`<ListBucketResult><IsTruncated>${page < 2}</IsTruncated>${object}${next}</ListBucketResult>`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const bucket = openBucket(`http://127.0.0.1:${port}/atlas`, local.credentials);
    expect(await bucket.list('releases/')).toEqual(['releases/0', 'releases/1', 'releases/2']);
    expect(seen).toEqual([null, '1', '2']);
  } finally {
    server.close();
  }
});

describe('prune', () => {
  const day = 24 * 3600 * 1000;

  test('takes nothing away but files that no release refers to and that are older than a day', async () => {
    const { folder } = await tiny();
    await publishRelease(folder, local.opened);
    const of = {
      sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
      mediaType: 'text/plain',
      cacheControl: 'no-store',
      ifAbsent: true,
    };
    const orphans = ['releases/9.9.9/LICENSE', 'models/left.onnx'];
    for (const key of [...orphans, 'notes/ours.txt'])
      await local.opened.put(key, new TextEncoder().encode('hello'), of);
    const before = await local.opened.list();

    expect(await planPrune(local.opened)).toMatchObject({ keys: [], releases: [], spared: 2 });
    const tomorrow = await planPrune(local.opened, { now: Date.now() + 2 * day });
    expect(tomorrow).toMatchObject({ keys: expect.arrayContaining(orphans), releases: [], bytes: 10 });
    expect(tomorrow.keys).toHaveLength(2);
    await prune(local.opened, tomorrow);
    expect(await local.opened.list()).toEqual(before.filter((key) => !orphans.includes(key)));
  });

  test('with a number to keep takes older releases away, never the one that is served nor what a staying one needs', async () => {
    const s3 = await openLocalS3();
    try {
      const made = [];
      for (const number of ['2.0.0', '2.0.1', '2.0.2', '2.0.3']) {
        const folder = join(scratch, number);
        made.push(
          await writeSmallRelease(folder, { version: number, created: `2026-03-0${made.length + 1}T00:00:00.000Z` }),
        );
        await publishRelease(folder, s3.opened);
      }
      const shared = made[0].models[0].key;
      expect(new Set(made.map(({ models }) => models[0].key))).toEqual(new Set([shared]));
      await promoteRelease('2.0.0', s3.opened);

      const plan = await planPrune(s3.opened, { keep: 1 });
      expect(plan.releases).toEqual(['2.0.1', '2.0.2']);
      expect(plan.keys.slice(0, 2)).toEqual(['releases/2.0.1/manifest.json', 'releases/2.0.2/manifest.json']);
      expect(plan.keys).not.toContain(shared);
      await prune(s3.opened, plan);
      for (const version of ['2.0.0', '2.0.3']) {
        const { problems } = await verifyRelease({ ...s3.opened, version, list: undefined });
        expect(problems, version).toEqual([]);
      }
      expect((await s3.opened.list('releases/')).filter((key) => /^releases\/2\.0\.[12]\//.test(key))).toEqual([]);
    } finally {
      await s3.close();
    }
  });

  test('touches nothing where a manifest cannot be read', async () => {
    const s3 = await openLocalS3();
    try {
      const of = {
        sha256: 'UNSIGNED-PAYLOAD',
        mediaType: 'application/json',
        cacheControl: 'no-store',
        ifAbsent: true,
      };
      await s3.opened.put('releases/1.0.0/manifest.json', new TextEncoder().encode('{'), of);
      await expect(planPrune(s3.opened, { keep: 1 })).rejects.toThrow(
        /manifest\.json .* cannot be read.*nothing was removed/,
      );
    } finally {
      await s3.close();
    }
  });
});
