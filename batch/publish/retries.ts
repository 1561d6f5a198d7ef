import { AtlasError } from '../errors/index.ts';

const ATTEMPTS = 6;
const FIRST_PAUSE_MS = 200;

/**
 * Fetches, again with back-off (full jitter, doubling from 0.2 s, six attempts) after a network failure, 429 or 5xx.
 * @throws AtlasError naming `what` once every attempt has failed; the signal's reason where it was aborted.
 */
export async function withRetries(
  attempt: () => Promise<Response>,
  what: string,
  signal?: AbortSignal,
): Promise<Response> {
  let detail = '';
  for (let i = 0; i < ATTEMPTS; i++) {
    signal?.throwIfAborted();
    if (i > 0) {
      await new Promise((done) => setTimeout(done, FIRST_PAUSE_MS * 2 ** (i - 1) * (0.5 + Math.random() / 2)));
      signal?.throwIfAborted();
    }
    try {
      const response = await attempt();
      if (response.status < 500 && response.status !== 429) return response;
      detail = `it answered ${response.status} ${(await response.text()).slice(0, 200)}`.trim();
    } catch (error) {
      signal?.throwIfAborted();
      const cause = (error as Error).cause as Error | undefined;
      detail = cause?.message || (error as Error).message;
    }
  }
  throw new AtlasError(
    `${what} could not be reached in ${ATTEMPTS} attempts: ${detail}. Check the address and the network, then run the same command again: what is done stays done.`,
  );
}
