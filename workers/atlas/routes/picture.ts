import type { Context } from 'hono';
import type { Manifest } from '#shared/release';
import { refusedParameters } from '../contract/index.ts';
import type { AppEnv } from '../env.ts';
import { Admission, announcedBytes, checkBeginning, checkImage, hasBody, readImage } from '../imaging/index.ts';
import { type Turn, Turnstile } from '../inference/index.ts';
import { busy } from '../problems.ts';
import { milliseconds } from '../stopwatch.ts';
import { photoBytes } from '../storage/index.ts';

/**
 * Bodies on their way, or waiting for their turn, fit beside a network and a picture that is decoded: all that are
 * ordinary together, and one that is large. There are more of them than may wait, so that slow ones keep nobody out.
 */
const admission = new Admission({
  places: 64,
  shared: 12_000_000,
  large: 4_000_000,
  patienceMs: 5_000,
  leaseMs: 120_000,
});
/** A picture of a megapixel, for which decoding takes 4 to 8 MB, is there in some 40 milliseconds. */
const MS_PER_BYTE = 8e-6;
const turnstile = new Turnstile({ places: 16, leaseMs: 30_000 });

/**
 * Runs work on the picture that a request is about: of the release's photo that it names, or what it carries. Nothing
 * of it is read before there is room, and one picture at a time is worked on in an isolate.
 *
 * @param milliseconds that the work takes beside decoding, of a kind that is quick: what takes long gives way to it
 * @param work gets the picture's bytes, checked by their header, the milliseconds that they waited, and its turn, which
 *   it lends between its steps
 * @throws Problem `busy` where there is no room or too many wait; those of a request that has neither photo nor body,
 * or
 *   both, or something that is no picture
 */
export async function withPicture<T>(
  c: Context<AppEnv>,
  { release, photo, milliseconds: expected }: { release: Manifest; photo: string | undefined; milliseconds: number },
  work: (bytes: Uint8Array, wait: number, turn: Turn) => Promise<T>,
): Promise<T> {
  const request = c.req.raw;
  if (photo !== undefined && hasBody(request))
    throw refusedParameters([
      { parameter: 'photo', reason: 'names a photo, and the request carries another; give one of them' },
    ]);
  const place = admission.enter(announcedBytes(request));
  if (!place) throw busy('holds as many images as its memory has room for');
  const read = async () => {
    const bytes =
      photo === undefined ? await readImage(request, place, checkBeginning) : await photoBytes(c.env, release, photo);
    if (!place.holds(bytes.byteLength)) throw busy('holds as many images as its memory has room for');
    place.arrived();
    return { bytes, decoding: checkImage(bytes) * MS_PER_BYTE };
  };
  const inTurn = async ({ bytes, decoding }: { bytes: Uint8Array; decoding: number }) => {
    if (!turnstile.admits()) throw busy('works on one image at a time and its queue is full');
    const waiting = performance.now();
    return await turnstile.pass(expected + decoding, async (turn) => {
      // Nobody waits for the answer any more, others wait for the turn.
      request.signal.throwIfAborted();
      return await work(bytes, milliseconds(performance.now() - waiting), turn);
    });
  };
  const done = read().then(inTurn).finally(place.leave);
  // The others wait for its turn and its room, so it must finish even where its client has gone.
  c.executionCtx.waitUntil(done.catch(() => undefined));
  return await done;
}

/** Server-Timing of stages in milliseconds. */
export const serverTiming = (stages: object) =>
  Object.entries(stages)
    .map(([stage, ms]) => `${stage};dur=${ms}`)
    .join(', ');
