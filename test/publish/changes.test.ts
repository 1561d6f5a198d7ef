import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changesBetween, snapshotOf } from '../../batch/publish/changes.ts';
import { assertNumberSays, publishRelease, type Snapshot } from '../../batch/publish/index.ts';
import { openSource } from '../../batch/publish/source.ts';
import { openLocalS3 } from '../support/s3.ts';
import { writeSmallRelease } from '../support/small-release.ts';
import { writeTinyRelease } from '../support/tiny-release.ts';

const rows = [
  { target: 'a', seed: 1n, ratio: 0.5 },
  { target: 'b', seed: 1n, ratio: 0.25 },
];
const snapshot = (version: string, of: Partial<{ data: [string, string][]; transfer: object[] }> = {}): Snapshot => ({
  version,
  study: 'one',
  data: new Map(of.data ?? [['the perturbation v', 'aa']]),
  tables: new Map([['transfer', (of.transfer ?? rows) as Record<string, unknown>[]]]),
});
const before = snapshot('1.2.3-00000000');
const kindOf = (of: Parameters<typeof snapshot>[1]) => changesBetween(before, snapshot('1.2.4-11111111', of)).kind;

describe('what changed is', () => {
  test('PATCH where the data is the same', () => {
    expect(kindOf({})).toBe('patch');
    expect(kindOf({ transfer: rows.toReversed() })).toBe('patch');
  });

  test('MINOR where data was added', () => {
    expect(
      kindOf({
        data: [
          ['the perturbation v', 'aa'],
          ['the perturbation w', 'bb'],
        ],
      }),
    ).toBe('minor');
    expect(kindOf({ transfer: [...rows, { target: 'c', seed: 1n, ratio: 0 }] })).toBe('minor');
    expect(kindOf({ transfer: rows.map((row) => ({ ...row, low: 0 })) })).toBe('minor');
  });

  test('MAJOR where data was changed or taken away', () => {
    expect(kindOf({ data: [['the perturbation v', 'bb']] })).toBe('major');
    expect(kindOf({ data: [] })).toBe('major');
    expect(kindOf({ transfer: [rows[0], rows[0]] })).toBe('major');
    expect(kindOf({ transfer: [rows[0], { ...rows[1], ratio: 0.26 }] })).toBe('major');
    expect(kindOf({ transfer: rows.map(({ ratio, ...row }) => row) })).toBe('major');
  });
});

test.each([
  ['1.2.3', '1.2.4', {}, true],
  ['1.2.3', '1.2.3', {}, false],
  ['1.2.3', '1.1.9', {}, false],
  [
    '1.2.3',
    '1.3.0',
    {
      data: [
        ['the perturbation v', 'aa'],
        ['more', 'cc'],
      ],
    },
    true,
  ],
  [
    '1.2.3',
    '1.2.9',
    {
      data: [
        ['the perturbation v', 'aa'],
        ['more', 'cc'],
      ],
    },
    false,
  ],
  ['1.2.3', '2.0.0', { data: [] }, true],
  ['1.2.3', '1.9.0', { data: [] }, false],
  ['0.2.3', '0.3.0', { data: [] }, true],
  ['0.2.3', '0.2.4', { data: [] }, false],
  ['0.9.9', '0.10.0', { data: [] }, true],
] as const)('from %s to %s with %j: says enough? %s', (from, to, of, enough) => {
  const check = () =>
    assertNumberSays(snapshot(`${from}-0`), snapshot(`${to}-1`, of as Parameters<typeof snapshot>[1]));
  if (enough) expect(check()).not.toBeNull();
  else expect(check).toThrow(/says less than what changed.*"version": "\d+\.\d+\.\d+"/);
});

describe('publishing', () => {
  let s3: Awaited<ReturnType<typeof openLocalS3>>;
  let scratch: string;
  beforeAll(async () => {
    s3 = await openLocalS3();
    scratch = await mkdtemp(join(tmpdir(), 'atlas-changes-'));
  });
  afterAll(async () => {
    await s3?.close();
    await rm(scratch, { recursive: true, force: true });
  });
  const write = async (version: string, options: Parameters<typeof writeSmallRelease>[1] = {}) => {
    const folder = join(scratch, version);
    await writeSmallRelease(folder, { version, ...options });
    return folder;
  };

  test('holds the number to what changed since the release that is served, and uploads nothing otherwise', async () => {
    expect((await publishRelease(await write('1.0.0'), s3.opened)).changes).toBeNull();
    const again = await publishRelease(await write('1.0.1', { salt: 'packaged anew' }), s3.opened);
    expect(again.changes).toMatchObject({ since: '1.0.0', kind: 'patch', what: [] });
    await expect(publishRelease(await write('1.0.2', { bound: 9 }), s3.opened)).rejects.toThrow(
      /changes the perturbation noise\.inf10\.s1.*"version": "2\.0\.0"/,
    );
    expect(await s3.opened.list('releases/1.0.2')).toEqual([]);
    expect((await publishRelease(await write('2.0.0', { bound: 9 }), s3.opened)).changes?.kind).toBe('major');
    // One that is there already may be served again: its number was held to account when it came.
    expect((await publishRelease(join(scratch, '1.0.0'), s3.opened)).uploaded).toBe(1);
  });

  test('compares nothing with the release of another study', async () => {
    const folder = join(scratch, 'other');
    await writeTinyRelease(folder, '0.1.0', '2026-05-01T00:00:00.000Z');
    expect((await publishRelease(folder, s3.opened)).changes).toBeNull();
  });
});

test('a table whose pages are damaged, by whoever wrote its hash too, is told and ends nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'atlas-changes-'));
  const manifest = await writeSmallRelease(folder);
  const source = await openSource(folder);
  const [{ parquet }] = manifest.tables;
  const read = async (key: string) => {
    const bytes = (await source.read(key)) as Uint8Array;
    // The first page's header lies behind the four bytes of the mark; the footer stays as it is.
    if (key === parquet) bytes.fill(0xff, 4, 12);
    return bytes;
  };
  const listed = manifest.files.find(({ key }) => key === parquet)!;
  listed.sha256 = hash('sha256', await read(parquet));
  await expect(snapshotOf({ ...source, name: 'that release', read }, manifest)).rejects.toThrow(
    /^The table transfer of that release cannot be unpacked: .+ Verify that release/,
  );
  listed.sha256 = hash('sha256', 'no table');
  const readNone = async () => new TextEncoder().encode('no table');
  await expect(snapshotOf({ ...source, name: 'that release', read: readNone }, manifest)).rejects.toThrow(
    /of that release is not the table that its manifest lists/,
  );
  await rm(folder, { recursive: true });
});
