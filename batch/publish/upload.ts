import { hash } from 'node:crypto';
import { LATEST_KEY, manifestKey, releasePrefix } from '#shared/release';
import { AtlasError } from '../errors/index.ts';
import { inParallel } from './parallel.ts';
import type { Bucket } from './s3.ts';
import { folderSource } from './source.ts';
import { type Problem, readManifest, type Verification, verifyRelease } from './verify.ts';

/** Versioned keys never change. */
export const IMMUTABLE = 'public, max-age=31536000, immutable';
/** The one key that does. */
export const MUTABLE = 'public, max-age=0, must-revalidate';

/** A refused upload has sent its whole body by then, so what is larger than this is asked for first. */
const ASK_FIRST_BYTES = 256 * 1024;

export interface PublishOptions {
  /** Only say what would be done. */
  dryRun?: boolean;
  /** Read everything back from the bucket afterwards. */
  verify?: boolean;
  /** How many files travel at a time. */
  width?: number;
  signal?: AbortSignal;
  onProgress?: (stage: 'checking' | 'uploading' | 'verifying', done: number, total: number, bytes: number) => void;
}

export interface Published {
  version: string;
  /** Files of the release, latest.json included. */
  files: number;
  bytes: number;
  uploaded: number;
  skipped: number;
}

export interface PlannedFile {
  key: string;
  bytes: number;
  /** What would happen to it. */
  action: 'upload' | 'skip' | 'conflict';
}

/** A sentence that names the first problems and says how many there are. */
export function describeProblems(what: string, problems: Problem[]): string {
  const shown = problems.slice(0, 3).map(({ key, problem }) => `${key} ${problem}`);
  const rest = problems.length - shown.length;
  return `${what}: ${shown.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}.`;
}

interface Upload {
  key: string;
  sha256: string;
  mediaType: string;
  /** Known for all but the few files that the manifest does not list. */
  bytes: number;
}

/** Whether the bucket's object has the very bytes of `body`: by its MD5 where the ETag is one, else by reading it back. */
async function holdsSameBytes(
  bucket: Bucket,
  key: string,
  body: Uint8Array,
  sha256: string,
  signal?: AbortSignal,
): Promise<boolean | null> {
  const there = await bucket.head(key, signal);
  if (!there) return null;
  if (there.bytes !== body.length) return false;
  if (there.etag === hash('md5', body)) return true;
  const stored = await bucket.read(key, signal);
  return stored !== null && hash('sha256', stored) === sha256;
}

function conflict(key: string, bucket: Bucket): AtlasError {
  return new AtlasError(
    `${key} is in ${bucket.name} already, with other bytes. What is published never changes, so nothing was overwritten and ${LATEST_KEY} still names the release it named before. ` +
      'Compare the two with `atlas verify`; to publish changed data, build it as another version.',
  );
}

/**
 * Uploads a release: content first, in parallel and only where nothing is there yet, then the manifest, then latest.json,
 * so that a reader never sees half a release and a killed upload resumes where it stopped. The folder is verified before
 * the first byte leaves it.
 * @param folder a release root, or a releases/<version> folder in one.
 * @throws AtlasError where the folder does not verify, where a key holds other bytes already, and where the bucket refuses.
 */
