import { hash } from 'node:crypto';
import { AtlasError } from '#shared/errors';
import {
  LATEST_KEY,
  type Manifest,
  manifestKey,
  manifest as manifestSchema,
  mediaTypeOf,
  releasePrefix,
} from '#shared/release';
import { assertNumberSays, type Changes, snapshotOf } from './changes.ts';
import { encodeLatest } from './latest.ts';
import { inParallel } from './parallel.ts';
import type { Bucket, StoredObject } from './s3.ts';
import { folderSource, parseJson, type ReleaseSource } from './source.ts';
import { type Problem, readManifest, type Verification, verifyRelease } from './verify.ts';

/** Versioned keys never change. */
const IMMUTABLE = 'public, max-age=31536000, immutable';
/** The one key that does. */
const MUTABLE = 'public, max-age=0, must-revalidate';

export interface PublishOptions {
  /** Only say what would be done. */
  dryRun?: boolean;
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
  /** Beside the release of the same study that the bucket serves; null where there is none. */
  changes: (Changes & { since: string }) | null;
  /** Only of a dry run. */
  plan?: PlannedFile[];
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
  bytes: number;
}

/** A release in a folder, found whole, and what of it travels in which order. */
interface Parcel {
  source: ReleaseSource;
  manifest: Manifest;
  /** All but the two below. */
  content: Upload[];
  /** null where the bucket has that of another run of the same release. */
  manifestUpload: Upload | null;
  latest: Uint8Array;
}

/**
 * Uploads a release: content first, in parallel and only where nothing is there yet; then the manifest; then all of it
 * is read back and checked; and only then latest.json names it. So a reader never sees half a release, nor one that was
 * damaged on its way, and a killed upload resumes where it stopped. The folder is verified before the first byte leaves
 * it.
 *
 * @param folder a release root, or a releases/<version> folder in one.
 * @throws AtlasError where the folder does not verify, where its number says less than what changed (changes.ts), where
 * a key holds other bytes already,
 *   where what is read back is not what was sent, and where the bucket refuses.
 */
export async function publishRelease(folder: string, bucket: Bucket, options: PublishOptions = {}): Promise<Published> {
  const { signal, onProgress, width = 8 } = options;
  const packed = await pack(folder, options);
  const { version } = packed.manifest;
  const stored = new Map(
    [...(await bucket.objects(releasePrefix(version), signal)), ...(await bucket.objects('models/', signal))].map(
      (object) => [object.key, object],
    ),
  );
  const isPublished = stored.has(manifestKey(version));
  const parcel = isPublished ? await beside(packed, bucket, signal) : packed;
  const uploads = [...parcel.content, ...(parcel.manifestUpload ? [parcel.manifestUpload] : [])];
  const total = uploads.length + 1;
  const bytes = uploads.reduce((sum, upload) => sum + upload.bytes, parcel.latest.length);
  const changes = isPublished ? null : await changesSinceServed(parcel, bucket, signal);
  const published: Published = { version, files: total, bytes, uploaded: 0, skipped: 0, changes };

  if (options.dryRun) {
    const plan = await planOf(parcel, uploads, bucket, stored, options);
    return { ...published, skipped: plan.filter((file) => file.action === 'skip').length, plan };
  }

  let sent = 0;
  const send = async (upload: Upload) => {
    const body = await bodyOf(parcel.source, upload, signal);
    const there = stored.get(upload.key);
    const of = { sha256: upload.sha256, mediaType: upload.mediaType, cacheControl: IMMUTABLE, ifAbsent: true };
    if (!there && (await bucket.put(upload.key, body, of, signal)) === 'written') published.uploaded++;
    else if (await isSame(bucket, upload, body, there, signal)) published.skipped++;
    else throw conflict(upload.key, bucket);
    sent += upload.bytes;
    onProgress?.('uploading', published.uploaded + published.skipped, total, sent);
  };
  await inParallel(parcel.content, width, send, signal);
  if (parcel.manifestUpload) await send(parcel.manifestUpload);

  const { problems } = await verifyInBucket(bucket, version, options);
  if (problems.length > 0)
    throw new AtlasError(
      `${describeProblems(`Release ${version} was uploaded to ${bucket.name} and does not read back as it was sent`, problems)} ${LATEST_KEY} was not touched. Publish it again; if it stays so, the store is not to be trusted with it.`,
    );
  if (await writeLatest(bucket, parcel.latest, signal)) published.uploaded++;
  else published.skipped++;
  return published;
}

async function pack(folder: string, { signal, onProgress }: PublishOptions): Promise<Parcel> {
  const source = await folderSource(folder);
  const local = await verifyRelease(source, { signal, onProgress: (...at) => onProgress?.('checking', ...at) });
  if (local.problems.length > 0) {
    throw new AtlasError(
      `${describeProblems(`${folder} is not fit to publish`, local.problems)}\nBuild the release again, or fetch it again with \`atlas pull\`.`,
    );
  }
  const { manifest, latestBytes, manifestBytes, sha256 } = await readManifest(source, signal);
  const { version } = manifest!;
  const content: Upload[] = manifest!.files.map(({ key, sha256, bytes, mediaType }) => ({
    key,
    sha256,
    bytes,
    mediaType,
  }));
  const sumsKey = `${releasePrefix(version)}SHA256SUMS`;
  if (!content.some((upload) => upload.key === sumsKey)) {
    const bytes = (await source.read(sumsKey))!;
    content.push({ key: sumsKey, sha256: hash('sha256', bytes), bytes: bytes.length, mediaType: mediaTypeOf(sumsKey) });
  }
  return {
    source,
    manifest: manifest!,
    content,
    manifestUpload: {
      key: manifestKey(version),
      sha256,
      bytes: manifestBytes!.length,
      mediaType: mediaTypeOf(manifestKey(version)),
    },
    latest: (source.version ? null : latestBytes) ?? encodeLatest(version, sha256),
  };
}

