import { setTimeout as pause } from 'node:timers/promises';
import { AtlasError } from '../errors/index.ts';

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
 * An AtlasError of an attempt is final.
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
      const cause = (error as Error).cause as Error | undefined;
      detail = cause?.message || (error as Error).message;
    }
  }
  throw new AtlasError(
    `${what} could not be reached in ${ATTEMPTS} attempts: ${detail}. Check the address and the network, then run the same command again: what is done stays done.`,
  );
}

/** An HTTP answer, its last byte included. */
export interface Answer {
  status: number;
  statusText: string;
  headers: Headers;
  bytes: Uint8Array<ArrayBuffer>;
}

/** How long nothing may come before a connection is given up. */
export const PATIENCE_MS = 60_000;

/**
 * One exchange, tried again as `withRetries` says: after a connection that fails, breaks off or falls silent for
 * `patienceMs`, and after the answers that mean "later" (408, 409 for two writers at once, 429, and 5xx but for 501,
 * which no waiting changes).
 */
export async function exchange(
  send: (signal: AbortSignal) => Promise<Response>,
  what: string,
  { signal, patienceMs = PATIENCE_MS }: { signal?: AbortSignal; patienceMs?: number } = {},
): Promise<Answer> {
  const attempt = async () => {
    const silent = new AbortController();
    const timer = setTimeout(() => silent.abort(new TryAgain(`nothing came for ${patienceMs / 1000} s`)), patienceMs);
    try {
      const response = await send(AbortSignal.any([...(signal ? [signal] : []), silent.signal]));
      const chunks: Uint8Array[] = [];
      for await (const chunk of response.body ?? []) {
        timer.refresh();
        chunks.push(chunk);
      }
      const { status, statusText, headers } = response;
      const bytes = new Uint8Array(Buffer.concat(chunks));
      if (isPassing(status, bytes))
        throw new TryAgain(`it answered ${status} ${text(bytes)}`.trim(), retryAfterMs(headers));
      return { status, statusText, headers, bytes };
    } finally {
      clearTimeout(timer);
    }
  };
  return withRetries(attempt, what, signal);
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
