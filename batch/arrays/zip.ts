import { unzipSync } from 'fflate';
import { FormatError } from '#shared/formats';

/** @throws FormatError */
export function unzip(bytes: Uint8Array): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes);
  } catch (error) {
    throw new FormatError(
      `This is no zip file that can be read (${error instanceof Error ? error.message : error}). Fetch or save it again.`,
    );
  }
}
