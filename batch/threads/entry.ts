// The thread: calls the functions of one module, one after the other.
import { parentPort, workerData } from 'node:worker_threads';
import type { Call, Reply } from './protocol.ts';

const port = parentPort;
if (!port) throw new Error('batch/threads/entry.ts is the entry of a thread and cannot be run by itself.');

const module: Promise<Record<string, (...args: unknown[]) => unknown>> = import(workerData as string);

/** Errors that say what is wrong with the input: for whoever waits they are one kind. */
const badInput = ['UsageError', 'GraphError', 'FormatError', 'ImageError'];

port.on('message', async ({ name, args }: Call) => {
  try {
    const result = await (await module)[name](...args);
    port.postMessage({ kind: 'done', result } satisfies Reply, buffersOf(result));
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    const kind = badInput.includes(name) ? 'UsageError' : name;
    port.postMessage({ kind: 'failed', error: { name: kind, message, stack } } satisfies Reply);
  }
});

/** Bytes that a result has to itself, in itself or one level below, are handed over and not copied. */
function buffersOf(result: unknown): ArrayBuffer[] {
  const parts = typeof result === 'object' && result !== null ? [result, ...Object.values(result)] : [];
  const buffers = parts.flatMap((part) =>
    ArrayBuffer.isView(part) && part.buffer instanceof ArrayBuffer && part.byteLength === part.buffer.byteLength
      ? [part.buffer]
      : [],
  );
  return [...new Set(buffers)];
}
