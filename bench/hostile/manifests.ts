/** Releases that mean harm: folders whose latest.json, manifest, sums or files are wrong in one way each. */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { writeNpy, writeSafetensors } from '#shared/formats';
import { casesOf, type Draw, extremes, pick, spoilt, texts } from './case.ts';
import type { HostileCase } from './run-case.ts';

const version = '1.0.0';
const prefix = `releases/${version}/`;
const bytesOf = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));

/** Keys that lead out of a folder, that a system obeys, or that only look like others. */
export const keys = [
  '../outside.txt',
  '/etc/passwd',
  `${prefix}../../../outside.txt`,
  'C:\\outside.txt',
  `${prefix}AUX`,
  `${prefix}com1.txt`,
  `${prefix}.git/config`,
  `${prefix}x.`,
  `${prefix}x `,
  `${prefix}a//b`,
  `${prefix}a:b`,
  `${prefix}${'x'.repeat(300)}`,
  `${prefix}\ud800`,
  `${prefix}\u202egnp.exe`,
  ...texts,
];

interface Made {
  files: Map<string, Uint8Array>;
  manifest: Record<string, unknown> & { files: Record<string, unknown>[] };
}

/** A release that is right but for what is changed: one of everything that a reader looks into. */
function release(): Made {
  const files = new Map<string, Uint8Array>();
  const add = (key: string, bytes: Uint8Array) => {
    files.set(key, bytes);
    return key;
  };
  const v = new Float32Array(192).fill(1);
  const folder = `${prefix}perturbations/p/`;
  const of = { id: 'p', attack: 'noise', norm: 'inf', epsilon: 10, seed: 1, surrogates: [] };
  const keysOf = {
    npy: add(`${folder}perturbation.npy`, writeNpy(v, [3, 8, 8])),
    safetensors: add(`${folder}perturbation.safetensors`, writeSafetensors({ v: { data: v, shape: [3, 8, 8] } })),
    preview: add(`${folder}preview.png`, png(8)),
    record: add(`${folder}record.json`, bytesOf({})),
  };
  const model = bytesOf('a model');
  const sha256 = hash('sha256', model);
  const card = {
    ...{ id: 'm', title: 'M', licence: 'MIT', source: { file: 'm.onnx' }, classes: 2, labels: null },
    ...{ published: null, edge: false },
    preprocessing: {
      ...{ inputSize: 8, channelOrder: 'RGB', layout: 'NCHW', range: 255 },
      ...{ mean: [0, 0, 0], std: [1, 1, 1] },
    },
  };
  const manifest: Made['manifest'] = {
    ...{ schema: 1, version, created: '2026-01-01T00:00:00.000Z', title: 'T', description: '', licence: 'MIT' },
    ...{ study: 's', commit: 'c', provider: 'cpu', seeds: [1], canvas: 8 },
    models: [
      {
        ...{ card, key: add(`models/${sha256}.onnx`, model), sha256, bytes: model.length, edge: false },
        labels: add(`${prefix}labels/m.json`, bytesOf(['a', 'b'])),
      },
    ],
    perturbations: [{ ...of, ...keysOf }],
    tables: [
      {
        name: 'other',
        csv: add(`${prefix}tables/other.csv`, bytesOf('a\n1\n')),
        parquet: add(`${prefix}tables/other.parquet`, parquet(Buffer.from([0x16, 2, 0]))),
        rows: 1,
      },
    ],
    photos: [{ file: 'a.png', author: 'a', licence: 'l', source: 's', key: add(`${prefix}photos/a.png`, png(8)) }],
    files: [],
  };
  return { files, manifest };
}

/** With the hashes that its files really have, so that all else of it is looked into. */
function finished({ files, manifest }: Made, change: (folder: Record<string, Uint8Array>) => void = () => {}) {
  manifest.files.push(
    ...[...files].map(([key, bytes]) => ({
      ...{ key, sha256: hash('sha256', bytes), bytes: bytes.length, mediaType: 'application/octet-stream' },
    })),
  );
  const folder: Record<string, Uint8Array> = Object.fromEntries(files);
  const text = bytesOf(manifest);
  folder[`${prefix}manifest.json`] = text;
  folder['latest.json'] = bytesOf({
    version,
    manifest: { key: `${prefix}manifest.json`, sha256: hash('sha256', text) },
  });
  folder[`${prefix}SHA256SUMS`] = bytesOf('');
  change(folder);
  return folder;
}

/** The header and nothing of the picture: what it says is all that is looked at. */
function png(side: number): Uint8Array {
  const bytes = Buffer.alloc(57);
  bytes.write('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1');
  bytes.writeUInt32BE(side >>> 0, 16);
  bytes.writeUInt32BE(side >>> 0, 20);
  return bytes;
}

/** A Parquet file of a footer alone. */
function parquet(footer: Uint8Array, length = footer.length): Uint8Array {
  const tail = Buffer.alloc(8);
  tail.writeUInt32LE(length >>> 0, 0);
  tail.write('PAR1', 4, 'latin1');
  return Buffer.concat([Buffer.from('PAR1'), footer, tail]);
}

const many = <T>(count: number, of: (i: number) => T) => Array.from({ length: count }, (_, i) => of(i));
const counts = [10, 1000, 30_000, 120_000];

type Kind = (draw: Draw) => Record<string, Uint8Array>;

/** The whole of a document, or of a file, in place of the right one. */
const instead = (key: string, bytes: Uint8Array) =>
  finished(release(), (folder) => void Object.assign(folder, { [key]: bytes }));
const changed = (change: (made: Made) => void) => {
  const made = release();
  change(made);
  return finished(made);
};

