import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../env.ts';

const PAUSE_MS = 1_000;
const WHOLE_MS = 5_000;
/** Thrown away at a time: without a buffer it would be 4 kB, and ten times the work. */
const PIECE = 256_000;

/**
 * Takes what comes of a body that nobody wants, and throws it away before the answer goes out: many clients look for an
 * answer only when they have sent all, and lose it where the connection is cut before. A body that pauses is not waited
 * for, nor one without end.
 */
export const discardUnread = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  const { body } = c.req.raw;
  if (body && !body.locked) await discard(body);
});

async function discard(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader({ mode: 'byob' });
  const until = Date.now() + WHOLE_MS;
  let piece = new Uint8Array(PIECE);
  try {
    while (Date.now() < until) {
      const read = await orLate(reader.read(piece));
      if (read === 'late') break;
      if (read.done) return;
      piece = new Uint8Array(read.value.buffer);
    }
    // That it ends well is not waited for.
    reader.cancel().catch(() => undefined);
  } catch {
    // The client has gone.
  }
}

async function orLate<T>(promise: Promise<T>): Promise<T | 'late'> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), PAUSE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    if (timer !== undefined) clearTimeout(timer);
  }
}
