import { InferenceSession, Tensor } from 'onnxruntime-node';

export interface Feed {
  data: Float32Array | BigInt64Array;
  dims: number[];
  type: 'float32' | 'int64';
}

export interface OpenOnceOptions {
  /** Default 1. */
  threads?: number;
}

/**
 * A session for programs that are no prepared models, on this thread and the CPU: for short commands, not for studies.
 */
export async function openOnce(model: Uint8Array, { threads = 1 }: OpenOnceOptions = {}) {
  const session = await InferenceSession.create(new Uint8Array(model), {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    enableMemPattern: false,
    logSeverityLevel: 4,
  });
  return {
    async run(feeds: Record<string, Feed>): Promise<Record<string, { data: Float32Array; dims: readonly number[] }>> {
      const tensors = Object.entries(feeds).map(([name, { data, dims, type }]) => [name, new Tensor(type, data, dims)]);
      const results = await session.run(Object.fromEntries(tensors));
      return Object.fromEntries(
        Object.entries(results).map(([name, { data, dims }]) => [name, { data: data as Float32Array, dims }]),
      );
    },
    close: () => session.release(),
  };
}