/**
 * What is left to send where the bucket has this version already. Another run of the same study has the same version,
 * and differs in when and where it was made: what was published first stays, and latest.json names that.
 */
async function beside(parcel: Parcel, bucket: Bucket, signal?: AbortSignal): Promise<Parcel> {
  const { version, run } = parcel.manifest;
  const bytes = await bucket.read(manifestKey(version), signal);
  const { data: there } = manifestSchema.safeParse(bytes && parseJson(bytes));
  if (!bytes || !there || hash('sha256', bytes) === parcel.manifestUpload?.sha256) return parcel;
  const sums = ({ files, run }: Manifest) =>
    files.flatMap(({ key, sha256 }) => (key === run ? [] : `${sha256} ${key}`));
  const isSameData = sums(there).sort().join() === sums(parcel.manifest).sort().join();
  if (!isSameData || there.run !== run) return parcel;
  return {
    ...parcel,
    content: parcel.content.filter(({ key }) => key !== run),
    manifestUpload: null,
    latest: encodeLatest(version, hash('sha256', bytes)),
  };
}

/** Beside what the bucket serves now; null where that is nothing, nothing that can be read, or another study's. */
async function changesSinceServed(
  { source, manifest }: Parcel,
  bucket: Bucket,
  signal?: AbortSignal,
): Promise<Published['changes']> {
  const served = await readManifest(bucket, signal);
  if (!served.manifest || served.problems.length > 0 || served.manifest.study !== manifest.study) return null;
  if (served.manifest.version === manifest.version) return null;
  const before = await snapshotOf(bucket, served.manifest, signal);
  const changes = assertNumberSays(before, await snapshotOf(source, manifest, signal));
  return changes && { since: before.version, ...changes };
}

async function planOf(
  parcel: Parcel,
  uploads: Upload[],
  bucket: Bucket,
  stored: Map<string, StoredObject>,
  { signal, width = 8 }: PublishOptions,
): Promise<PlannedFile[]> {
  const plan: PlannedFile[] = [];
  const look = async (upload: Upload) => {
    const there = stored.get(upload.key);
    const same = there && (await isSame(bucket, upload, await bodyOf(parcel.source, upload, signal), there, signal));
    plan.push({ key: upload.key, bytes: upload.bytes, action: !there ? 'upload' : same ? 'skip' : 'conflict' });
  };
  await inParallel(uploads, width, look, signal);
  const order = new Map(uploads.map(({ key }, place) => [key, place]));
  plan.sort((a, b) => order.get(a.key)! - order.get(b.key)!);
  const latest = await bucket.read(LATEST_KEY, signal);
  const action = latest && Buffer.compare(latest, parcel.latest) === 0 ? 'skip' : 'upload';
  return [...plan, { key: LATEST_KEY, bytes: parcel.latest.length, action }];
}

async function bodyOf(source: ReleaseSource, upload: Upload, signal?: AbortSignal): Promise<Uint8Array> {
  const body = await source.read(upload.key, signal);
  if (!body || hash('sha256', body) !== upload.sha256)
    throw new AtlasError(`${upload.key} changed while the release was being uploaded. Run the same command again.`);
  return body;
}

/**
 * Whether the bucket's object has the very bytes of `body`: by its MD5 where the ETag is one, else by reading it back.
 */
async function isSame(
  bucket: Bucket,
  { key, sha256 }: Upload,
  body: Uint8Array,
  listed: StoredObject | undefined,
  signal?: AbortSignal,
): Promise<boolean> {
  const there = listed ?? (await bucket.head(key, signal));
  if (there?.bytes !== body.length) return false;
  if (there.etag === hash('md5', body)) return true;
  const stored = await bucket.read(key, signal);
  return stored !== null && hash('sha256', stored) === sha256;
}

function conflict(key: string, bucket: Bucket): AtlasError {
  return new AtlasError(
    `${key} is in ${bucket.name} already, with other bytes. What is published never changes, so nothing was overwritten and ${LATEST_KEY} still names the release it named before. ` +
      'To publish changed data, build it as another version.',
  );
}

/** Reads one release back from the bucket, whichever latest.json names. */
function verifyInBucket(
  bucket: Bucket,
  version: string,
  { signal, onProgress }: PublishOptions,
): Promise<Verification> {
  const source: ReleaseSource = {
    name: bucket.name,
    version,
    read: (key, signal, most) => bucket.read(key, signal, most),
    // What else lies in the bucket is nobody's business here.
    list: () => bucket.list(releasePrefix(version)),
  };
  return verifyRelease(source, { signal, onProgress: (...at) => onProgress?.('verifying', ...at) });
}

/** Points the bucket at a release; false where it does so already. */
export async function writeLatest(bucket: Bucket, bytes: Uint8Array, signal?: AbortSignal): Promise<boolean> {
  const there = await bucket.read(LATEST_KEY, signal);
  if (there && Buffer.compare(there, bytes) === 0) return false;
  const sha256 = hash('sha256', bytes);
  const of = { sha256, mediaType: mediaTypeOf(LATEST_KEY), cacheControl: MUTABLE, ifAbsent: false };
  await bucket.put(LATEST_KEY, bytes, of, signal);
  return true;
}
