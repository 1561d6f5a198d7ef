import type { Context } from 'hono';
import { LATEST_KEY, mediaTypeOf } from '#shared/release';
import type { AppEnv } from '../env.ts';
import { Problem } from '../problems.ts';
import { isConditional, verdictOf } from './conditions.ts';

/** How an object is to be answered beyond its bytes. */
interface Manner {
  /** Left out: a year for what never changes, seconds for latest.json. */
  cacheControl?: string;
  /** Where given, a browser saves the file under this name instead of showing it. */
  filename?: string;
}

/**
 * Answers GET or HEAD with an object of the bucket: conditions, a single byte range, media type, caching.
 *
 * @throws Problem `not-found`, `range-not-satisfiable` or `precondition-failed`
 */
export async function serveObject(c: Context<AppEnv>, key: string, manner: Manner = {}): Promise<Response> {
  const bucket = c.env.RELEASES;
  const asked = c.req.raw.headers;
  const head = c.req.method === 'HEAD';

  // R2 can check conditions itself, and throws for any that is malformed.
  if (head || isConditional(asked)) {
    const object = await bucket.head(key);
    if (!object) throw missing(key);
    const headers = headersOf(object, manner);
    const verdict = verdictOf(asked, { etag: object.httpEtag, modified: object.uploaded });
    if (verdict === 'not-modified') return new Response(null, { status: 304, headers });
    if (verdict === 'failed')
      throw new Problem(
        'precondition-failed',
        `${key} is not the version asked for; it is now ${object.httpEtag}. Ask without the condition.`,
      );
    if (head) {
      headers.set('Content-Length', String(object.size));
      return new Response(null, { headers });
    }
  }

  const range = await wantedRange(c.req.raw, bucket, key);
  let object: R2ObjectBody | null;
  try {
    object = await bucket.get(key, range ? { range } : {});
  } catch (error) {
    // R2 throws for a range outside of the file as for a failure; the file's length tells them apart.
    const size = (await bucket.head(key))?.size;
    if (!range || size === undefined || satisfiable(range, size)) throw error;
    throw new Problem(
      'range-not-satisfiable',
      `${key} has ${size} bytes and the range ${c.req.header('Range')} lies outside of it. Ask for a range within the file.`,
      { size },
      { 'Content-Range': `bytes */${size}` },
    );
  }
  if (!object) throw missing(key);
  const headers = headersOf(object, manner);
  if (!range) {
    headers.set('Content-Length', String(object.size));
    return new Response(object.body, { headers });
  }
  const { start, end } = resolveRange(range, object.size);
  headers.set('Content-Range', `bytes ${start}-${end}/${object.size}`);
  headers.set('Content-Length', String(end - start + 1));
  return new Response(object.body, { status: 206, headers });
}

/** The problem for a key that no release has. */
export function missing(key: string): Problem {
  return new Problem(
    'not-found',
    `No release has a file "${key}". The manifest, which latest.json names, lists every file.`,
  );
}

function headersOf(object: R2Object, { cacheControl, filename }: Manner): Headers {
  const headers = new Headers();
  object.writeHttpMetadata(headers);
  if (!object.httpMetadata?.contentType) headers.set('Content-Type', mediaTypeOf(object.key));
  // All keys but one are written once: models under the hash of their content, the rest under a version that ends in
  // one.
  headers.set(
    'Cache-Control',
    cacheControl ?? (object.key === LATEST_KEY ? 'public, max-age=10' : 'public, max-age=31536000, immutable'),
  );
  headers.set('ETag', object.httpEtag);
  headers.set('Last-Modified', object.uploaded.toUTCString());
  headers.set('Accept-Ranges', 'bytes');
  if (filename !== undefined) headers.set('Content-Disposition', contentDisposition(filename));
  return headers;
}

type ByteRange = { offset: number; length?: number } | { suffix: number };

/**
 * The single byte range that a request asks for. A Range that is malformed or lists several is ignored, as RFC 9110
 * (14.2) allows, and so is one whose If-Range names another version.
 */
async function wantedRange(request: Request, bucket: R2Bucket, key: string): Promise<ByteRange | undefined> {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get('Range') ?? '') ?? [];
  if (first === undefined || (first === '' && last === '')) return undefined;
  const ifRange = request.headers.get('If-Range');
  if (ifRange !== null && (await bucket.head(key))?.httpEtag !== ifRange) return undefined;
  if (first === '') return { suffix: Number(last) };
  if (last === '') return { offset: Number(first) };
  if (Number(last) < Number(first)) return undefined;
  return { offset: Number(first), length: Number(last) - Number(first) + 1 };
}

function satisfiable(range: ByteRange, size: number): boolean {
  return 'suffix' in range ? range.suffix > 0 && size > 0 : range.offset < size;
}

function resolveRange(range: ByteRange, size: number): { start: number; end: number } {
  if ('suffix' in range) return { start: Math.max(0, size - range.suffix), end: size - 1 };
  return {
    start: range.offset,
    end: range.length === undefined ? size - 1 : Math.min(size, range.offset + range.length) - 1,
  };
}

/** RFC 6266: a name that every client reads, and the real one where it has more than plain ASCII. */
export function contentDisposition(filename: string): string {
  const plain = filename.replace(/[^\w.+ -]/g, '_');
  const exact = plain === filename ? '' : `; filename*=UTF-8''${encodeURIComponent(filename)}`;
  return `attachment; filename="${plain}"${exact}`;
}
