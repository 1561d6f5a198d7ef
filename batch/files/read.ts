/** Files from this disk, whoever wrote them: regular files only, and no more of them than was asked for. */
import { constants, type Stats, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { megabytes, UsageError } from '#shared/errors';

/** The largest file that is read at once: a protobuf, such as an ONNX model, is no larger either. */
export const LARGEST_FILE = 2 ** 31 - 1;

/** A pipe would be waited for as long as nobody writes to it. (Windows has no such flag.) */
const AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * A file's bytes as a plain Uint8Array: a Buffer's `slice` would share its memory where every other's copies.
 * @param most in bytes; a larger file is refused before it is read.
 * @throws the disk's own error, or a UsageError whose message goes on after a colon: "it is a folder".
 */
export async function readBytes(
  path: string,
  { most = LARGEST_FILE }: { most?: number } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  return reading(path, async (file, { size }) => {
    if (size > most)
      throw new UsageError(`it has ${megabytes(size)}, and at most ${megabytes(most)} are read of such a file`);
    return readAtMost(file, size);
  });
}

/** The first `most` bytes of a regular file. @throws as readBytes. */
export function readStart(path: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  return reading(path, (file, { size }) => readAtMost(file, Math.min(size, most, LARGEST_FILE)));
}

async function reading<T>(path: string, read: (file: FileHandle, stats: Stats) => Promise<T>): Promise<T> {
  const file = await open(path, AT_ONCE);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new UsageError(stats.isDirectory() ? 'it is a folder' : 'it is no regular file');
    return await read(file, stats);
  } finally {
    await file.close();
  }
}

async function readAtMost(file: FileHandle, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  let at = 0;
  while (at < length) {
    const { bytesRead } = await file.read(bytes, at, length - at, null);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return at === length ? bytes : bytes.slice(0, at);
}

/** Bytes of a file; 0 where there is none, or a path that leads nowhere, which whoever opens it then says. */
export function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0;
  }
}

const reasons: Record<string, string> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  ENXIO: 'it is no regular file',
  EISDIR: 'it is a folder',
  ELOOP: 'it is a link that leads to itself',
  ENAMETOOLONG: 'its name is longer than any file has',
  EACCES: 'you may not read it',
};

/** Why a file could not be read, as it goes on after a colon: "there is no such file". */
export function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return Object.hasOwn(reasons, code) ? reasons[code] : message;
}
