import ortWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm';
import * as ort from 'onnxruntime-web/wasm';

/**
 * onnxruntime-web inside workerd, unpatched.
 *
 * workerd compiles no WebAssembly at run time, and ORT has no hook for a module compiled ahead of time; but ORT hands
 * `env.wasm.wasmBinary` to WebAssembly.instantiate as it is (as a view, where it is an ArrayBuffer). So `wasmBinary` is
 * a small marker buffer, and a call that carries the marker is answered with the module that wrangler compiled. Setting
 * wasmBinary also makes ORT use the JavaScript glue embedded in its bundle, although import.meta.url is undefined here.
 */
const marker = new Uint8Array([0x61, 0x74, 0x6c, 0x61, 0x73]).buffer;

let linearMemory: WebAssembly.Memory | undefined;

const instantiate = WebAssembly.instantiate.bind(WebAssembly);

function carriesMarker(source: unknown): boolean {
  return source === marker || (ArrayBuffer.isView(source) && source.buffer === marker);
}

function findMemory(bag: object): WebAssembly.Memory | undefined {
  for (const value of Object.values(bag)) {
    if (value instanceof WebAssembly.Memory) return value;
  }
  return undefined;
}

async function instantiateCompiled(imports: WebAssembly.Imports) {
  const instance = await instantiate(ortWasm, imports);
  linearMemory = findMemory(instance.exports) ?? Object.values(imports).map(findMemory).find(Boolean);
  return { module: ortWasm, instance };
}

WebAssembly.instantiate = ((source: unknown, imports: WebAssembly.Imports) =>
  carriesMarker(source)
    ? instantiateCompiled(imports)
    : instantiate(source as WebAssembly.Module, imports)) as typeof WebAssembly.instantiate;

ort.env.wasm.wasmBinary = marker;
ort.env.wasm.numThreads = 1;
ort.env.wasm.proxy = false;
ort.env.logLevel = 'error';

/** Bytes of linear memory that ORT holds in this isolate; it grows and never shrinks. 0 before the first session. */
export function runtimeMemory(): number {
  return linearMemory?.buffer.byteLength ?? 0;
}

export { ort };
