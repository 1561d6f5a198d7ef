import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AtlasError } from '../errors/index.ts';
import type { ZooModel } from './cards.ts';
import { megabytes, modelPath, readModelBytes } from './files.ts';

export interface FetchProgress {
  /** Bytes on this disk so far, those of an earlier, broken-off download included. */
  received: number;
  total: number;
}

/** A server that sends nothing for so long is given up; what came is kept. */
const STALL_MS = 60_000;

/**
 * Downloads a model into the cache and gives its path. What an earlier, broken-off download left in `<path>.part` is continued with a
 * range request; the finished file appears under its name only after its size and SHA-256 are right. A model beside its card is only checked.
 *
 * @throws AtlasError when the server fails, breaks off, or sends another file than the card describes.
 */
export async function fetchModel(
  model: ZooModel,
  { onProgress, signal }: { onProgress?: (progress: FetchProgress) => void; signal?: AbortSignal } = {},
): Promise<string> {
  const { source } = model.card;
  const path = modelPath(model);
  if (!('url' in source)) {
    await readModelBytes(model);
    return path;
  }
  if (existsSync(path) && statSync(path).size === source.bytes && (await hashFile(path, signal)) === source.sha256)
    return path;

  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.part`;
  const had = existsSync(part) ? (await stat(part)).size : 0;
  // Longer than the model can only be rubbish; exactly as long needs no more than the check below.
  if (had > source.bytes) await rm(part);
  if (had !== source.bytes) await download(source, part, had > source.bytes ? 0 : had, { onProgress, signal });

  const sha256 = await hashFile(part, signal);
  if (sha256 !== source.sha256) {
    await rm(part, { force: true });
    throw new AtlasError(
      `${source.url} is not the file that the card of ${model.card.id} describes: SHA-256 ${sha256} instead of ${source.sha256}. It was deleted. Try once more; if it stays so, the file was changed at its source, and the card must not be trusted with it.`,
    );
  }
  await rename(part, path);
  return path;
}

async function download(
  source: { url: string; bytes: number },
  part: string,
  from: number,
  { onProgress, signal }: { onProgress?: (progress: FetchProgress) => void; signal?: AbortSignal },
): Promise<void> {
  const stalled = new AbortController();
  let timer = setTimeout(() => stalled.abort(), STALL_MS);
  const anySignal = AbortSignal.any(signal ? [signal, stalled.signal] : [stalled.signal]);
  let received = from;
  try {
    const response = await fetch(source.url, {
      // Compressed on the way, a range would count other bytes than the file's.
      headers: { 'accept-encoding': 'identity', ...(from > 0 ? { range: `bytes=${from}-` } : {}) },
      signal: anySignal,
    });
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new AtlasError(
        `${source.url} answered ${response.status} ${response.statusText}. Check that the address still has the file, or put the file into the cache by hand.`.replace(
          ' .',
          '.',
        ),
      );
    }
    const resumed = response.status === 206 && startOf(response.headers.get('content-range')) === from;
    if (from > 0 && response.status === 206 && !resumed) {
      await response.body.cancel();
      throw new AtlasError(
        `${source.url} was asked for bytes ${from} onwards and sent ${response.headers.get('content-range') ?? 'others'}. Delete ${part} and try again.`,
      );
    }
    if (!resumed) received = 0;
    const file = await open(part, resumed ? 'a' : 'w');
    try {
      for await (const chunk of response.body) {
        clearTimeout(timer);
        timer = setTimeout(() => stalled.abort(), STALL_MS);
        received += chunk.byteLength;
        if (received > source.bytes) break;
        await file.writeFile(chunk);
        onProgress?.({ received, total: source.bytes });
      }
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (signal?.aborted || error instanceof AtlasError) throw error;
    throw brokenOff(source, received, stalled.signal.aborted ? 'nothing came for a minute' : reasonOf(error));
  } finally {
    clearTimeout(timer);
  }
  if (received > source.bytes) {
    await rm(part, { force: true });
    throw new AtlasError(
      `${source.url} is longer than the ${source.bytes} bytes of its card, so it is not that file. Check the card's url and bytes.`,
    );
  }
  if (received < source.bytes) throw brokenOff(source, received, 'the server closed the connection');
}

function brokenOff(source: { url: string; bytes: number }, received: number, detail: string): AtlasError {
  return new AtlasError(
    `The download of ${source.url} broke off at ${megabytes(received)} of ${megabytes(source.bytes)}: ${detail}. What came is kept: the same command again goes on from there.`,
  );
}

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

async function hashFile(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return hash.digest('hex');
}
