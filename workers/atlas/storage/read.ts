import { bytesToHex } from '@noble/hashes/utils.js';
import type { Env } from '../env.ts';
import { Problem } from '../problems.ts';

/** The bytes of a key that the manifest names. @throws Problem `release-broken` where the bucket does not have it */
export async function read(env: Env, key: string): Promise<Uint8Array<ArrayBuffer>> {
  const object = await env.RELEASES.get(key);
  if (!object)
    throw new Problem(
      'release-broken',
      `The manifest names ${key} and the bucket does not have it. Publish the release again.`,
    );
  return new Uint8Array(await object.arrayBuffer());
}

/** The same, checked. @throws Problem `release-broken` where it has another SHA-256 */
export async function readVerified(env: Env, key: string, sha256: string): Promise<Uint8Array<ArrayBuffer>> {
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

export const readText = async (env: Env, key: string): Promise<string> =>
  new TextDecoder().decode(await read(env, key));
