import { AwsClient } from 'aws4fetch';
import { AtlasError, UsageError } from '../errors/index.ts';
import { withRetries } from './retries.ts';
import { keyUrl, type ReleaseSource } from './source.ts';

/** What a bucket says of an object without sending it. */
export interface StoredObject {
  bytes: number;
  /** Without its quotes; the MD5 of the bytes for whatever was uploaded in one piece and not encrypted with a key of its own. */
  etag: string;
}

/** A bucket behind the S3 API: R2, S3, or wrangler's local R2. */
export interface Bucket extends ReleaseSource {
  read(key: string, signal?: AbortSignal): Promise<Uint8Array | null>;
  list(prefix?: string): Promise<string[]>;
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
}

/** Endpoint and bucket of an address, e.g. https://<account>.r2.cloudflarestorage.com/<bucket>, or s3://<bucket> with AWS_ENDPOINT_URL. */
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
export function openBucket(address: string, env: NodeJS.ProcessEnv = process.env): Bucket {
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
    retries: 0, // withRetries does it: aws4fetch gives up on a network failure
  });
  const request = (url: string, init: RequestInit, signal?: AbortSignal) =>
    withRetries(() => client.fetch(url, { ...init, signal }), `${init.method} ${url}`, signal);

  return {
    name: base,

    async read(key, signal) {
      const url = keyUrl(base, key);
      const response = await request(url, { method: 'GET' }, signal);
      if (!response.ok) return refused(response, `GET ${url}`);
      return new Uint8Array(await response.arrayBuffer());
    },

    async head(key, signal) {
      const url = keyUrl(base, key);
      const response = await request(url, { method: 'HEAD' }, signal);
      if (!response.ok) return refused(response, `HEAD ${url}`);
      return {
        bytes: Number(response.headers.get('content-length')),
        etag: (response.headers.get('etag') ?? '').replace(/^W\//, '').replaceAll('"', ''),
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
      const response = await request(url, { method: 'PUT', body: body as Uint8Array<ArrayBuffer>, headers }, signal);
      if (response.status === 412) return 'exists';
      if (!response.ok) {
        await refused(response, `PUT ${url}`);
        throw new AtlasError(
          `PUT ${url} answered 404. Check that the bucket exists (wrangler r2 bucket create <name>) and the address names it.`,
        );
      }
      await response.arrayBuffer();
      return 'written';
    },

    async list(prefix = '') {
      const keys: string[] = [];
      let token: string | undefined;
      do {
        const query = new URLSearchParams({
          'list-type': '2',
          prefix,
          ...(token ? { 'continuation-token': token } : {}),
        });
        const url = `${base}?${query}`;
        const response = await request(url, { method: 'GET' });
        if (!response.ok) await refused(response, `GET ${url}`);
        const xml = await response.text();
        keys.push(...[...xml.matchAll(/<Key>([^<]*)<\/Key>/g)].map((match) => xmlText(match[1])));
        const next = /<NextContinuationToken>([^<]*)</.exec(xml)?.[1];
        token = /<IsTruncated>true</.test(xml) && next ? xmlText(next) : undefined;
      } while (token);
      return keys;
    },
  };
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function xmlText(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) =>
    hex
      ? String.fromCodePoint(Number.parseInt(hex, 16))
      : decimal
        ? String.fromCodePoint(Number(decimal))
        : (ENTITIES[name] ?? whole),
  );
}

/** null for a key that is not there; every other refusal is an error that says what to do. */
async function refused(response: Response, what: string): Promise<null> {
  const text = await response.text();
  const code = /<Code>([^<]*)</.exec(text)?.[1] ?? '';
  const message = /<Message>([^<]*)</.exec(text)?.[1] ?? text.slice(0, 200);
  if (response.status === 404 && code !== 'NoSuchBucket') return null;
  const advice =
    code === 'NoSuchBucket'
      ? 'Create it first (wrangler r2 bucket create <name>), or check the name.'
      : response.status === 401 || response.status === 403
        ? 'Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and that the key may read and write this bucket.'
        : 'Check the address of the bucket.';
  throw new AtlasError(`${what} was refused: ${response.status} ${xmlText(`${code} ${message}`).trim()} ${advice}`);
}
