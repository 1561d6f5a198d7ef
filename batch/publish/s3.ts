import { AwsClient } from 'aws4fetch';
import { AtlasError, UsageError } from '#shared/errors';
import { type Answer, exchange, PATIENCE_MS } from './retries.ts';
import { type ListedObject, readListing, readRefusal } from './s3-xml.ts';
import { keyUrl, type ReleaseSource } from './source.ts';

/** A page of a listing names a thousand objects at most. */
const LARGEST_PAGE = 16e6;

/** What a bucket says of an object without sending it. */
export interface StoredObject {
  bytes: number;
  /**
   * Without its quotes; the MD5 of the bytes for whatever was uploaded in one piece and not encrypted with a key of its
   * own.
   */
  etag: string;
}

/** A bucket behind the S3 API: R2, S3, or wrangler's local R2. */
export interface Bucket extends ReleaseSource {
  read(key: string, signal?: AbortSignal, most?: number): Promise<Uint8Array | null>;
  list(prefix?: string): Promise<string[]>;
  /** Every object whose key begins so. */
  objects(prefix: string, signal?: AbortSignal): Promise<ListedObject[]>;
  head(key: string, signal?: AbortSignal): Promise<StoredObject | null>;
  /**
   * Writes one object; the body's sha256 is part of the signed request, so that a body changed under way is refused.
   * With `ifAbsent`, an object that exists stays as it is and the answer is 'exists'.
   */
  put(
    key: string,
    body: Uint8Array,
    of: { sha256: string; mediaType: string; cacheControl: string; ifAbsent: boolean },
    signal?: AbortSignal,
  ): Promise<'written' | 'exists'>;
  /** Removes one object; one that is not there is removed already. */
  remove(key: string, signal?: AbortSignal): Promise<void>;
}

/**
 * Endpoint and bucket of an address, e.g. https://<account>.r2.cloudflarestorage.com/<bucket>, or s3://<bucket> with
 * AWS_ENDPOINT_URL.
 */
function bucketUrl(address: string, env: NodeJS.ProcessEnv): URL {
  const example = 'https://<account>.r2.cloudflarestorage.com/<bucket>';
  const endpoint = env.AWS_ENDPOINT_URL_S3 ?? env.AWS_ENDPOINT_URL;
  const short = /^s3:\/\/([^/]+)\/?$/.exec(address);
  if (short && !endpoint)
    throw new UsageError(
      `${address} needs AWS_ENDPOINT_URL in the environment. Or give the whole address: ${example}.`,
    );
  const whole = short ? `${endpoint!.replace(/\/+$/, '')}/${short[1]}` : address.replace(/\/+$/, '');
  const url = URL.parse(whole);
  if (!url || !/^https?:$/.test(url.protocol))
    throw new UsageError(
      `"${address}" is no address of a bucket. Give the endpoint with the bucket's name: ${example}.`,
    );
  if (url.pathname === '/')
    throw new UsageError(`${address} names no bucket. Put its name behind the endpoint: ${example}.`);
  if (url.username || url.password || url.search) {
    throw new UsageError(
      `${url.origin}${url.pathname}: the address of a bucket holds no credentials and no query. They come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`,
    );
  }
  return url;
}

/**
 * Opens a bucket. Credentials come from the environment and nowhere else: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and
 * where they exist AWS_SESSION_TOKEN and AWS_REGION ("auto" without).
 * @throws UsageError for an address that names no bucket, and where credentials are missing.
 */