const anything = (draw: Draw): Uint8Array =>
  pick(draw, [
    () => bytesOf('['.repeat(pick(draw, counts))),
    () => bytesOf(`[${'{},'.repeat(pick(draw, counts))}{}]`),
    () => bytesOf(pick(draw, texts)),
    () => bytesOf(pick(draw, extremes)),
    () => bytesOf(null),
    () => Buffer.alloc(pick(draw, [0, 1, 65_000, 5_000_000]), draw.below(256)),
    () => deflateSync(Buffer.alloc(1_000_000)),
  ])();

const kinds: Record<string, Kind> = {
  'a latest.json of anything': (draw) => instead('latest.json', anything(draw)),
  'a version of anything': (draw) =>
    instead(
      'latest.json',
      bytesOf({
        version: pick(draw, [...keys, ...texts]),
        manifest: { key: pick(draw, keys), sha256: '0'.repeat(64) },
      }),
    ),
  'a manifest of anything': (draw) => instead(`${prefix}manifest.json`, anything(draw)),
  'a manifest of brackets': (draw) => {
    const piece = pick(draw, ['[', '{"a":', '{},', '[[],']);
    return instead(`${prefix}manifest.json`, bytesOf(`[${piece.repeat(pick(draw, [1e4, 1e6, 7e6]))}`));
  },
  'a manifest that is spoilt': (draw) =>
    finished(release(), (folder) => {
      folder[`${prefix}manifest.json`] = spoilt(draw, folder[`${prefix}manifest.json`]);
    }),
  'keys of anything': (draw) => changed(({ manifest }) => manifest.files.push(listed(pick(draw, keys), draw))),
  'many keys that are not there': (draw) =>
    changed(({ manifest }) => {
      for (const i of many(pick(draw, counts), (at) => at)) manifest.files.push(listed(`${prefix}${i}`, draw));
    }),
  'many keys that lead outside': (draw) =>
    changed(({ manifest }) => {
      for (const i of many(pick(draw, counts), (at) => at)) manifest.files.push(listed(`../${i}`, draw));
    }),
  'a list of empty objects': (draw) =>
    changed(({ manifest }) => {
      const field = pick(draw, ['files', 'models', 'perturbations', 'tables', 'photos', 'seeds']);
      manifest[field] = many(pick(draw, counts), () => ({}));
      if (field === 'files') manifest.files = manifest[field] as Made['manifest']['files'];
    }),
  'a field of anything': (draw) =>
    changed(({ manifest }) => {
      const field = pick(
        draw,
        Object.keys(manifest).filter((name) => name !== 'files'),
      );
      manifest[field] = pick<unknown>(draw, [...extremes, ...texts, null, [], {}, [[[]]], true]);
    }),
  'ids of anything': (draw) =>
    changed(({ manifest }) => {
      const list = manifest[pick(draw, ['perturbations', 'photos', 'tables'])] as Record<string, unknown>[];
      const field = pick(draw, Object.keys(list[0]));
      list[0][field] = pick<unknown>(draw, [...keys, ...extremes]);
    }),
  'columns of anything': (draw) =>
    changed(({ manifest }) => {
      const [table] = manifest.tables as Record<string, unknown>[];
      const type = pick(draw, ['INT32', 'STRING', 'HYPERLINK']);
      const name = pick(
        draw,
        texts.filter((text) => text.length < 100),
      );
      table.columns = many(pick(draw, counts), (i) => ({ name: `${name}${i}`, type, description: '' }));
    }),
  'sums of anything': (draw) => instead(`${prefix}SHA256SUMS`, anything(draw)),
  'a file of anything': (draw) => changed(({ files }) => void files.set(pick(draw, [...files.keys()]), anything(draw))),
  'a file that is spoilt': (draw) =>
    changed(({ files }) => {
      const key = pick(draw, [...files.keys()]);
      files.set(key, spoilt(draw, files.get(key)!));
    }),
  'a footer of anything': (draw) =>
    changed(({ files }) => {
      const list = Buffer.from([0x29, 0xf1, 0xff, 0xff, 0xff, 0xff, 0x07]);
      const deep = Buffer.alloc(pick(draw, counts), 0x1c);
      const footer = pick(draw, [list, deep, Buffer.alloc(9, 0xff), Buffer.from([0x16, ...many(20, () => 0xff)])]);
      files.set(`${prefix}tables/other.parquet`, parquet(footer, pick(draw, [footer.length, ...extremes])));
    }),
};

const listed = (key: string, draw: Draw) => ({
  ...{
    key,
    sha256: '0'.repeat(64),
    bytes: pick(
      draw,
      extremes.filter((size) => size >= 0 && size < 2 ** 53),
    ),
  },
  mediaType: 'text/plain',
});

/** A folder that cannot hold a key leaves it out: what the manifest says of it is what is tried. */
const isWritable = (key: string) =>
  !key.startsWith('/') && key.split('/').every((part) => part !== '..' && part !== '' && part.length < 200);

/** Without end; the same seed gives the same. */
export function cases(seed: number, from = 0): Iterable<HostileCase> {
  const makers = Object.entries(kinds).map(([kind, make]) => [
    kind,
    (draw: Draw): Omit<HostileCase, 'name'> => ({
      files: Object.fromEntries(Object.entries(make(draw)).filter(([key]) => isWritable(key))),
      command: (folder: string) => (draw.below(3) === 0 ? analyse(folder) : ['verify', folder]),
    }),
  ]);
  return casesOf('release', seed, Object.fromEntries(makers), from);
}

/** The other way in which a stranger's folder is read. */
const analyse = (folder: string) => ['analyse', join(folder)];
