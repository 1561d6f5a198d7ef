import type { Context } from 'hono';
import type { Manifest } from '#shared/release';
import { refusedParameters } from '../contract/index.ts';
import type { AppEnv } from '../env.ts';
import { checkImage, hasBody, readImage } from '../imaging/index.ts';
import { Turnstile } from '../inference/index.ts';
import { Problem } from '../problems.ts';
import { milliseconds } from '../stopwatch.ts';
import { photoBytes } from '../storage/index.ts';

/** Bodies wait in memory for their turn; these fit beside a network and a picture that is decoded. */
const turnstile = new Turnstile({ places: 16, bytes: 12_000_000, leaseMs: 30_000 });

/**
 * The bytes of the picture that a request is about, checked by their header: of the release's photo that it names, or
 * what it carries.
 *
 * @throws Problem for a request that has neither, or both, or something that is no picture
 */
export async function pictureOf(c: Context<AppEnv>, release: Manifest, photo: string | undefined): Promise<Uint8Array> {
  if (photo !== undefined && hasBody(c.req.raw))
    throw refusedParameters([
      { parameter: 'photo', reason: 'names a photo, and the request carries another; give one of them' },
    ]);
  const bytes = photo === undefined ? await readImage(c.req.raw) : await photoBytes(c.env, release, photo);
  checkImage(bytes);
  return bytes;
}

/**
 * Runs work on a picture when its turn has come: one at a time in an isolate.
 *
 * @param work gets the milliseconds that it waited
 * @throws Problem `busy` where too many wait
 */
export async function inTurn<T>(c: Context<AppEnv>, bytes: Uint8Array, work: (wait: number) => Promise<T>): Promise<T> {
  if (!turnstile.admits(bytes.byteLength)) {
    throw new Problem(
      'busy',
      'This instance works on one image at a time and its queue is full. Ask again in a second.',
      {},
      { 'Retry-After': '1' },
    );
  }
  const waiting = performance.now();
  const done = turnstile.pass(bytes.byteLength, async () => {
    // Nobody waits for the answer any more, others wait for the turn.
    c.req.raw.signal.throwIfAborted();
    return await work(milliseconds(performance.now() - waiting));
  });
  // The others in the queue wait for this one, so it must finish even where its client has gone.
  c.executionCtx.waitUntil(done.catch(() => undefined));
  return await done;
}

/** Server-Timing of stages in milliseconds. */
export const serverTiming = (stages: object) =>
  Object.entries(stages)
    .map(([stage, ms]) => `${stage};dur=${ms}`)
    .join(', ');
