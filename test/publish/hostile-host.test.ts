import { hash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Manifest } from '#shared/release';
import { pullRelease, verifyRelease } from '../../batch/publish/index.ts';
import { exchange } from '../../batch/publish/retries.ts';
import { type HostileHost, serveHostile, type Trick } from '../support/hostile-host.ts';
import { writeSmallRelease } from '../support/small-release.ts';

/** More than socket buffers on both sides hold, and far less than what hurts. */
const IN_FLIGHT = 24e6;
const prefix = 'releases/1.0.0/';

let origin: string;
let manifest: Manifest;
let out: string;
let host: HostileHost;

beforeAll(async () => {
  origin = await mkdtemp(join(tmpdir(), 'atlas-hostile-'));
  manifest = await writeSmallRelease(origin, { extra: [100] });
});
afterAll(() => rm(origin, { recursive: true, force: true }));
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'atlas-hostile-pull-'));
});
afterEach(async () => {
  host?.close();
  await rm(out, { recursive: true, force: true });
});

const serve = async (tricks: Record<string, Trick>) => {
  host = await serveHostile(origin, tricks);
  return host.url;
};
/** By how many bytes what lies outside of the language's own heap grew at most meanwhile. */
async function peakOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage().external;
  let most = 0;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().external - before);
  }, 2);
  await work().finally(() => clearInterval(timer));
  return most;
}
const problemsAt = async (url: string) =>
  (await verifyRelease(url)).problems.map(({ key, problem }) => `${key} ${problem}`).join('\n');

describe('a host that sends without end', () => {
  test.each<[key: string, most: number, says: RegExp]>([
    ['latest.json', 64_000, /latest\.json is longer than the 64000 bytes/],
    [`${prefix}manifest.json`, 32e6, /manifest\.json is longer than the 32000000 bytes/],
    [`${prefix}SHA256SUMS`, 1e5, /SHA256SUMS is longer than the sums of all files/],
    [`${prefix}tables/transfer.csv`, 1e5, /transfer\.csv has more than the \d+ bytes/],
    [`${prefix}extra/0.bin`, 1e5, /0\.bin has more than the 100 bytes/],
  ])('%s: no more than a bound is taken, and it is said', async (key, most, says) => {
    for (const trick of ['endless', 'bomb'] as const) {
      const url = await serve({ [key]: trick });
      const peak = await peakOf(async () => expect(await problemsAt(url), trick).toMatch(says));
      expect(peak, trick).toBeLessThan(2 * most + IN_FLIGHT);
      await expect(pullRelease(url, join(out, trick)), trick).rejects.toThrow();
      expect(host.sent.get(key) ?? 0, trick).toBeLessThan(2 * (most + IN_FLIGHT));
      expect(existsSync(join(out, trick, 'latest.json'))).toBe(false);
      expect(existsSync(join(out, trick, prefix, 'manifest.json'))).toBe(false);
      expect([...host.encodings]).toEqual(['identity']);
      host.close();
    }
  });

  test('a refusal: only its beginning is taken', async () => {
    const url = await serve({ '*': 'endless refusal' });
    expect(await problemsAt(url)).toMatch(/latest\.json is missing/);
    await expect(pullRelease(url, out)).rejects.toThrow(/latest\.json is missing/);
    expect(host.sent.get('latest.json')).toBeLessThan(2 * IN_FLIGHT);
  });

  test('a large file within its bound: it lies in memory once', async () => {
    const url = await serve({ large: new Uint8Array(3e8) });
    const before = process.memoryUsage().external;
    const { bytes } = await exchange((signal) => fetch(`${url}/large`, { signal }), url, { most: 3e8 + 1 });
    expect(process.memoryUsage().external - before).toBeLessThan(4.5e8);
    expect(bytes.length).toBe(3e8);
  });

  test('a byte now and then: it is given up for its slowness', async () => {
    const url = await serve({ '*': 'drip' });
    await expect(
      exchange((signal) => fetch(`${url}/latest.json`, { signal }), url, { patienceMs: 300, most: 1000 }),
    ).rejects.toThrow(/could not be reached in 6 attempts: only \d+ bytes came in 0\.3 s/);
  });
});

