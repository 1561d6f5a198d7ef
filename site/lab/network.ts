import runtimeUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import * as ort from 'onnxruntime-web/wasm';
import { logitsOf as readLogits } from '#shared/metrics';
import { download } from './download.ts';
import { remember } from './remember.ts';

/** Bytes of the runtime's WebAssembly, for the progress bar: the server compresses it and cannot say. */
const RUNTIME_BYTES = 14_239_897;

const runtime = remember(async (_key: 'runtime') => {
  const binary = await download(runtimeUrl, RUNTIME_BYTES);
  ort.env.wasm.wasmBinary = binary.buffer;
  // Threads need a page that is isolated from other origins, and these networks are small.
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.proxy = false;
  ort.env.logLevel = 'error';
}, 1);

const sessionOf = remember(async (url: string) => {
  const [bytes] = await Promise.all([download(url, sizes.get(url)), runtime('runtime')]);
  return await ort.InferenceSession.create(bytes, {
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
export const logitsOf = (session: ort.InferenceSession, canvases: Float32Array[], size: number) =>
  readLogits(ort, session, canvases, size);
