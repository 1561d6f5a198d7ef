import { setTimeout as pause } from 'node:timers/promises';
import { AtlasError } from '#shared/errors';
import { watchPace } from '../files/index.ts';

const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 200;
/** A server may ask for a longer pause than ours; for no longer than this. */
const LONGEST_PAUSE_MS = 30_000;

/** Thrown by an attempt that another one may well succeed after. */
export class TryAgain extends Error {
  /** What the server asks to wait, in milliseconds. */
  readonly waitMs: number;

  constructor(detail: string, waitMs = 0) {
    super(detail);
    this.waitMs = waitMs;
  }
}

/**
 * Tries again with back-off (jitter, doubling from 0.2 s, six attempts in all) after a network failure or a TryAgain.
 * An AtlasError of an attempt is final, and so is a failure that the address itself is to blame for.
 *
 * @throws AtlasError naming `what` once every attempt has failed; the signal's reason where it was aborted.
 */
export async function withRetries<T>(attempt: () => Promise<T>, what: string, signal?: AbortSignal): Promise<T> {
  let detail = '';
  let asked = 0;
  for (let i = 0; i < ATTEMPTS; i++) {
    signal?.throwIfAborted();
    if (i > 0) {
      const ours = FIRST_PAUSE_MS * 2 ** (i - 1) * (0.5 + Math.random() / 2);
      await pause(Math.min(Math.max(ours, asked), LONGEST_PAUSE_MS), undefined, { signal });
    }
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof AtlasError) throw error;
      asked = error instanceof TryAgain ? error.waitMs : 0;
      const cause = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
      detail = (cause.message || (error as Error).message).trim();
      if (isHopeless(cause)) throw new AtlasError(`${what} cannot be reached: ${detail}. Check the address.`);
    }
  }
  throw new AtlasError(
    `${what} could not be reached in ${ATTEMPTS} attempts: ${detail}. Check the address and the network, then run the same command again: what is done stays done.`,
  );
}

/** What no waiting changes: no such kind of address, redirects in a circle, a certificate that is not to be trusted. */
function isHopeless({ code = '', message }: NodeJS.ErrnoException): boolean {
  if (['bad port', 'unknown scheme', 'redirect count exceeded'].includes(message)) return true;
  return /^(CERT_|ERR_SSL_|ERR_TLS_|ERR_INVALID_URL)|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/.test(code);
}

/** An HTTP answer, its last byte included, or the first bytes of one that is longer than was asked for. */
export interface Answer {
  status: number;
  statusText: string;
  headers: Headers;
  bytes: Uint8Array<ArrayBuffer>;
}

/** How long nothing may come before a connection is given up. */
export const PATIENCE_MS = 60_000;
/** Of an answer that says no, only why is wanted. */
const LARGEST_REFUSAL = 64_000;
/** Bytes: a table of a release may have more, the manifest has not. */
const LARGE = 64e6;

export interface ExchangeOptions {
  signal?: AbortSignal;
  patienceMs?: number;
  /**
   * Bytes that are kept of an answer, after what compressed it was undone; the connection is closed at the next one.
   */
  most?: number;
  /** Is given the bytes instead of `Answer.bytes`; `begin` once more wherever another attempt starts over. */
  into?: { begin(): void; take(chunk: Uint8Array): void };
}

/**
 * One exchange, tried again as `withRetries` says: after a connection that fails, breaks off, falls silent for
 * `patienceMs` or comes more slowly than `watchPace` allows, and after the answers that mean "later" (408, 409 for two
 * writers at once, 429, and 5xx but for 501, which no waiting changes).
 */
export async function exchange(
  send: (signal: AbortSignal) => Promise<Response>,
  what: string,
  { signal, patienceMs = PATIENCE_MS, most = Number.POSITIVE_INFINITY, into }: ExchangeOptions = {},
): Promise<Answer> {
  const attempt = async () => {
    const slow = new AbortController();
    const pace = watchPace(patienceMs, (detail) => slow.abort(new TryAgain(detail)));
    try {
      const response = await send(AbortSignal.any([...(signal ? [signal] : []), slow.signal]));
      const { status, statusText, headers, ok } = response;
      const chunks: Uint8Array[] = [];
      // What may be large is put where it stays: joined later, it would lie in memory twice. (Pages that nothing is
      // written to take none.)
      const isLarge = most > LARGE && Number.isFinite(most);
      const whole = ok && !into && isLarge ? new Uint8Array(most) : undefined;
      let left = ok ? most : LARGEST_REFUSAL;
      if (ok) into?.begin();
      for await (const chunk of response.body ?? []) {
        pace.received(chunk.byteLength);
        const kept = chunk.byteLength > left ? chunk.subarray(0, left) : chunk;
        if (ok && into) into.take(kept);
        else if (whole) whole.set(kept, most - left);
        else chunks.push(kept);
        left -= kept.byteLength;
        // Leaving the loop closes the connection.
        if (left === 0) break;
      }
      const bytes = whole ? whole.subarray(0, most - left) : joined(chunks);
      if (isPassing(status, bytes))
        throw new TryAgain(`it answered ${status} ${text(bytes)}`.trim(), retryAfterMs(headers));
      return { status, statusText, headers, bytes };
    } finally {
      pace.stop();
    }
  };
  return withRetries(attempt, what, signal);
}

function joined(chunks: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

function isPassing(status: number, bytes: Uint8Array): boolean {
  if (status === 408 || status === 409 || status === 429) return true;
  // S3 says 400 for a body that came too slowly.
  if (status === 400) return text(bytes).includes('<Code>RequestTimeout<');
  return status >= 500 && status !== 501;
}

/** Seconds only: the other form, a date, is not what a busy store sends. */
function retryAfterMs(headers: Headers): number {
  return 1000 * (Number(headers.get('retry-after')) || 0);
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes.subarray(0, 400)).slice(0, 200);
