/** A visitor's file, in a worker that is started again with it where it was ended. */
import type { Brought, GraphTasks } from './protocol.ts';
import { type Asking, Thread } from './thread.ts';
import { DEADLINE_SECONDS } from './words.ts';

export class GraphFile {
  readonly brought: Brought;
  readonly #thread: Thread<GraphTasks>;

  constructor(brought: Brought) {
    this.brought = brought;
    this.#thread = new Thread(
      brought.model.name,
      () => new Worker(new URL('./graph-worker.ts', import.meta.url), { type: 'module' }),
    );
  }

  /** @throws UsageError in the words of the command line; AbortError when ended */
  async ask<Type extends keyof GraphTasks & string>(
    type: Type,
    asks: GraphTasks[Type]['asks'],
    asking: Asking = {},
  ): Promise<GraphTasks[Type]['answers']> {
    const within = { seconds: DEADLINE_SECONDS, ...asking };
    if (!this.#thread.isRunning) await this.#thread.ask('read', this.brought, within);
    return await this.#thread.ask(type, asks, within);
  }

  /** Ends the worker, and gives its memory back. */
  stop(): void {
    this.#thread.stop();
  }
}

/** The worker that runs networks. */
export const readingThread = () => new Worker(new URL('./reading-worker.ts', import.meta.url), { type: 'module' });