export function openBucket(
  address: string,
  env: NodeJS.ProcessEnv = process.env,
  { patienceMs = PATIENCE_MS }: { patienceMs?: number } = {},
): Bucket {
  const base = bucketUrl(address, env).href;
  const missing = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'].filter((name) => !env[name]);
  if (missing.length > 0) {
    throw new UsageError(
      `${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not set. Put the bucket's credentials in the environment (docs/deploy.md says where to get them).`,
    );
  }
  const client = new AwsClient({
    accessKeyId: env.AWS_ACCESS_KEY_ID!,
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY!,
    sessionToken: env.AWS_SESSION_TOKEN,
    service: 's3',
    region: env.AWS_REGION || 'auto',
    retries: 0, // `exchange` does it: aws4fetch gives up on a network failure
  });
  /** `body` goes out in silence: the larger it is, the longer the answer may take (100 kB/s at the least). */
  const request = (
    method: string,
    url: string,
    signal?: AbortSignal,
    init: RequestInit & { body?: Uint8Array<ArrayBuffer> } = {},
    most?: number,
  ) =>
    exchange((either) => client.fetch(url, { ...init, method, signal: either }), `${method} ${url}`, {
      signal,
      patienceMs: patienceMs + (init.body?.length ?? 0) / 100,
      most,
    });

  const bucket: Bucket = {
    name: base,

    async read(key, signal, most) {
      const url = keyUrl(base, key);
      const answer = await request('GET', url, signal, {}, most);
      return isOk(answer) ? answer.bytes : refused(answer, `GET ${url}`);
    },

    async head(key, signal) {
      const url = keyUrl(base, key);
      const answer = await request('HEAD', url, signal);
      if (!isOk(answer)) return refused(answer, `HEAD ${url}`);
      const etag = answer.headers.get('etag') ?? '';
      return {
        bytes: Number(answer.headers.get('content-length')),
        etag: etag.replace(/^W\//, '').replaceAll('"', ''),
      };
    },

    async put(key, body, of, signal) {
      const url = keyUrl(base, key);
      const headers: Record<string, string> = {
        'content-type': of.mediaType,
        'cache-control': of.cacheControl,
        'x-amz-content-sha256': of.sha256,
        'x-amz-meta-sha256': of.sha256,
      };
      if (of.ifAbsent) headers['if-none-match'] = '*';
      const answer = await request('PUT', url, signal, { body: body as Uint8Array<ArrayBuffer>, headers });
      if (answer.status === 412) return 'exists';
      if (!isOk(answer)) {
        refused(answer, `PUT ${url}`);
        throw new AtlasError(
          `PUT ${url} answered 404. Check that the bucket exists (wrangler r2 bucket create <name>) and the address names it.`,
        );
      }
      return 'written';
    },

    async remove(key, signal) {
      const url = keyUrl(base, key);
      const answer = await request('DELETE', url, signal);
      if (!isOk(answer)) refused(answer, `DELETE ${url}`);
    },

    async objects(prefix, signal) {
      const all: ListedObject[] = [];
      let token: string | undefined;
      do {
        const next: Record<string, string> = token ? { 'continuation-token': token } : {};
        const url = `${base}?${new URLSearchParams({ 'list-type': '2', prefix, ...next })}`;
        const answer = await request('GET', url, signal, {}, LARGEST_PAGE);
        if (!isOk(answer)) refused(answer, `GET ${url}`);
        const page = readListing(new TextDecoder().decode(answer.bytes));
        if (!page)
          throw new AtlasError(
            `${base} answered ${answer.status}, and not as a bucket does, when it was asked what it holds. Check that --to is the S3 endpoint with the bucket's name.`,
          );
        all.push(...page.objects);
        token = page.next;
      } while (token);
      return all;
    },

    list: async (prefix = '') => (await bucket.objects(prefix)).map(({ key }) => key),
  };
  return bucket;
}

const isOk = ({ status }: Answer) => status >= 200 && status < 300;

/** null for a key that is not there; every other refusal is an error that says what to do. */
function refused({ status, bytes }: Answer, what: string): null {
  const { code, message } = readRefusal(new TextDecoder().decode(bytes));
  if (status === 404 && code !== 'NoSuchBucket') return null;
  throw new AtlasError(
    `${what} was refused: ${`${status} ${code} ${message}`.trim().replace(/[.\s]*$/, '.')} ${adviceOn(status, code)}`,
  );
}

function adviceOn(status: number, code: string): string {
  if (code === 'NoSuchBucket') return 'Create it first (wrangler r2 bucket create <name>), or check the name.';
  if (code === 'RequestTimeTooSkewed') return "Set this machine's clock: signed requests hold for some minutes only.";
  if (code === 'NotImplemented')
    return 'This store lacks something that publishing relies on (If-None-Match: *, to never overwrite). Use R2, S3 or another store that has it.';
  if (status === 401 || status === 403)
    return 'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that the key may read, write and list this bucket.';
  return 'Check the address of the bucket.';
}
