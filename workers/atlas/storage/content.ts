import { parquetReadObjects } from 'hyparquet';
import { z } from 'zod';
import { readNpy } from '#shared/formats';
import {
  type Manifest,
  type PerturbationRecord,
  perturbationRecord,
  photoId,
  type ReleaseModel,
  type TransferRow,
  transferRow,
} from '#shared/release';
import type { Env } from '../env.ts';
import { Problem } from '../problems.ts';
import { Lru } from './lru.ts';
import { parse, parseJson } from './parse.ts';
import { read, readText, readVerified } from './read.ts';

/** A perturbation of a 224 canvas is 0.6 MB; these are all that an isolate keeps of them. */
const perturbations = new Lru<Float32Array>(8);
const labelLists = new Lru<string[]>(8);
/** The transfer table of the release that was last asked for. */
const transferTables = new Lru<TransferRow[]>(1);

/** The bytes of a prepared model, checked against the manifest's SHA-256. */
export const modelBytes = (env: Env, model: ReleaseModel): Promise<Uint8Array> =>
  readVerified(env, model.key, model.sha256);

/** The names of a model's classes, by index. */
export async function labelsOf(env: Env, model: ReleaseModel): Promise<string[]> {
  let labels = labelLists.get(model.labels);
  if (!labels) {
    labels = parseJson(model.labels, z.array(z.string()), await readText(env, model.labels));
    labelLists.set(model.labels, labels);
  }
  return labels;
}

/** A perturbation v, float32 [3,S,S] in 0..255 units, S being the release's canvas. */
export async function perturbationValues(env: Env, release: Manifest, npy: string): Promise<Float32Array> {
  const cached = perturbations.get(npy);
  if (cached) return cached;
  const data = await readPerturbation(env, release, npy);
  perturbations.set(npy, data);
  return data;
}

/** The same, from the bucket, and not kept. */
export async function readPerturbation(env: Env, release: Manifest, npy: string): Promise<Float32Array> {
  const { data, shape } = readNpy(await read(env, npy));
  const expected = [3, release.canvas, release.canvas];
  if (!(data instanceof Float32Array) || shape.join() !== expected.join()) {
    throw new Problem(
      'release-broken',
      `The perturbation ${npy} is not float32 [${expected}] as the manifest says. Publish the release again.`,
    );
  }
  return data;
}

/** The record of a perturbation. */
export async function recordOf(env: Env, key: string): Promise<PerturbationRecord> {
  return parseJson(key, perturbationRecord, await readText(env, key));
}

/**
 * The unchanged bytes of a photo of the release, by its id: the file name, with or without its ending. @throws Problem
 * `unknown-photo`
 */
export async function photoBytes(env: Env, release: Manifest, id: string): Promise<Uint8Array> {
  const photo = release.photos.find(({ file }) => file === id || photoId(file) === id);
  if (!photo) {
    throw new Problem('unknown-photo', `Release ${release.version} has no photo "${id}". Choose one of "known".`, {
      known: release.photos.map(({ file }) => photoId(file)),
    });
  }
  return read(env, photo.key);
}

/** The transfer table, from its Parquet file. @throws Problem `not-found` where the release has none */
export async function transferRows(env: Env, release: Manifest): Promise<TransferRow[]> {
  const table = release.tables.find(({ name }) => name === 'transfer');
  if (!table) throw new Problem('not-found', `Release ${release.version} has no transfer table.`);
  let rows = transferTables.get(table.parquet);
  if (!rows) {
    const { buffer } = await read(env, table.parquet);
    const read64 = (await parquetReadObjects({ file: buffer })).map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
      ),
    );
    rows = parse(table.parquet, z.array(transferRow), read64);
    transferTables.set(table.parquet, rows);
  }
  return rows;
}
