/** Runs the jobs of `Compute` with onnxruntime-web, in the thread that calls it: a Web Worker. */

import type { Compute } from '#shared/compute';
import { ComputeError, computeOn, jobDoer, type Program, type Runner, Sessions } from '#shared/compute';
import { fileForGpu } from '#shared/graph';
import { type OrtModule, ortFor } from './ort.ts';
import type { Runtime } from './runtimes.ts';

/** How often messages are let in while jobs run. */
const TURN_MS = 50;
/** Photos that go through a network together: as on these providers everywhere (batch/compute). */
const MICRO_BATCHES = { wasm: 1, webgpu: 8 };

export interface ComputeOptions {
  /** Networks, and gradients of networks, that stay open; default 4. */
  sessions?: number;
  /** Sessions are opened anew after so many runs; left out: never. Some browsers lose memory with every run. */
  renewAfter?: number;
}

/** A browser's `Compute`. @throws where the runtime cannot be loaded, with what the browser says. */
export async function openCompute(
  runtime: Runtime,
  { sessions: most = 4, renewAfter = Number.POSITIVE_INFINITY }: ComputeOptions = {},
): Promise<Compute<Runtime['kind']>> {
  const ort = await ortFor(runtime);
  const profile = runtime.kind === 'webgpu' ? 'gpu' : 'cpu';
  const doJob = jobDoer(profile);
  const sessions = new Sessions(
    most,
    (program) => openSession(ort, program, runtime.kind),
    (one) => one.release(),
  );
  let runs = 0;
  let turn = performance.now();
  const runner: Runner<Runtime['kind']> = {
    provider: runtime.kind,
    workers: runtime.kind === 'wasm' ? runtime.threads : 1,
    profile,
    microBatch: MICRO_BATCHES[runtime.kind],
    async run(jobs, signal, onDone) {
      const results = [];
      for (const [index, job] of jobs.entries()) {
        if (performance.now() - turn > TURN_MS) {
          await letMessagesIn();
          turn = performance.now();
        }
        signal?.throwIfAborted();
        if (++runs > renewAfter) {
          await sessions.release(null);
          runs = 1;
        }
        const session = await sessions.of(job.program);
        results.push(
          await doJob(job, async (feeds, outputs) => {
            const tensors = Object.entries(feeds).map(
              ([name, { type, data, dims }]) => [name, new ort.Tensor(type, data, dims)] as const,
            );
            try {
              const found = await session.run(Object.fromEntries(tensors), [...outputs]);
              return Object.fromEntries(
                Object.entries(found).map(([name, tensor]) => {
                  const copy = new Float32Array(tensor.data as Float32Array);
                  tensor.dispose();
                  return [name, copy];
                }),
              );
            } catch (error) {
              throw new ComputeError(`The network could not be run here: ${reasonOf(error)}`, { cause: error });
            } finally {
              for (const [, tensor] of tensors) tensor.dispose();
            }
          }),
        );
        onDone?.(index);
      }
      return results;
    },
    release: (key) => sessions.release(key),
    close: () => sessions.release(null),
  };
  return computeOn(runner);
}

async function openSession(ort: OrtModule, { bytes }: Program, provider: Runtime['kind']) {
  try {
    return await ort.InferenceSession.create(provider === 'webgpu' ? fileForGpu(bytes) : bytes, {
      executionProviders: [provider],
      graphOptimizationLevel: 'all',
      enableMemPattern: false,
      logSeverityLevel: 3,
      // int8 weights are widened once, when the session opens, and not in every run.
      extra: { session: { disable_quant_qdq: '1' } },
    });
  } catch (error) {
    throw new ComputeError(`The network could not be opened here: ${reasonOf(error)}`, { cause: error });
  }
}

/** What a runtime throws may be an error, or the address of a C++ exception. */
export const reasonOf = (error: unknown): string =>
  error instanceof Error
    ? error.message
    : typeof error === 'number'
      ? `exception ${error} in WebAssembly`
      : String(error);

/** A turn of the event loop: timers are held back to a second in tabs that are not looked at, messages are not. */
function letMessagesIn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
