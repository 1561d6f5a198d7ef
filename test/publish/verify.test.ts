import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeNpy } from '#shared/formats';
import { codecs } from '../../batch/photos/index.ts';
import { pullRelease, verifyRelease } from '../../batch/publish/index.ts';
import { folderSource } from '../../batch/publish/source.ts';
import { readManifest } from '../../batch/publish/verify.ts';
import { contentChecks } from '../../batch/publish/verify-content.ts';
import { writeSmallRelease } from '../support/small-release.ts';

let root: string;
const prefix = 'releases/1.0.0/';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'atlas-verify-'));
  await writeSmallRelease(root);
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** What verify says of one file. */
async function problemsOf(key: string): Promise<string[]> {
  const { problems } = await verifyRelease(root);
  return problems.filter((problem) => problem.key === key).map(({ problem }) => problem);
}

/** Changes a file and gives manifest, sums and latest.json the new hash, as a builder with a fault would. */
async function rewriteConsistently(change: (files: Map<string, Buffer>) => void): Promise<void> {
  const { hash } = await import('node:crypto');
  const manifestPath = join(root, prefix, 'manifest.json');
  const manifest = JSON.parse(await readFile(manifestPath, 'utf8'));
  const files = new Map<string, Buffer>();
  for (const file of manifest.files) files.set(file.key, await readFile(join(root, file.key)));
  change(files);
  for (const file of manifest.files) {
    const bytes = files.get(file.key)!;
    file.sha256 = hash('sha256', bytes);
    file.bytes = bytes.length;
    await writeFile(join(root, file.key), bytes);
  }
  const text = JSON.stringify(manifest);
  await writeFile(manifestPath, text);
  const sha256 = hash('sha256', text);
  await writeFile(
    join(root, 'latest.json'),
    JSON.stringify({ version: '1.0.0', manifest: { key: `${prefix}manifest.json`, sha256 } }),
  );
  const sums = manifest.files.map(
    ({ key, sha256 }: { key: string; sha256: string }) =>
      `${sha256}  ${key.startsWith(prefix) ? key.slice(prefix.length) : `../../${key}`}\n`,
  );
  await writeFile(join(root, prefix, 'SHA256SUMS'), sums.join(''));
}