export async function publishRelease(
  folder: string,
  bucket: Bucket,
  options: PublishOptions = {},
): Promise<Published & { plan?: PlannedFile[]; verification?: Verification }> {
  const { signal, onProgress, width = 8 } = options;
  const source = await folderSource(folder);
  const local = await verifyRelease(source, { signal, onProgress: (...at) => onProgress?.('checking', ...at) });
  if (local.problems.length > 0) {
    throw new AtlasError(
      `${describeProblems(`${folder} is not fit to publish`, local.problems)}\nBuild the release again, or fetch it again with \`atlas pull\`.`,
    );
  }
  const { manifest, latestBytes: localLatest, manifestBytes, sha256 } = await readManifest(source);
  const { version } = manifest!;
  const uploads: Upload[] = manifest!.files.map((file) => ({ ...file }));
  const sumsKey = `${releasePrefix(version)}SHA256SUMS`;
  if (!uploads.some((upload) => upload.key === sumsKey)) {
    const bytes = await source.read(sumsKey);
    if (bytes)
      uploads.push({
        key: sumsKey,
        sha256: hash('sha256', bytes),
        bytes: bytes.length,
        mediaType: 'text/plain; charset=utf-8',
      });
  }
  const manifestUpload: Upload = {
    key: manifestKey(version),
    sha256,
    bytes: manifestBytes!.length,
    mediaType: 'application/json',
  };
  const latestBytes = (source.version ? null : localLatest) ?? encodeLatest(version, sha256);
  const total = uploads.length + 2;
  const bytes = [...uploads, manifestUpload].reduce((sum, upload) => sum + upload.bytes, latestBytes.length);
  const published: Published = { version, files: total, bytes, uploaded: 0, skipped: 0 };

  const bodyOf = async (upload: Upload) => {
    const body = await source.read(upload.key, signal);
    if (!body || hash('sha256', body) !== upload.sha256)
      throw new AtlasError(`${upload.key} changed while the release was being uploaded. Run the same command again.`);
    return body;
  };

  if (options.dryRun) {
    const plan: PlannedFile[] = [];
    const look = async (upload: Upload) => {
      const same = await holdsSameBytes(bucket, upload.key, await bodyOf(upload), upload.sha256, signal);
      plan.push({
        key: upload.key,
        bytes: upload.bytes,
        action: same === null ? 'upload' : same ? 'skip' : 'conflict',
      });
    };
    await inParallel(uploads, width, look, signal);
    plan.sort((a, b) => (a.key < b.key ? -1 : 1));
    await look(manifestUpload);
    const same = await holdsSameBytes(bucket, LATEST_KEY, latestBytes, hash('sha256', latestBytes), signal);
    plan.push({ key: LATEST_KEY, bytes: latestBytes.length, action: same ? 'skip' : 'upload' });
    return { ...published, skipped: plan.filter((file) => file.action === 'skip').length, plan };
  }

  let sent = 0;
  const send = async (upload: Upload) => {
    const body = await bodyOf(upload);
    const of = { sha256: upload.sha256, mediaType: upload.mediaType, cacheControl: IMMUTABLE, ifAbsent: true };
    const asked =
      body.length > ASK_FIRST_BYTES ? await holdsSameBytes(bucket, upload.key, body, upload.sha256, signal) : null;
    if (asked === false) throw conflict(upload.key, bucket);
    if (asked === null && (await bucket.put(upload.key, body, of, signal)) === 'written') published.uploaded++;
    else if (asked || (await holdsSameBytes(bucket, upload.key, body, upload.sha256, signal))) published.skipped++;
    else throw conflict(upload.key, bucket);
    sent += upload.bytes;
    onProgress?.('uploading', published.uploaded + published.skipped, total, sent);
  };
  await inParallel(uploads, width, send, signal);
  await send(manifestUpload);
  if (await writeLatest(bucket, latestBytes, signal)) published.uploaded++;
  else published.skipped++;
  onProgress?.('uploading', total, total, bytes);

  if (!options.verify) return published;
  const verification = await verifyRelease(bucket, { signal, onProgress: (...at) => onProgress?.('verifying', ...at) });
  return { ...published, verification };
}

/** The bytes of a latest.json. */
export function encodeLatest(version: string, manifestSha256: string): Uint8Array<ArrayBuffer> {
  const latest = { version, manifest: { key: manifestKey(version), sha256: manifestSha256 } };
  return new TextEncoder().encode(`${JSON.stringify(latest, null, 2)}\n`);
}

/** Points the bucket at a release; false where it does so already. */
export async function writeLatest(bucket: Bucket, bytes: Uint8Array, signal?: AbortSignal): Promise<boolean> {
  const there = await bucket.read(LATEST_KEY, signal);
  if (there && Buffer.compare(there, bytes) === 0) return false;
  const of = { sha256: hash('sha256', bytes), mediaType: 'application/json', cacheControl: MUTABLE, ifAbsent: false };
  await bucket.put(LATEST_KEY, bytes, of, signal);
  return true;
}
