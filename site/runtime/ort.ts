/** onnxruntime-web, loaded once for a thread: which build, how many threads, and where its WebAssembly comes from. */
import asyncifyGlue from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import jspiGlue from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url';
import jspiUrl from 'onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url';
import plainGlue from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import plainUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import type * as Ort from 'onnxruntime-web/wasm';
import { ASYNCIFY_PARTS } from './asyncify-parts.ts';
import { download } from './download.ts';
import { remember } from './remember.ts';
import { type Runtime, runtimeName } from './runtimes.ts';

export type OrtModule = typeof Ort;

/**
 * The JavaScript, the file that starts threads, and the WebAssembly with its bytes: servers compress it and cannot say.
 */
interface Build {
  load(): Promise<OrtModule>;
  glue: string;
  parts: readonly { url: string; bytes: number }[];
}

const builds: Record<'wasm' | 'jspi' | 'asyncify', Build> = {
  wasm: {
    load: () => import('onnxruntime-web/wasm'),
    glue: plainGlue,
    parts: [{ url: plainUrl, bytes: 14_239_897 }],
  },
  jspi: {
    load: () => import('onnxruntime-web/jspi'),
    glue: jspiGlue,
    parts: [{ url: jspiUrl, bytes: 16_758_545 }],
  },
  asyncify: {
    load: () => import('onnxruntime-web/webgpu'),
    glue: asyncifyGlue,
    parts: ASYNCIFY_PARTS,
  },
};

const loaded = remember(async (name: string) => {
  const [kind, threads] = name.split('-');
  const { load, glue, parts } = builds[kind as keyof typeof builds];
  const [ort, ...pieces] = await Promise.all([load(), ...parts.map(({ url, bytes }) => download(url, bytes))]);
  ort.env.wasm.wasmBinary = joined(pieces).buffer;
  ort.env.wasm.wasmPaths = { mjs: glue };
  ort.env.wasm.numThreads = Number(threads);
  ort.env.wasm.proxy = false;
  ort.env.logLevel = 'error';
  return ort;
}, 1);

/** The package for a runtime. One thread of the browser has one: another of them needs a new worker. */
export function ortFor(runtime: Runtime): Promise<OrtModule> {
  return loaded(runtime.kind === 'wasm' ? runtimeName(runtime) : `${runtime.build}-1`);
}

function joined(pieces: Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  if (pieces.length === 1) return pieces[0];
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
