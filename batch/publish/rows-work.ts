// Unpacks tables from anywhere. Called in a child process (see changes.ts): their pages claim sizes that nothing
// vouches for.
import { parquetReadObjects } from 'hyparquet';
import { AtlasError } from '#shared/errors';
import { reasonOf } from '../files/index.ts';

/** @param name says which table, in errors */
export async function rowsOf(parquet: Uint8Array, name: string): Promise<Record<string, unknown>[]> {
  try {
    return await parquetReadObjects({ file: new Uint8Array(parquet).buffer });
  } catch (error) {
    throw new AtlasError(`${name} cannot be unpacked: ${reasonOf(error)}. Verify that release, or fetch it again.`);
  }
}
