import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { latest, type Manifest, manifest } from '#shared/release';

/** The release that global-setup.ts builds once for every test that needs one. */
export const TEST_RELEASE =
  process.env.ATLAS_TEST_RELEASE ?? fileURLToPath(new URL('../../.atlas/test/release', import.meta.url));

/** Reads a file of the test release by its key. */
export const readKey = (key: string): Promise<Buffer> => readFile(join(TEST_RELEASE, key));

/** The manifest of the test release. */
export async function testManifest(): Promise<Manifest> {
  const pointer = latest.parse(JSON.parse((await readKey('latest.json')).toString()));
  return manifest.parse(JSON.parse((await readKey(pointer.manifest.key)).toString()));
}
