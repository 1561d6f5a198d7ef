import { logitsOf } from '#shared/metrics';
import { ort } from './runtime.ts';

/**
 * The one inference session of this isolate. Two would not fit beside a photo in 128 MB, so another model replaces it.
 * It is set only once open: a pending promise would never settle for others if the request that opens it died.
 */
let current: { sha256: string; session: ort.InferenceSession } | null = null;

/** Whether the session of a prepared model is open. */
export const isOpen = (sha256: string): boolean => current?.sha256 === sha256;

/**
 * The session of a prepared model, opened where the isolate does not hold it yet. Call only from within the Turnstile,
 * so that one request opens it and the others find it, and nobody replaces a session that runs.
 *
 * @param sha256 of the model's bytes: what tells one model from another, across releases too
 * @param load reads the bytes; called only when the session has to be opened
 * @returns the session, and whether it had to be opened
 */
export async function sessionFor(
  sha256: string,
  load: () => Promise<Uint8Array>,
): Promise<{ session: ort.InferenceSession; opened: boolean }> {
  if (current?.sha256 === sha256) return { session: current.session, opened: false };
  const bytes = await load();
  const old = current;
  current = null;
  await old?.session.release();
  const session = await ort.InferenceSession.create(bytes, {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
  current = { sha256, session };
  return { session, opened: true };
}

/**
 * How many canvases go through a network at once. More are no faster for each on one thread, and memory for their
 * activations is never given back.
 */
const BATCH = 2;

/**
 * Runs canvases through a prepared model, two as one batch.
 *
 * @param canvases [3,size,size] each, 0..255
 * @returns logits of each canvas, in order
 */
export async function classifyCanvases(
  session: ort.InferenceSession,
  canvases: Float32Array[],
  size: number,
): Promise<Float32Array[]> {
  const results: Float32Array[] = [];
  for (let i = 0; i < canvases.length; i += BATCH)
    results.push(...(await logitsOf(ort, session, canvases.slice(i, i + BATCH), size)));
  return results;
}
