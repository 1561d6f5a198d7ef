import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { readSafetensors } from '#shared/formats';
import { edgeModelBytes, isSafeName, type Manifest, mediaTypeOf, photoId, sha256Hex } from '#shared/release';
import { buildRelease, type ReleaseContent, verifyRelease } from '../../batch/publish/index.ts';
import { runOf, smallContent } from '../support/content.ts';
import { differing } from '../support/folders.ts';

describe('a release', () => {
  let folder: string;
  let content: ReleaseContent;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'atlas-build-'));
    content = await smallContent(['Größe #1.jpg', 'Größe #2.jpg', '../escape.jpg', 'plain.jpg', 'aux.jpg']);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const manifestIn = async (at: string): Promise<Manifest> => {
    const latest = JSON.parse(await readFile(join(at, 'latest.json'), 'utf8'));
    return JSON.parse(await readFile(join(at, latest.manifest.key), 'utf8'));
  };

  test('verifies, and gives every photo a key that any file system and address carries', async () => {
    const at = join(folder, 'a');
    await buildRelease(content, at);
    expect((await verifyRelease(at)).problems).toEqual([]);
    const { photos, version } = await manifestIn(at);
    const names = photos.map(({ key }) => key.slice(`releases/${version}/photos/`.length));
    expect(names).toEqual(['Gr-e-1.jpg', 'Gr-e-2.jpg', 'escape.jpg', 'plain.jpg', 'photo.jpg']);
    expect(photos.map(({ file }) => file)).toEqual(content.photos.map(({ credit }) => credit.file));
  });

  test('names photos by their ids, as site and Worker do, and says what kind of file each is', async () => {
    const at = join(folder, 'kinds');
    await buildRelease(content, at);
    const { photos, files } = await manifestIn(at);
    const plain = photos.filter(({ file }) => /^[\w.-]+$/.test(file) && isSafeName(file));
    expect(plain.map(({ key }) => photoId(key))).toEqual(plain.map(({ file }) => photoId(file)));
    for (const { key, mediaType } of files) expect(mediaType, key).toBe(mediaTypeOf(key));
  });

  test('says in each .safetensors file which perturbation it holds, in which units and layout', async () => {
    const at = join(folder, 'metadata');
    await buildRelease(content, at);
    for (const { id, attack, norm, epsilon, seed, safetensors } of (await manifestIn(at)).perturbations) {
      const { metadata } = readSafetensors(await readFile(join(at, safetensors)));
      const own = { id, attack, norm, epsilon: String(epsilon), seed: String(seed) };
      expect(metadata).toEqual({ ...own, units: '0..255', layout: 'CHW RGB' });
    }
  });

  test('offers no model at the edge that is too large for it, whatever its card says', async () => {
    const at = join(folder, 'edge');
    const [model] = content.models;
    const bytes = new Uint8Array(edgeModelBytes + 1);
    const large = { ...model, card: { ...model.card, id: 'large' }, bytes, sha256: sha256Hex(bytes) };
    await buildRelease({ ...content, models: [model, large] }, at);
    const { models } = await manifestIn(at);
    expect(models.map(({ card, edge }) => [card.id, card.edge, edge])).toEqual([
      [model.card.id, true, true],
      ['large', true, false],
    ]);
  });

  test('of the same content has the same bytes; of any other content another version', async () => {
    const built = await buildRelease(content, join(folder, 'b'));
    expect(await buildRelease(content, join(folder, 'c'))).toEqual(built);
    const [first] = content.perturbations;
    const record = { ...first.record, gradients: first.record.gradients + 1 };
    const other = await buildRelease({ ...content, perturbations: [{ ...first, record }] }, join(folder, 'e'));
    expect(other.version).not.toBe(built.version);
    // Another perturbation, whose files are as long.
    const v = first.v.map((value) => -value);
    const turned = await buildRelease({ ...content, perturbations: [{ ...first, v }] }, join(folder, 'turned'));
    expect(turned.version).not.toBe(built.version);
    // Several whose files are all as long: of two digits each.
    const versions = await Promise.all(
      [11, 12, 13, 14, 15].map(async (gradients) => {
        const alike = [{ ...first, record: { ...first.record, gradients } }];
        return (await buildRelease({ ...content, perturbations: alike }, join(folder, `alike-${gradients}`))).version;
      }),
    );
    expect(new Set(versions).size).toBe(5);
  });

  test('quotes what anybody may have written: no formula, field, heading, link or row comes of it', async () => {
    const at = join(folder, 'g');
    const evil = 'x\n# Owned\n[click](http://example.org) <img src=x> | `b`\n---\nlicense: mit';
    const formula = '=HYPERLINK("http://example.org","x")';
    const [model] = content.models;
    const [row] = content.tables.find(({ name }) => name === 'predictions')!.rows;
    const rows = [
      { ...row, clean_label: formula, perturbed_label: '@SUM(1)' },
      { ...row, clean_label: '-1.5', perturbed_label: '-cat', perturbed_probability: -1.5 },
    ];
    await buildRelease(
      {
        ...content,
        study: { ...content.study, title: evil, release: { ...content.study.release, licence: evil } },
        models: [{ ...model, card: { ...model.card, title: evil, credit: evil } }],
        tables: content.tables.map((table) => (table.name === 'predictions' ? { ...table, rows } : table)),
      },
      at,
    );
    const release = join(at, 'releases', (await manifestIn(at)).version);
    const readme = await readFile(join(release, 'README.md'), 'utf8');
    const [, front, body] = /^---\n(.*?)\n---\n(.*)$/s.exec(readme)!;
    expect(parseYaml(front)).toMatchObject({ license: evil.toLowerCase(), pretty_name: evil });
    expect(body).not.toMatch(/^(# Owned|---|license: mit)/m);
    expect(body).toMatch(/^# x # Owned \\\[click\\\]\(http/m);
    expect(body.split('```')).toHaveLength(3);
    expect(body.replace(/```.*```/s, '')).not.toMatch(/(?<!\\)(\[click|<img)/);
    expect(await readFile(join(release, 'LICENSE'), 'utf8')).not.toMatch(/^(# Owned|---)/m);
    const [, first, second] = (await readFile(join(release, 'tables/predictions.csv'), 'utf8')).split('\n');
    expect(first).toContain(`"'=HYPERLINK(""http://example.org"",""x"")"`);
    expect(first).toContain(",'@SUM(1),");
    expect(second).toContain(',-1.5,');
    expect(second).toContain(",'-cat,-1.5,");
    const [read] = await parquetReadObjects({
      file: new Uint8Array(await readFile(join(release, 'tables/predictions.parquet'))).buffer,
    });
    expect(read.clean_label).toBe(formula);
    expect((await verifyRelease(at)).problems).toEqual([]);
  });

  test('made at another time has the same version and bytes, but for run.json and the manifest, which lists it', async () => {
    const [here, there] = [join(folder, 'now'), join(folder, 'later')];
    const built = await buildRelease(content, here);
    const later = await buildRelease({ ...content, run: runOf('2027-01-01T00:00:00.000Z') }, there);
    expect(later.version).toBe(built.version);
    expect(await differing(here, there)).toEqual(
      ['latest.json', `releases/${built.version}/manifest.json`, `releases/${built.version}/run.json`].sort(),
    );
    expect((await verifyRelease(there)).problems).toEqual([]);
    const manifest = await manifestIn(there);
    expect(manifest).toMatchObject({ created: '2027-01-01T00:00:00.000Z', run: `releases/${built.version}/run.json` });
    expect(manifest.files.map(({ key }) => key)).toContain(manifest.run);
    await writeFile(join(there, manifest.run as string), '{}');
    expect((await verifyRelease(there)).problems.map(({ key }) => key)).toEqual([manifest.run]);
  });

  test('has the date that its study gives it, and none where it gives none', async () => {
    const at = join(folder, 'dateless');
    const { study } = content;
    const { date, ...release } = study.release;
    await buildRelease({ ...content, study: { ...study, release } }, at);
    expect((await verifyRelease(at)).problems).toEqual([]);
    const { version } = await manifestIn(at);
    const text = (where: string, of: string, name: string) => readFile(join(where, 'releases', of, name), 'utf8');
    for (const name of ['README.md', 'CITATION.cff', 'croissant.json']) {
      expect(await text(at, version, name), name).not.toMatch(/2026|date/i);
    }
    const dated = join(folder, 'dated');
    const { version: other } = await buildRelease(content, dated);
    expect(other).not.toBe(version);
    for (const name of ['README.md', 'CITATION.cff', 'croissant.json']) {
      expect(await text(dated, other, name), name).toContain(date);
    }
  });

  test('replaces the one before it as a whole', async () => {
    const at = join(folder, 'f');
    await buildRelease(content, at);
    await buildRelease({ ...content, run: runOf('2027-01-01T00:00:00.000Z') }, at);
    expect((await verifyRelease(at)).problems).toEqual([]);
  });
});

test('the id of a photo is its file name, without folders and without the last ending', () => {
  expect(['koala.jpg', 'a.b.PNG', 'zoo/bears/koala.webp', 'koala', '../koala.jpg'].map(photoId)).toEqual([
    'koala',
    'a.b',
    'koala',
    'koala',
    'koala',
  ]);
});

test('text is sent with its charset, other kinds by their media type, and what is unknown as bytes', () => {
  const types = Object.fromEntries(
    ['SHA256SUMS', 'README.md', 'transfer.csv', 'CITATION.cff', 'manifest.json', 'v.npy', 'a/b.c/x.JPG', 'x.zip'].map(
      (name) => [name, mediaTypeOf(`releases/1.0.0-abc/${name}`)],
    ),
  );
  expect(types).toEqual({
    SHA256SUMS: 'text/plain; charset=utf-8',
    'README.md': 'text/markdown; charset=utf-8',
    'transfer.csv': 'text/csv; charset=utf-8',
    'CITATION.cff': 'application/yaml',
    'manifest.json': 'application/json',
    'v.npy': 'application/octet-stream',
    'a/b.c/x.JPG': 'image/jpeg',
    'x.zip': 'application/octet-stream',
  });
});
