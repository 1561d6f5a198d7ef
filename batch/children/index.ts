/**
 * Work on files from strangers, in a process of its own: Ctrl-C ends it in the middle of a loop, a deadline does, and
 * memory that runs out, or a library that crashes, is an error and not the end of the command. A thread will not do:
 * one that is ended while onnxruntime works in it takes the whole process with it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { AtlasError, UsageError } from '#shared/errors';
import type { Call, Reply, Said } from './protocol.ts';

export { nowRunning, report } from './inside.ts';

/** Seconds that one piece of work may take; the largest networks take a tenth. */
const usualDeadline = 120;
/** Megabytes of the heap of JavaScript, besides what a file needs. Tensors lie outside of it. */
const usualHeap = 768;
/** A file whose weights are written as numbers of the protocol, not as bytes, takes so much more when it is read. */
const heapPerByte = 16;
/** Milliseconds that a child has to end by itself when there is nothing more to do. */
const grace = 5000;
/** Of what a child says on its way out, the last characters are looked at. */
const lastWords = 4000;

export interface ChildOptions {
  /** Names what is worked on in messages, at the start of a sentence: "The model x.onnx". */
  what: string;
  signal?: AbortSignal;
  /** Bytes of the file that is worked on. */
  bytes?: number;
  /** That it may take; those of a model when left out. ATLAS_DEADLINE sets either. */
  seconds?: number;
  /** Told what the child reports. */
  onProgress?: (text: string) => void;
}

/** The functions of a module, as they are called from outside of its process. */
export type Remote<Module> = {
  [Name in keyof Module]: Module[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

/** Seconds of ATLAS_DEADLINE, for machines and models that need more, and for tests. */
function deadline(usual = usualDeadline): number {
  const seconds = Number(process.env.ATLAS_DEADLINE ?? usual);
  if (seconds > 0 && seconds <= 1e6) return seconds;
  throw new UsageError(`ATLAS_DEADLINE is "${process.env.ATLAS_DEADLINE}", but must be seconds: a positive number.`);
}

const open = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of open) child.kill('SIGKILL');
});

/**
 * Does one piece of work with the functions of a module, each called in a child process.
 *
 * @param work Is given the functions that the module exports. Arguments and results are copied. A call fails with a
 * UsageError when it takes longer or needs more memory than it may, or ends its process; with the signal's reason when
 * that is aborted; with whatever the function throws.
 * @example
 * const { found } = await inChild<typeof import('./tasks.ts'), Found>(
 *   new URL('./tasks.ts', import.meta.url), { what: 'The model' }, ({ inspectFile }) => inspectFile(path));
 */
export async function inChild<Module, Result>(
  module: URL,
  options: ChildOptions,
  work: (call: Remote<Module>) => Promise<Result>,
): Promise<Result> {
  const child = new Child(module, options);
  const call = new Proxy({} as Remote<Module>, {
    get:
      (_, name) =>
      (...args: unknown[]) =>
        child.call({ name: String(name), args }),
  });
  try {
    return await work(call);
  } finally {
    await child.close();
  }
}

class Child {
  readonly #options: ChildOptions;
  readonly #heap: number;
  readonly #seconds: number;
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  #waiting: { resolve(value: unknown): void; reject(reason: unknown): void } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ended: unknown;
  #said = '';

  constructor(module: URL, options: ChildOptions) {
    this.#options = options;
    this.#seconds = deadline(options.seconds);
    this.#heap = usualHeap + Math.ceil((heapPerByte * (options.bytes ?? 0)) / 2 ** 20);
    const child = fork(fileURLToPath(new URL('./entry.ts', import.meta.url)), [module.href], {
      execArgv: ['--disable-warning=ExperimentalWarning', `--max-old-space-size=${this.#heap}`],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // A group of its own: the Ctrl-C of a terminal goes to us, and we end it.
      detached: true,
    });
    this.#process = child;
    open.add(child);
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-lastWords);
    });
    child.on('message', (reply: Reply) => this.#receive(reply));
    child.on('error', (error) => this.#end(error));
    // Not its event "close", which does not come after a disconnect from our side.
    const silent = new Promise((resolve) => child.stderr?.once('close', resolve));
    this.#exited = new Promise((resolve) => {
      child.once('error', () => resolve());
      child.once('exit', async (code, signal) => {
        open.delete(child);
        await silent;
        this.#end(this.#reasonOf(signal ?? `exit status ${code}`));
        resolve();
      });
    });
  }

  call(call: Call): Promise<unknown> {
    const { signal } = this.#options;
    if (signal?.aborted) this.#kill(signal.reason);
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      signal?.addEventListener('abort', this.#abort, { once: true });
      this.#timer = setTimeout(() => this.#kill(this.#late()), 1000 * this.#seconds);
      // One that cannot be told has ended, and its end says why.
      this.#process.send(call, () => {});
    });
  }

  /** Ends it, and waits until it has. */
  async close(): Promise<void> {
    const isIdle = this.#ended === undefined && this.#waiting === undefined;
    if (isIdle && this.#process.connected) this.#process.disconnect();
    else this.#process.kill('SIGKILL');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), grace);
    await this.#exited;
    clearTimeout(timer);
  }

  #receive(reply: Reply): void {
    if (reply.kind === 'progress') this.#options.onProgress?.(reply.text);
    // What runs a model takes as long as its photos ask for: from here on only Ctrl-C ends it.
    else if (reply.kind === 'running') clearTimeout(this.#timer);
    else if (reply.kind === 'done') this.#settle()?.resolve(reply.result);
    else this.#settle()?.reject(revived(reply.error));
  }

  #settle() {
    const one = this.#waiting;
    this.#waiting = undefined;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#abort);
    return one;
  }

  #end(reason: unknown): void {
    this.#ended ??= reason;
    this.#settle()?.reject(reason);
  }

  #kill(reason: unknown): void {
    this.#end(reason);
    this.#process.kill('SIGKILL');
  }

  readonly #abort = (): void => this.#kill(this.#options.signal?.reason);

  #late(): UsageError {
    return new UsageError(
      `${this.#options.what} took longer than ${this.#seconds} seconds to look at, which none that was tried does. The file is damaged, or made to exhaust this machine: if you trust it, give it more with ATLAS_DEADLINE=${10 * this.#seconds}.`,
    );
  }

  #reasonOf(end: string): AtlasError {
    const { what } = this.#options;
    const advice = 'It is damaged, or made to exhaust this machine: fetch or export it again.';
    const error = /heap out of memory|heap limit|bad_alloc/i.test(this.#said)
      ? new UsageError(
          `${what} needs more than ${this.#heap} MB of memory to be looked at, far more than a file of its size should. ${advice}`,
        )
      : new UsageError(`${what} ended the process that looked at it (${end}). ${advice}`);
    error.stack += `\n${this.#said}`;
    return error;
  }
}

const faults = { TypeError, RangeError, ReferenceError, SyntaxError };

function revived({ name, message, stack }: Said): Error {
  const kind = Object.hasOwn(faults, name) ? faults[name as keyof typeof faults] : undefined;
  const error = name === 'UsageError' ? new UsageError(message) : kind ? new kind(message) : new AtlasError(message);
  error.stack = stack;
  return error;
}
