/** What this browser can run networks with. */

/**
 * wasm: the processor, with so many threads. webgpu: the graphics processor, by the build of onnxruntime-web that waits
 * for it with JSPI where the browser has that, else by the one that needs nothing of the browser and is larger.
 */
export type Runtime = { kind: 'wasm'; threads: number } | { kind: 'webgpu'; build: 'jspi' | 'asyncify' };

/** More threads than these bring next to nothing for networks of this size, and take the page its own. */
const MOST_THREADS = 4;

/** In the order in which they are worth trying: the graphics processor first, where there is a real one. */
export async function runtimesHere(): Promise<Runtime[]> {
  const wasm: Runtime[] = wasmRuntimes();
  const gpu = await adapterHere();
  if (!gpu) return wasm;
  const webgpu: Runtime = { kind: 'webgpu', build: hasJspi() ? 'jspi' : 'asyncify' };
  // One that only imitates a graphics processor is slower than the processor itself.
  return gpu.isFallback ? [...wasm, webgpu] : [webgpu, ...wasm];
}

/** As many threads as there are processors, and one; without isolation from other origins only one. */
function wasmRuntimes(): Runtime[] {
  const one: Runtime = { kind: 'wasm', threads: 1 };
  const threads = globalThis.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS) : 1;
  return threads > 1 ? [{ kind: 'wasm', threads }, one] : [one];
}

const hasJspi = () => 'Suspending' in WebAssembly;

interface Adapter {
  isFallbackAdapter?: boolean;
  info?: { isFallbackAdapter?: boolean; architecture?: string };
}

/** null where the browser has no WebGPU, or no adapter for it. */
async function adapterHere(): Promise<{ isFallback: boolean } | null> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } };
  const adapter = await gpu?.requestAdapter().catch(() => null);
  if (!adapter) return null;
  const { info } = adapter;
  const isFallback = adapter.isFallbackAdapter ?? info?.isFallbackAdapter ?? false;
  return { isFallback: isFallback || info?.architecture === 'swiftshader' };
}

/** A name for addresses and menus' values: "webgpu", "wasm-4". */
export const runtimeName = (runtime: Runtime) => (runtime.kind === 'webgpu' ? 'webgpu' : `wasm-${runtime.threads}`);

/** For people. */
export function runtimeTitle(runtime: Runtime): string {
  if (runtime.kind === 'webgpu') return 'Graphics processor (WebGPU)';
  return runtime.threads > 1 ? `Processor, ${runtime.threads} threads` : 'Processor, one thread';
}