describe('an address that no waiting mends is asked once', () => {
  const asked = (address: string) => exchange((signal) => fetch(address, { signal }), 'the release');

  test('redirects in a circle', async () => {
    let circles = 0;
    const server = createServer((_, answer) => {
      circles += 1;
      answer.writeHead(302, { location: '/again' }).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(asked(`http://127.0.0.1:${port}/`)).rejects.toThrow(/cannot be reached: redirect count exceeded/);
    // What fetch itself follows, and not six times as many.
    expect(circles).toBe(21);
    await expect(asked(`https://127.0.0.1:${port}/`)).rejects.toThrow(/the release cannot be reached: .*wrong version/);
    server.close();
  });

  test.each([
    ['ftp://127.0.0.1/', /cannot be reached: unknown scheme/],
    ['http://127.0.0.1:1/', /cannot be reached: bad port/],
  ])('%s', async (address, says) => {
    await expect(asked(address)).rejects.toThrow(says);
  });
});

describe('a host that lies', () => {
  test('about its sums: they are not kept', async () => {
    const sums = (await readFile(join(origin, prefix, 'SHA256SUMS'), 'utf8')).replace(/^[0-9a-f]{4}/, '0000');
    const url = await serve({ [`${prefix}SHA256SUMS`]: Buffer.from(sums) });
    await expect(pullRelease(url, out)).rejects.toThrow(/sums that are not those of its manifest.*another hash/);
    expect(existsSync(join(out, prefix, 'SHA256SUMS'))).toBe(false);
    expect(existsSync(join(out, prefix, 'manifest.json'))).toBe(false);
  });

  test('with a manifest of a million faults: it says some, in little time', async () => {
    const url = await serve({
      'latest.json': Buffer.from('{"version":"1.0.0"}'),
    });
    expect(await problemsAt(url)).toMatch(/manifest is missing/);
    host.close();
    const faults = async (count: number) => {
      const files = { ...manifest, files: Array(count).fill({}) };
      const other = await serve({ [`${prefix}manifest.json`]: Buffer.from(JSON.stringify(files)) });
      const { problems } = await verifyRelease(`${other}/${prefix}`).finally(() => host.close());
      return problems;
    };
    const started = performance.now();
    const tooMany = await faults(2e6);
    expect(tooMany.map(({ problem }) => problem)).toEqual([expect.stringContaining('more than 1000000 lists')]);
    const problems = await faults(9e5);
    expect(problems.map(({ problem }) => problem)).toContain('files.0.key is missing');
    expect(problems.length).toBeLessThan(10);
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  test('by a file that has the name of an unfinished one: each has its own bytes', async () => {
    const [one, other] = [Buffer.from('one'), Buffer.from('other')];
    const named = (name: string, bytes: Buffer) => ({
      ...{ key: `${prefix}extra/${name}`, bytes: bytes.length, sha256: hash('sha256', bytes), mediaType: 'text/plain' },
    });
    // The second is done before the first begins, as `width` has it.
    const files = [...manifest.files, named('x.part', one), named('x', other)];
    const url = await serve({
      [`${prefix}manifest.json`]: Buffer.from(JSON.stringify({ ...manifest, files })),
      [`${prefix}extra/x.part`]: one,
      [`${prefix}extra/x`]: other,
      [`${prefix}SHA256SUMS`]: 'none',
    });
    await pullRelease(url, out, { version: '1.0.0', width: 1 });
    expect(await readFile(join(out, prefix, 'extra/x.part'), 'utf8')).toBe('one');
    expect(await readFile(join(out, prefix, 'extra/x'), 'utf8')).toBe('other');
  });

  test('by a manifest that lists itself with other bytes: nothing is fetched', async () => {
    const itself = { key: `${prefix}manifest.json`, bytes: 2, sha256: hash('sha256', '{}'), mediaType: 'text/plain' };
    const files = [...manifest.files, itself];
    const url = await serve({ [itself.key]: Buffer.from(JSON.stringify({ ...manifest, files })) });
    await expect(pullRelease(url, out, { version: '1.0.0' })).rejects.toThrow(/manifest\.json lists itself/);
    expect(existsSync(join(out, 'releases'))).toBe(false);
  });

  test('with more stray files than a call takes arguments', async () => {
    const files = Array.from({ length: 150_000 }, (_, i) => ({ ...manifest.files[0], key: `../${i}` }));
    const url = await serve({ [`${prefix}manifest.json`]: Buffer.from(JSON.stringify({ ...manifest, files })) });
    const { problems } = await verifyRelease(url);
    expect(problems.length).toBeLessThan(1100);
    expect(problems.some(({ problem }) => problem.includes('no safe file name'))).toBe(true);
  });
});
