/**
 * Work on files from strangers, in a thread of its own: Ctrl-C ends it in the middle of a loop, a deadline does, and
 * memory that runs out is an error and not the end of the process.
 */
import { Worker } from 'node:worker_threads';
import { AtlasError, UsageError } from '../errors/index.ts';
import type { Call, Reply, Said } from './protocol.ts';

export { nowRunning, report } from './inside.ts';

/** Seconds that one piece of work may take; the largest networks take a tenth. */
const usualDeadline = 120;
/** Megabytes of the heap of JavaScript, besides what a file needs. Tensors lie outside of it. */
const usualHeap = 768;
/** A file whose weights are written as numbers of the protocol, not as bytes, takes so much more when it is read. */
const heapPerByte = 16;

export interface ThreadOptions {
  /** Names what is worked on in messages, at the start of a sentence: "The model x.onnx". */
  what: string;
  signal?: AbortSignal;
  /** Bytes of the file that is worked on. */
  bytes?: number;
  /** Told what the thread reports. */
  onProgress?: (text: string) => void;
}

/** The functions of a module, as they are called from outside of its thread. */
export type Remote<Module> = {
  [Name in keyof Module]: Module[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

export interface Thread<Module> {
  /**
   * The functions that the module exports; arguments and results are copied, the bytes of results handed over.
   * @throws UsageError when the work takes longer or needs more memory than it may; the signal's reason when it is
   * aborted; whatever the function throws
   */
  call: Remote<Module>;
  close(): void;
}

/** Seconds of ATLAS_DEADLINE, for machines and models that need more, and for tests. */
function deadline(): number {
  const seconds = Number(process.env.ATLAS_DEADLINE ?? usualDeadline);
  if (seconds > 0 && seconds <= 1e6) return seconds;
  throw new UsageError(`ATLAS_DEADLINE is "${process.env.ATLAS_DEADLINE}", but must be seconds: a positive number.`);
}

/**
 * Starts a thread for the functions of a module.
 * @example
 * const thread = openThread<typeof import('./tasks.ts')>(new URL('./tasks.ts', import.meta.url), { what: 'The model'
 * });
 */
export function openThread<Module>(
  module: URL,
  { what, signal, bytes = 0, onProgress }: ThreadOptions,
): Thread<Module> {
  const heap = usualHeap + Math.ceil((heapPerByte * bytes) / 2 ** 20);
  const seconds = deadline();
  const worker = new Worker(new URL('./entry.ts', import.meta.url), {
    workerData: module.href,
    execArgv: [],
    name: 'atlas-foreign',
    resourceLimits: { maxOldGenerationSizeMb: heap },
  });
  let waiting: { resolve(value: unknown): void; reject(reason: unknown): void } | undefined;
  let timer: NodeJS.Timeout | undefined;
  let ended: unknown;

  const settle = (): typeof waiting => {
    const one = waiting;
    waiting = undefined;
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    return one;
  };
  const end = (reason: unknown): void => {
    ended ??= reason;
    settle()?.reject(reason);
    void worker.terminate();
  };
  const abort = (): void => end(signal?.reason);
  worker.on('message', (reply: Reply) => {
    if (reply.kind === 'progress') onProgress?.(reply.text);
    // What runs a model takes as long as its photos ask for: from here on only Ctrl-C ends it.
    else if (reply.kind === 'running') clearTimeout(timer);
    else if (reply.kind === 'done') settle()?.resolve(reply.result);
    else settle()?.reject(revived(reply.error));
  });
  worker.on('error', (error: Error & { code?: string }) =>
    end(
      error.code === 'ERR_WORKER_OUT_OF_MEMORY'
        ? new UsageError(
            `${what} needs more than ${heap} MB of memory to be looked at, far more than a file of its size should. It is damaged, or made to exhaust this machine: fetch or export it again.`,
          )
        : error,
    ),
  );
  worker.on('exit', () => end(new AtlasError(`The thread that looked at ${what} ended. Run the command again.`)));

  const call = (name: string, args: unknown[]): Promise<unknown> => {
    if (signal?.aborted) end(signal.reason);
    if (ended !== undefined) return Promise.reject(ended);
    return new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      signal?.addEventListener('abort', abort, { once: true });
      timer = setTimeout(() => {
        end(
          new UsageError(
            `${what} took longer than ${seconds} seconds to look at, which no network that was tried does. The file is damaged, or made to exhaust this machine: if you trust it, give it more with ATLAS_DEADLINE=${10 * seconds}.`,
          ),
        );
      }, 1000 * seconds);
      worker.postMessage({ name, args } satisfies Call);
    });
  };
  return {
    call: new Proxy({} as Remote<Module>, {
      get:
        (_, name) =>
        (...args: unknown[]) =>
          call(String(name), args),
    }),
    close: () => end(new AtlasError('The thread was closed.')),
  };
}

/** One piece of work in a thread of its own. @throws as `Thread.call` */
export async function inThread<Module, Result>(
  module: URL,
  options: ThreadOptions,
  work: (call: Remote<Module>) => Promise<Result>,
): Promise<Result> {
  const thread = openThread<Module>(module, options);
  try {
    return await work(thread.call);
  } finally {
    thread.close();
  }
}

const faults = { TypeError, RangeError, ReferenceError, SyntaxError };

function revived({ name, message, stack }: Said): Error {
  const kind = Object.hasOwn(faults, name) ? faults[name as keyof typeof faults] : undefined;
  const error = name === 'UsageError' ? new UsageError(message) : kind ? new kind(message) : new AtlasError(message);
  error.stack = stack;
  return error;
}
