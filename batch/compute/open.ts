import { availableParallelism } from 'node:os';
import { type Compute, ComputeError, computeOn, type Runner } from '#shared/compute';
import { isShared } from '#shared/memory';
import type { Provider } from '#shared/release';
import { Pool } from './pool.ts';
import { chooseProvider } from './providers.ts';

export interface ComputeOptions {
  /** Default auto. */
  provider?: Provider | 'auto';
  /** Threads; default one for each processor, and one on a GPU. The results do not depend on it, to the last bit. */
  workers?: number;
  /**
   * Models, and gradients of models, that each thread keeps open; default 4. Beyond it the one not used for longest is
   * let go.
   */
  sessions?: number;
  /** Told in one line what a person should know, such as that auto fell back to the CPU. */
  notice?: (line: string) => void;
}

// CPU: with one thread a session, 1 was as fast as 2 for every starter model (within 5 %), and needs less memory. A GPU
// starves below a dozen.
const microBatches: Record<Provider, number> = { cpu: 1, cuda: 20, webgpu: 8 };

function share<T extends Uint8Array | Float32Array | Int32Array>(view: T): T {
  if (isShared(view)) return view;
  const buffer = new SharedArrayBuffer(view.byteLength);
  new Uint8Array(buffer).set(new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength));
  // Not view.constructor: the bytes of a file are a Buffer, whose constructor means something else.
  if (view instanceof Float32Array) return new Float32Array(buffer) as T;
  if (view instanceof Int32Array) return new Int32Array(buffer) as T;
  return new Uint8Array(buffer) as T;
}

/** CUDA has a kernel for whatever a gradient graph has, and for int64. */
const profileOf = (provider: Provider) => (provider === 'webgpu' ? 'gpu' : 'cpu');

/** The threads as what runs jobs. */
function runnerOf(pool: Pool, provider: Provider): Runner<Provider> {
  return {
    ...{ provider, workers: pool.size, microBatch: microBatches[provider], share },
    profile: profileOf(provider),
    run: (jobs, signal, onDone) => pool.run(jobs, signal, onDone),
    release: (key) => pool.release(key),
    close: () => pool.close(),
  };
}

/**
 * Starts the threads around onnxruntime-node.
 *
 * @throws ComputeError when the provider does not work on this machine.
 */
export async function openCompute(options: ComputeOptions = {}): Promise<Compute<Provider>> {
  const provider = await chooseProvider(options.provider ?? 'auto', options.notice);
  const workers = options.workers ?? (provider === 'cpu' ? availableParallelism() : 1);
  if (!Number.isInteger(workers) || workers < 1)
    throw new ComputeError(`${workers} is not a number of threads. Use 1 or more.`);
  return computeOn(
    runnerOf(new Pool(workers, { provider, profile: profileOf(provider), sessions: options.sessions ?? 4 }), provider),
  );
}
