import { type ChildProcess, fork } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { latest, manifestKey, manifest as manifestSchema, releasePrefix } from '#shared/release';
import { random } from '#shared/synthetic';
import type { Bucket } from '../../batch/publish/index.ts';
import { openLocalS3, proxy } from '../support/s3.ts';
import { writeTinyRelease } from '../support/tiny-release.ts';

const PUBLISHES = 200;
/**
 * Requests that publishing a tiny release makes. A kill hits each of them once before the bucket hears of it and once
 * after.
 */
const REQUESTS = 15;
const KILLS = 2 * REQUESTS;
const publisher = fileURLToPath(new URL('publisher.ts', import.meta.url));

let local: Awaited<ReturnType<typeof openLocalS3>>;
let scratch: string;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  local = await openLocalS3();
  scratch = await mkdtemp(join(tmpdir(), 'atlas-readers-'));
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await local?.close();
  await rm(scratch, { recursive: true, force: true });
});

/** Starts a publisher; another message is awaited with `heard`. */
function startPublisher(bucket: string) {
  const child = fork(publisher, [bucket], {
    env: { ...process.env, ...local.credentials },
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  running.add(child);
  const gone = new Promise<'killed'>((done) => child.once('exit', () => done('killed')));
  const heard = () => Promise.race([new Promise<string>((done) => child.once('message', done)), gone]);
  return { child, ready: heard(), gone, heard };
}

/** How far a version's upload came, by what lies in the bucket. */
async function reached(bucket: Bucket, version: string): Promise<string> {
  const keys = await bucket.list(releasePrefix(version));
  const pointer = latest.parse(JSON.parse(new TextDecoder().decode((await bucket.read('latest.json'))!)));
  if (pointer.version === version) return 'latest.json names it';
  if (keys.includes(manifestKey(version))) return 'manifest there, latest.json names another';
  return keys.length > 0 ? 'content without a manifest' : 'nothing there';
}

/**
 * Follows latest.json to the manifest and to every file, and checks every hash, as any reader would; the version, or
 * null where nothing is published yet. A version that is in `whole` was read before and is not read again.
 * @throws Error for anything that is missing or not as promised.
 */
async function readRelease(bucket: Bucket, whole: Set<string>): Promise<string | null> {
  const get = async (key: string) => {
    const bytes = await bucket.read(key);
    if (!bytes) throw new Error(`${key} is missing`);
    return bytes;
  };
  const parse = (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes));
  const first = await bucket.read('latest.json');
  if (!first) return null;
  const pointer = latest.parse(parse(first));
  if (whole.has(pointer.version)) return pointer.version;
  const bytes = await get(pointer.manifest.key);
  if (hash('sha256', bytes) !== pointer.manifest.sha256) throw new Error(`${pointer.manifest.key} has another hash`);
  for (const { key, sha256 } of manifestSchema.parse(parse(bytes)).files)
    if (hash('sha256', await get(key)) !== sha256) throw new Error(`${key} has another hash`);
  return pointer.version;
}

test(`a reader sees only whole releases through ${PUBLISHES} publishes, of which ${KILLS} are killed at any of their steps`, async () => {
  const draw = random(1, 'kills of a publisher');
  const shuffled = <T>(items: T[]) => {
    for (let i = items.length - 1; i > 0; i--) {
      const other = draw.below(i + 1);
      [items[i], items[other]] = [items[other], items[i]];
    }
    return items;
  };
  const moments = shuffled(Array.from({ length: KILLS }, (_, i) => ({ request: 1 + (i >> 1), after: i % 2 === 1 })));
  // The first publish is left alone: until it is done there is nothing to read.
  const victims = shuffled(Array.from({ length: PUBLISHES - 1 }, (_, i) => 1 + i)).slice(0, KILLS);
  const kills = new Map(victims.map((publish, i) => [publish, moments[i]]));

  let kill: (typeof moments)[number] | undefined;
  let requests = 0;
  let current: ReturnType<typeof startPublisher>;
  const front = await proxy(local, () => {
    if (++requests !== kill?.request) return null;
    current.child.kill('SIGKILL');
    // The bucket may have done what it was asked, although nobody is left to hear of it.
    return kill.after ? 'lost' : 'reset';
  });
  current = startPublisher(front.url);
  let spare = startPublisher(front.url);
  await current.ready;

  const seen = new Set<string>();
  const faults: string[] = [];
  let reading = true;
  let most = 0;
  const stages = new Map<string, number>();
  const publishAll = async () => {
    for (let i = 0; i < PUBLISHES; i++) {
      const version = `1.0.${i}`;
      const folder = join(scratch, version);
      await writeTinyRelease(folder, version, new Date(Date.UTC(2026, 0, 1, 0, 0, i)).toISOString());
      requests = 0;
      kill = kills.get(i);
      current.child.send(folder);
      const outcome = await current.heard();
      if (!kill) most = Math.max(most, requests);
      kill = undefined;
      if (outcome === 'killed') {
        const stage = await reached(local.opened, version);
        stages.set(stage, (stages.get(stage) ?? 0) + 1);
        [current, spare] = [spare, startPublisher(front.url)];
        await current.ready;
        // Half of the victims are published again at once, the other half never.
        if (draw.below(2) === 1) {
          current.child.send(folder);
          expect(await current.heard()).toBe('published');
        }
      } else expect(outcome).toBe('published');
      await rm(folder, { recursive: true });
    }
  };
  const readAll = async () => {
    while (reading) {
      const version = await readRelease(local.opened, seen).catch((error: Error) => void faults.push(error.message));
      if (version) seen.add(version);
      await new Promise((done) => setTimeout(done, 20));
    }
  };
  const reader = readAll();
  await publishAll().finally(() => {
    reading = false;
    front.close();
  });
  await reader;

  expect(faults).toEqual([]);
  expect(most).toBe(REQUESTS);
  expect(seen.size).toBeGreaterThan(PUBLISHES / 4);
  expect([...stages.keys()].sort()).toEqual([
    'content without a manifest',
    'latest.json names it',
    'manifest there, latest.json names another',
    'nothing there',
  ]);

  expect([...stages.values()].reduce((sum, count) => sum + count, 0)).toBe(KILLS);
}, 300_000);
