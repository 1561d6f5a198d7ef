import { bytesToHex } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { readNpy } from '#shared/formats';
import {
  LATEST_KEY,
  latest,
  type Manifest,
  manifest,
  type PerturbationRecord,
  perturbationRecord,
  type ReleaseModel,
} from '#shared/release';
import type { Env } from '../env.ts';
import { Problem } from '../problems.ts';
import { Lru } from './lru.ts';

/** How long an isolate answers from the release it knows before it looks whether another one is published. */
const LATEST_TTL_MS = 10_000;

/** A perturbation of a 224 canvas is 0.6 MB; these are all that an isolate keeps of them. */
const perturbations = new Lru<Float32Array>(8);
const labelLists = new Lru<string[]>(8);

let known: { manifest: Manifest; sha256: string; checked: number } | null = null;

/**
 * The published release: latest.json, then the manifest that it names. Parsed manifests are kept; latest.json is read again every ten seconds.
 *
 * @throws Problem `no-release` where nothing is published, `release-broken` where the manifest is missing or has other bytes than promised
 */
export async function currentRelease(env: Env): Promise<Manifest> {
  if (known && Date.now() - known.checked < LATEST_TTL_MS) return known.manifest;
  let pointer: R2ObjectBody | null;
  try {
    pointer = await env.RELEASES.get(LATEST_KEY);
  } catch (error) {
    if (!known) throw error;
    // A release is immutable: while the bucket does not answer, the one that is known is still right.
    return known.manifest;
  }
  if (!pointer) {
    known = null;
    throw new Problem(
      'no-release',
      'The bucket has no latest.json, so no release is published yet. Publish one with `atlas publish`, then ask again.',
      {},
      { 'Retry-After': '10' },
    );
  }
  const named = parseJson(LATEST_KEY, latest, await pointer.text()).manifest;
  if (known?.sha256 !== named.sha256) {
    const text = new TextDecoder().decode(await readVerified(env, named.key, named.sha256));
    known = { manifest: parseJson(named.key, manifest, text), sha256: named.sha256, checked: Date.now() };
  }
  known.checked = Date.now();
  return known.manifest;
}

/** The bytes of a prepared model, checked against the manifest's SHA-256. */
export async function modelBytes(env: Env, model: ReleaseModel): Promise<Uint8Array> {
  return new Uint8Array(await readVerified(env, model.key, model.sha256));
}

/** Label by class index of a model; "class 7" where the list is too short. */
export async function labelsOf(env: Env, model: ReleaseModel): Promise<(index: number) => string> {
  let labels = labelLists.get(model.labels);
  if (!labels) {
    labels = parseJson(model.labels, z.array(z.string()), new TextDecoder().decode(await read(env, model.labels)));
    labelLists.set(model.labels, labels);
  }
  return (index) => labels[index] ?? `class ${index}`;
}

/** A perturbation v, float32 [3,S,S] in 0..255 units, S being the release's canvas. */
export async function perturbationValues(env: Env, release: Manifest, npy: string): Promise<Float32Array> {
  const cached = perturbations.get(npy);
  if (cached) return cached;
  const { data, shape } = readNpy(new Uint8Array(await read(env, npy)));
  const expected = [3, release.canvas, release.canvas];
  if (!(data instanceof Float32Array) || shape.join() !== expected.join()) {
    throw new Problem(
      'release-broken',
      `The perturbation ${npy} is not float32 [${expected}] as the manifest says. Publish the release again.`,
    );
  }
  perturbations.set(npy, data);
  return data;
}

/** The record of a perturbation. */
export async function recordOf(env: Env, key: string): Promise<PerturbationRecord> {
  return parseJson(key, perturbationRecord, new TextDecoder().decode(await read(env, key)));
}

async function read(env: Env, key: string): Promise<ArrayBuffer> {
  const object = await env.RELEASES.get(key);
  if (!object)
    throw new Problem(
      'release-broken',
      `The manifest names ${key} and the bucket does not have it. Publish the release again.`,
    );
  return await object.arrayBuffer();
}

async function readVerified(env: Env, key: string, sha256: string): Promise<ArrayBuffer> {
  const bytes = await read(env, key);
  const digest = bytesToHex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
  if (digest !== sha256) {
    throw new Problem(
      'release-broken',
      `${key} has the SHA-256 ${digest} and should have ${sha256}. Publish the release again.`,
    );
  }
  return bytes;
}

function parseJson<T>(key: string, schema: z.ZodType<T>, text: string): T {
  let reason: string;
  try {
    const parsed = schema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    reason = z.prettifyError(parsed.error);
  } catch (error) {
    reason = String(error);
  }
  throw new Problem(
    'release-broken',
    `${key} does not have the form that this Worker reads (${reason}). Publish the release again.`,
  );
}