describe('a release that is whole', () => {
  test('has no problems, as a root and as one version of it', async () => {
    const whole = await verifyRelease(root);
    expect(whole).toMatchObject({ version: '1.0.0', problems: [] });
    const onDisk = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    expect(whole.files).toBe(onDisk.length);
    expect(await verifyRelease(join(root, 'releases', '1.0.0'))).toMatchObject({ version: '1.0.0', problems: [] });
  });

  test('is verified and pulled over http, byte for byte', async () => {
    const server = createServer(async (request, response) => {
      const bytes = await readFile(join(root, decodeURIComponent(request.url!.slice('/data/'.length)))).catch(
        () => null,
      );
      response.writeHead(bytes ? 200 : 404).end(bytes ?? '');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/data`;
    try {
      const whole = await verifyRelease(root);
      expect(await verifyRelease(`${url}/`)).toEqual(whole);
      const out = join(root, 'pulled');
      expect((await pullRelease(url, out)).skipped).toBe(0);
      expect(await verifyRelease(out)).toEqual(whole);
      await rm(join(out, prefix, 'tables'), { recursive: true });
      const again = await pullRelease(url, out);
      expect(again.files - again.skipped).toBe(2 + 3); // two tables; sums, manifest and latest.json are always fetched
    } finally {
      server.close();
    }
  });
});

describe('verify says what is wrong', () => {
  test('with a byte that changed', async () => {
    const path = join(root, prefix, 'tables', 'transfer.csv');
    const bytes = await readFile(path);
    bytes[3] ^= 1;
    await writeFile(path, bytes);
    expect(await problemsOf(`${prefix}tables/transfer.csv`)).toEqual([expect.stringContaining('sha256')]);
  });

  test('with a file that is cut short', async () => {
    const key = `${prefix}perturbations/noise.inf10.s1/perturbation.npy`;
    await writeFile(join(root, key), (await readFile(join(root, key))).subarray(0, 100));
    expect(await problemsOf(key)).toEqual([expect.stringContaining('100 bytes')]);
  });

  test('with files that are missing, added or moved', async () => {
    await rename(join(root, prefix, 'photos', 'cat.jpg'), join(root, prefix, 'photos', 'dog.jpg'));
    await mkdir(join(root, 'stray'));
    await writeFile(join(root, 'stray', 'note.txt'), 'hello');
    expect(await problemsOf(`${prefix}photos/cat.jpg`)).toEqual(['is missing']);
    expect(await problemsOf(`${prefix}photos/dog.jpg`)).toHaveLength(1);
    expect(await problemsOf('stray/note.txt')).toHaveLength(1);
  });

  test('with a manifest that is not the one latest.json names', async () => {
    const path = join(root, prefix, 'manifest.json');
    await writeFile(path, `${await readFile(path, 'utf8')}\n`);
    expect((await problemsOf(`${prefix}manifest.json`)).join()).toContain('latest.json says');
  });

  test('with a table that lacks a column which the manifest names, in either form', async () => {
    const path = join(root, prefix, 'manifest.json');
    const manifest = JSON.parse(await readFile(path, 'utf8'));
    manifest.tables[0].columns = [
      { name: 'target', type: 'STRING', description: 'is in both' },
      { name: 'surprise', type: 'DOUBLE', description: 'is in neither' },
    ];
    await writeFile(path, JSON.stringify(manifest));
    const [csv] = await problemsOf(`${prefix}tables/transfer.csv`);
    expect(csv).toMatch(/lacks the column surprise$/);
    const [parquet] = await problemsOf(`${prefix}tables/transfer.parquet`);
    expect(parquet).toBe('lacks the column surprise (DOUBLE), which the manifest names');
  });

  test('with a perturbation above its bound, although every hash agrees', async () => {
    const key = `${prefix}perturbations/noise.inf10.s1/perturbation.npy`;
    await rewriteConsistently((files) => {
      const bytes = files.get(key)!;
      bytes.writeFloatLE(10.000001, bytes.length - 4);
    });
    expect((await problemsOf(key)).join()).toContain('above its bound of 10');
  });

  test.each([
    ['inf', 10, [10, 10.0001]],
    ['2', 100, [100 / Math.sqrt(192), 100.001 / Math.sqrt(192)]],
  ] as const)('with a perturbation above its bound under norm %s: %d, and no more', async (norm, epsilon, values) => {
    const { manifest } = await readManifest(await folderSource(root));
    const [perturbation] = manifest!.perturbations;
    const bounded = { ...manifest!, perturbations: [{ ...perturbation, norm, epsilon }] };
    const said = values.map((value) => {
      const npy = writeNpy(new Float32Array(192).fill(value), [3, 8, 8]);
      return contentChecks(bounded).get(perturbation.npy)!.look(npy);
    });
    expect(said).toEqual([[], [expect.stringContaining(`above its bound of ${epsilon}`)]]);
  });

  test('with a record that is not as its schema, although every hash agrees', async () => {
    const key = `${prefix}perturbations/noise.inf10.s1/record.json`;
    await rewriteConsistently((files) => {
      const record = JSON.parse(files.get(key)!.toString());
      files.set(key, Buffer.from(JSON.stringify({ ...record, epsilon: 'ten' })));
    });
    expect((await problemsOf(key)).join()).toContain('epsilon');
  });

  test('with a record that names a picture of how it grew which the manifest does not, and with one of no squares', async () => {
    const folder = `${prefix}perturbations/noise.inf10.s1/`;
    await rewriteConsistently((files) => {
      const record = JSON.parse(files.get(`${folder}record.json`)!.toString());
      const growth = { side: 8, gradients: [1], key: `${folder}growth.png` };
      files.set(`${folder}record.json`, Buffer.from(JSON.stringify({ ...record, growth })));
    });
    expect((await problemsOf(`${folder}record.json`)).join()).toContain('another picture of how it grew');

    const { manifest } = await readManifest(await folderSource(root));
    const [perturbation] = manifest!.perturbations;
    const key = `${folder}growth.png`;
    const { look } = contentChecks({ ...manifest!, perturbations: [{ ...perturbation, growth: key }] }).get(key)!;
    const { encodePng } = await codecs();
    const ofSize = (width: number, height: number) =>
      encodePng({ data: new Uint8ClampedArray(4 * width * height), width, height });
    expect(look(await ofSize(24, 8))).toEqual([]);
    expect(look(await ofSize(20, 8)).join()).toContain('no squares in a row');
    expect(look(new Uint8Array(9)).join()).toContain('no picture');
  });

  test('with labels too few and rows too many, although every hash agrees', async () => {
    await rewriteConsistently((files) => {
      files.set(`${prefix}labels/tiny.json`, Buffer.from('["cat"]'));
      files.set(
        `${prefix}tables/transfer.csv`,
        Buffer.concat([files.get(`${prefix}tables/transfer.csv`)!, Buffer.from('1,2\n')]),
      );
    });
    expect((await problemsOf(`${prefix}labels/tiny.json`)).join()).toContain('2 classes');
    expect((await problemsOf(`${prefix}tables/transfer.csv`)).join()).toContain('2 rows');
  });

  test('with a key that climbs out of the folder', async () => {
    const path = join(root, prefix, 'manifest.json');
    const manifest = JSON.parse(await readFile(path, 'utf8'));
    manifest.files.push({ key: '../outside.txt', sha256: '0'.repeat(64), bytes: 1, mediaType: 'text/plain' });
    await writeFile(path, JSON.stringify(manifest));
    expect((await problemsOf(`${prefix}manifest.json`)).join()).toContain('no safe file name');
  });

  test('with a folder that is no release at all', async () => {
    await expect(verifyRelease(join(root, 'releases'))).rejects.toThrow(/is no release/);
  });
});
