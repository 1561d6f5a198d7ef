import { manifestKey } from '#shared/release';

/** The bytes of a latest.json. */
export function encodeLatest(version: string, manifestSha256: string): Uint8Array<ArrayBuffer> {
  const latest = { version, manifest: { key: manifestKey(version), sha256: manifestSha256 } };
  return new TextEncoder().encode(`${JSON.stringify(latest, null, 2)}\n`);
}
