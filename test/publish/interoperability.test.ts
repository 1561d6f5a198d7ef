/**
 * What others' tools have to make of a release. What only Python has a reader for is tried by bench/peers/release.py.
 */
import { execFile, execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { type Manifest, manifestKey, manifest as manifestSchema, releasePrefix } from '#shared/release';
import { buildRelease, type ReleaseContent } from '../../batch/publish/index.ts';
import { smallContent } from '../support/content.ts';

let root: string;
let content: ReleaseContent;
let manifest: Manifest;
/** releases/<version>/ */
let folder: string;

beforeAll(async () => {
  root = join(await mkdtemp(join(tmpdir(), 'atlas-interoperability-')), 'release');
  content = await smallContent(['plain.jpg', 'a "photo", with all.jpg', 'Größe #1.jpg', "it's.jpg", 'fünf.jpg']);
  const { version } = await buildRelease(content, root);
  folder = join(root, releasePrefix(version));
  manifest = manifestSchema.parse(JSON.parse(await readFile(join(root, manifestKey(version)), 'utf8')));
});
afterAll(() => rm(join(root, '..'), { recursive: true, force: true }));

const text = (name: string) => readFile(join(folder, name), 'utf8');

describe('tables', () => {
  test('are read by DuckDB and hyparquet alike, from Parquet and from CSV, to the last digit', async () => {
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const rowsOf = async (query: string) => (await connection.runAndReadAll(query)).getRowObjects();
    const quoted = (key: string) => `'${join(root, key).replaceAll("'", "''")}'`;
    for (const { name, csv, parquet, rows } of manifest.tables) {
      const byHyparquet = await parquetReadObjects({
        file: new Uint8Array(await readFile(join(root, parquet))).buffer,
      });
      expect(byHyparquet, name).toHaveLength(rows);
      expect(await rowsOf(`SELECT * FROM read_parquet(${quoted(parquet)})`), name).toEqual(byHyparquet);
      await connection.run(`CREATE TABLE "${name}" AS SELECT * FROM read_parquet(${quoted(parquet)})`);
      // An empty text and no value are told apart by the quotes: "" is a text.
      const read = `read_csv(${quoted(csv)}, header = true, all_varchar = true, nullstr = '', quote = '"', escape = '"', allow_quoted_nulls = false)`;
      await connection.run(`CREATE TABLE "${name} csv" AS SELECT * FROM "${name}" LIMIT 0`);
      await connection.run(`INSERT INTO "${name} csv" SELECT * FROM ${read}`);
      expect(await rowsOf(`SELECT * FROM "${name} csv"`), name).toEqual(byHyparquet);
    }
    connection.closeSync();
  });

  test('hold what was measured', async () => {
    const rowsOf = async (name: string) => {
      const { parquet } = manifest.tables.find((table) => table.name === name)!;
      return await parquetReadObjects({ file: new Uint8Array(await readFile(join(root, parquet))).buffer });
    };
    const given = (name: string) => content.tables.find((table) => table.name === name)!.rows;
    expect(await rowsOf('predictions')).toEqual(given('predictions'));
    expect((await rowsOf('transfer')).map((row) => ({ ...row, seed: Number(row.seed) }))).toEqual(given('transfer'));
    expect(await rowsOf('perturbations')).toMatchObject([
      {
        perturbation: 'noise.inf10.s1',
        surrogate: 'none',
        crafting_ratio: null,
        npy: 'perturbations/noise.inf10.s1/perturbation.npy',
      },
      { perturbation: 'tiny.cosine-uap.inf10.s2', surrogate: 'tiny', crafting_ratio: 0.75, gradients: 100n },
    ]);
    expect(await rowsOf('dominance')).toHaveLength(4);
  });
});

describe('arrays', () => {
  const python = process.env.ATLAS_PYTHON ?? 'python3';
  let hasNumpy = false;
  try {
    execFileSync(python, ['-c', 'import numpy'], { stdio: 'ignore' });
    hasNumpy = true;
  } catch {}

  test('are .npy and .safetensors byte for byte, with the same numbers in both', async () => {
    for (const [i, { npy, safetensors }] of manifest.perturbations.entries()) {
      const { v } = content.perturbations[i];
      const numbers = Buffer.from(v.buffer);
      const array = await readFile(join(root, npy));
      // Version 1.0 of the format: magic, version, length of the header, a Python dictionary padded to 64 bytes with a
      // line end, the numbers.
      expect(array.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00');
      const end = 10 + array.readUInt16LE(8);
      expect(end % 64).toBe(0);
      expect(array.subarray(10, end).toString('latin1')).toMatch(
        new RegExp(
          `^\\{'descr': '<f4', 'fortran_order': False, 'shape': \\(3, ${manifest.canvas}, ${manifest.canvas}\\), \\} *\\n$`,
        ),
      );
      expect(array.subarray(end).equals(numbers)).toBe(true);

      const tensors = await readFile(join(root, safetensors));
      const start = 8 + Number(tensors.readBigUInt64LE(0));
      expect(start % 8).toBe(0);
      expect(JSON.parse(tensors.subarray(8, start).toString()).perturbation).toEqual({
        dtype: 'F32',
        shape: [3, manifest.canvas, manifest.canvas],
        data_offsets: [0, numbers.length],
      });
      expect(tensors.subarray(start).equals(numbers)).toBe(true);
    }
  });

  test.skipIf(!hasNumpy)('are read by NumPy', async () => {
    const script =
      'import numpy, sys\nfor file in sys.argv[1:]:\n  v = numpy.load(file, allow_pickle=False)\n  print(v.dtype.str, v.shape, float(v.min()), float(v.max()), float(v.sum()))';
    const files = manifest.perturbations.map(({ npy }) => join(root, npy));
    const { stdout } = await promisify(execFile)(python, ['-c', script, ...files]);
    const expected = content.perturbations.map(
      ({ v }) =>
        `<f4 (3, ${manifest.canvas}, ${manifest.canvas}) -10.0 10.0 ${v.reduce((sum, value) => sum + value, 0).toFixed(1)}`,
    );
    expect(stdout.trim().split('\n')).toEqual(expected);
  });
});

describe('documents', () => {
  test('SHA256SUMS is accepted by sha256sum, covers every file, and notices a changed one', async () => {
    const check = () => promisify(execFile)('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: folder });
    const { stdout } = await check();
    const lines = stdout.trim().split('\n');
    expect(lines.every((line) => line.endsWith(': OK'))).toBe(true);
    const onDisk = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
    // Not the sums themselves, nor the three files that tell of this very run or list one that does.
    expect(lines).toHaveLength(onDisk.length - 4);
    const licence = join(folder, 'LICENSE');
    const right = await readFile(licence);
    await writeFile(licence, 'changed');
    await expect(check()).rejects.toThrow(/1 computed checksum did NOT match/);
    await writeFile(licence, right);
  });

  test("README.md begins with a Hugging Face card's front matter whose configurations are the Parquet files", async () => {
    const [, yaml] = /^---\n(.*?)\n---\n/s.exec(await text('README.md'))!;
    const card = parseYaml(yaml);
    expect(card).toMatchObject({ pretty_name: content.study.title, license: 'cc-by-4.0', tags: expect.any(Array) });
    expect(
      card.configs.map(({ data_files }: { data_files: string }) => `${releasePrefix(manifest.version)}${data_files}`),
    ).toEqual(manifest.tables.map(({ parquet }) => parquet));
    expect(card.configs.filter((config: { default?: boolean }) => config.default)).toHaveLength(1);
  });

  test('CITATION.cff is YAML with what version 1.2.0 of the format asks for', async () => {
    const citation = parseYaml(await text('CITATION.cff'));
    expect(citation).toMatchObject({
      'cff-version': '1.2.0',
      message: expect.any(String),
      title: content.study.title,
      type: 'dataset',
      authors: [{ name: expect.any(String) }],
      version: manifest.version,
      license: 'CC-BY-4.0',
      abstract: content.study.description,
    });
    expect(String(citation['date-released'])).toMatch(/^2026-01-01/);
  });

  test('LICENSE and photos.json name author, licence and source of every photo', async () => {
    const licence = await text('LICENSE');
    const credits = JSON.parse(await text('photos/photos.json'));
    expect(credits).toEqual(content.photos.map(({ credit }) => credit));
    for (const { file, author, licence: of, source } of credits)
      expect(licence).toContain(`- ${file}: ${author}, ${of}, ${source}`);
  });

  test('study.json is the study, and a record says all that making it again takes', async () => {
    expect(JSON.parse(await text('study.json'))).toEqual(content.study);
    const record = JSON.parse(await text('perturbations/tiny.cosine-uap.inf10.s2/record.json'));
    for (const field of [
      ...['id', 'attack', 'settings', 'norm', 'epsilon', 'surrogates', 'crafting', 'seed', 'provider'],
      ...['gradients', 'curve', 'fooling', 'psnr', 'ssim', 'dominant'],
    ])
      expect(record).toHaveProperty(field);
    expect(record.surrogates[0]).toMatchObject({ id: 'tiny', preprocessing: { range: 255, channelOrder: 'RGB' } });
    expect(record.fooling.evaluation[0]).toMatchObject({
      ratio: expect.any(Number),
      low: expect.any(Number),
      noise: expect.any(Number),
    });
  });
});

describe('croissant.json', () => {
  type Node = Record<string, unknown> & { '@id': string };
  let document: Record<string, unknown> & { distribution: Node[]; recordSet: (Node & { field: Node[] })[] };
  beforeAll(async () => {
    document = JSON.parse(await text('croissant.json'));
  });

  test('has every field that Croissant 1.1 requires', () => {
    const required = [
      '@context',
      '@type',
      'description',
      'license',
      'name',
      'url',
      'creator',
      'datePublished',
      'version',
    ];
    for (const field of required) expect(document[field], field).toBeTruthy();
    expect(document.conformsTo).toBe('http://mlcommons.org/croissant/1.1');
    expect(document['@context']).toMatchObject({ conformsTo: 'dct:conformsTo', dct: 'http://purl.org/dc/terms/' });
    for (const file of document.distribution) {
      for (const field of ['@id', '@type', 'name', 'contentUrl', 'contentSize', 'encodingFormat', 'sha256'])
        expect(file[field], `${file['@id']} ${field}`).toBeTruthy();
    }
    for (const { field, ...records } of document.recordSet) {
      expect(records).toMatchObject({ '@type': 'cr:RecordSet', name: records['@id'] });
      for (const one of field)
        expect(one).toMatchObject({ '@type': 'cr:Field', dataType: expect.any(String), source: expect.any(Object) });
    }
  });

  test('is true of every file: address, size, hash', async () => {
    for (const { contentUrl, contentSize, sha256 } of document.distribution) {
      const bytes = await readFile(join(folder, contentUrl as string));
      expect(`${bytes.length} B`).toBe(contentSize);
      expect(hash('sha256', bytes)).toBe(sha256);
    }
    const listed = document.distribution.map(({ contentUrl }) => contentUrl);
    const data = manifest.files.filter(({ key }) => /\.(parquet|csv|npy|safetensors|onnx)$/.test(key));
    expect(listed).toEqual(
      expect.arrayContaining(
        data.map(({ key }) => key.replace(releasePrefix(manifest.version), '').replace(/^models/, '../../models')),
      ),
    );
  });

  test('names each thing once, and takes every field from a column or a key that is there', async () => {
    const nodes = [
      ...document.distribution,
      ...document.recordSet,
      ...document.recordSet.flatMap(({ field }) => field),
    ];
    expect(new Set(nodes.map((node) => node['@id'])).size).toBe(nodes.length);
    const files = new Map(document.distribution.map((file) => [file['@id'], file.contentUrl as string]));
    for (const { field } of document.recordSet) {
      for (const { source } of field as (Node & {
        source: { fileObject: Node; extract: { column?: string; jsonPath?: string } };
      })[]) {
        const from = await text(files.get(source.fileObject['@id'])!);
        const { column, jsonPath } = source.extract;
        if (column) expect(from.split('\n')[0].split(',')).toContain(column);
        else expect(JSON.parse(from)[0]).toHaveProperty(jsonPath!.replace('$[*].', ''));
      }
    }
  });
});
