/** Downloads of a known size and hash, which go on where an earlier one broke off. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { AtlasError, megabytes } from '#shared/errors';
import { watchPace } from './pace.ts';

export interface DownloadProgress {
  /** Bytes on this disk so far, those of an earlier, broken-off download included. */
  received: number;
  total: number;
}

/** What is asked for: the address, and what the file has to be. */
export interface Download {
  url: string;
  bytes: number;
  sha256: string;
}

interface DownloadOptions {
  onProgress?: (progress: DownloadProgress) => void;
  signal?: AbortSignal;
}

/** A download that failed. */
export class DownloadError extends AtlasError {
  override name = 'DownloadError';
  /** The answer's HTTP status, or null where the connection failed or broke off. */
  readonly status: number | null;

  constructor(message: string, status: number | null) {
    super(message);
    this.status = status;
  }
}

/** A server that sends nothing for so long, or next to nothing, is given up; what came is kept. */
const STALL_MS = 60_000;

/**
 * Downloads a file. What an earlier, broken-off download left beside it (`partOf`) is continued with a range request;
 * the file gets its name only after its size and SHA-256 are right.
 *
 * @throws DownloadError when the server fails or breaks off; AtlasError when it sends another file than was asked for,
 * which is deleted.
 */
export async function downloadFile(path: string, wanted: Download, options: DownloadOptions = {}): Promise<void> {
  const { url, bytes } = wanted;
  await mkdir(dirname(path), { recursive: true });
  const part = partOf(path);
  const had = existsSync(part) ? statSync(part).size : 0;
  // Longer than the file can only be rubbish; exactly as long needs no more than the check below.
  if (had > bytes) await rm(part);
  if (had !== bytes || bytes === 0) await fetchInto(part, wanted, had > bytes ? 0 : had, options);

  const sha256 = await hashFile(part, options.signal);
  if (sha256 !== wanted.sha256) {
    await rm(part, { force: true });
    throw new AtlasError(
      `${url} is not the file that it should be: SHA-256 ${sha256} instead of ${wanted.sha256}. It was deleted. Try once more; if it stays so, the file was changed at its source and must not be trusted.`,
    );
  }
  await rename(part, path);
}

/** Where an unfinished download lies: under a name that no file of a release can have. */
const partOf = (path: string) => join(dirname(path), `.${basename(path)}.part`);

async function fetchInto(part: string, wanted: Download, from: number, options: DownloadOptions): Promise<void> {
  const { url, bytes } = wanted;
  const { onProgress, signal } = options;
  const stalled = new AbortController();
  const pace = watchPace(STALL_MS, (detail) => stalled.abort(detail));
  const anySignal = AbortSignal.any(signal ? [signal, stalled.signal] : [stalled.signal]);
  const brokenOff = (received: number, detail: string) =>
    new DownloadError(
      `The download of ${url} broke off at ${megabytes(received)} of ${megabytes(bytes)}: ${detail}. What came is kept: the same command again goes on from there.`,
      null,
    );
  let received = from;
  try {
    const response = await fetch(url, {
      // Compressed on the way, a range would count other bytes than the file's.
      headers: { 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) },
      signal: anySignal,
    });
    const { status } = response;
    const resumed = status === 206 && startOf(response.headers.get('content-range')) === from;
    // A server that cannot go on from there, or would go on elsewhere, is asked for the whole.
    if (from > 0 && (status === 416 || (status === 206 && !resumed))) {
      await response.body?.cancel();
      pace.stop();
      return await fetchInto(part, wanted, 0, options);
    }
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      const answer = `${status} ${response.statusText}`.trim();
      throw new DownloadError(`${url} answered ${answer}. Check that the address still has the file.`, status);
    }
    if (!resumed) received = 0;
    const file = await open(part, from > 0 && resumed ? 'a' : 'w');
    try {
      for await (const chunk of response.body) {
        pace.received(chunk.byteLength);
        received += chunk.byteLength;
        if (received > bytes) break;
        await file.writeFile(chunk);
        onProgress?.({ received, total: bytes });
      }
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (signal?.aborted || error instanceof AtlasError || isOfDisk(error)) throw error;
    throw brokenOff(received, stalled.signal.aborted ? String(stalled.signal.reason) : reasonOf(error));
  } finally {
    pace.stop();
  }
  if (received > bytes) {
    await rm(part, { force: true });
    throw new AtlasError(
      `${url} is longer than the ${bytes} bytes that were expected, so it is not that file. Check the address, and the size that is written down for it.`,
    );
  }
  if (received < bytes) throw brokenOff(received, 'the server closed the connection');
}

/** The disk, and not the network, refused. */
const isOfDisk = (error: unknown) => /^(open|write|fsync)$/.test((error as NodeJS.ErrnoException).syscall ?? '');

/** "bytes 100-199/200" starts at 100. */
function startOf(contentRange: string | null): number | null {
  const match = /^bytes (\d+)-/.exec(contentRange ?? '');
  return match ? Number(match[1]) : null;
}

/** fetch says "fetch failed" and keeps why in its cause. */
function reasonOf(error: unknown): string {
  const { message, cause } = error as Error & { cause?: Error };
  return cause?.message ? `${message} (${cause.message})` : message;
}

/** SHA-256 of a file of any size, in hexadecimal. */
export async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return hash.digest('hex');
}
