import type * as ort from 'onnxruntime-web/wasm';
import { logitsOf as readLogits } from '#shared/metrics';
import { download, ortFor, remember } from '../runtime/index.ts';

// Threads do not pay for a photo at a time on networks of this size.
const runtime = () => ortFor({ kind: 'wasm', threads: 1 });

const sessionOf = remember(async (url: string) => {
  const [bytes, { InferenceSession }] = await Promise.all([download(url, sizes.get(url)), runtime()]);
  return await InferenceSession.create(bytes, {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
  });
}, 4);
const sizes = new Map<string, number>();

/** Opens the prepared model at an address, once. */
export function open(url: string, bytes: number): Promise<ort.InferenceSession> {
  sizes.set(url, bytes);
  return sessionOf(url);
}

/** Logits [K] of each canvas [3,size,size], run as one batch. */
export const logitsOf = async (session: ort.InferenceSession, canvases: Float32Array[], size: number) =>
  readLogits(await runtime(), session, canvases, size);
