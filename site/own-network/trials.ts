/** Tries a network on the release's photos, in a worker that holds it between trials. */
import { rawPixels } from '#shared/zoo';
import type { GraphFile } from './graph-file.ts';
import { readingThread } from './graph-file.ts';
import type { Found, Photos, ReadingTasks } from './protocol.ts';
import { type Asking, Thread } from './thread.ts';

export class Trials {
  readonly #thread = new Thread<ReadingTasks>('The network', readingThread);
  /** What the worker holds. */
  #held = '';

  /** @throws UsageError in words for visitors; AbortError when ended */
  async ask<Type extends 'trial' | 'guess'>(
    type: Type,
    { file, found, photos }: { file: GraphFile; found: Found; photos: Photos },
    asks: Omit<ReadingTasks[Type]['asks'], 'photos'>,
    asking: Asking,
  ): Promise<ReadingTasks[Type]['answers']> {
    await this.#hold(file, found, photos.canvas, asking);
    return await this.#thread.ask(type, { ...asks, photos } as ReadingTasks[Type]['asks'], asking);
  }

  async #hold(file: GraphFile, { input, output, classes }: Found, canvas: number, asking: Asking): Promise<void> {
    if (!input) return;
    const { isWhole: _, assumed: __, ...facts } = input;
    const preparation = { ...facts, ...rawPixels(input.channels), output, classes: classes ?? undefined };
    const wanted = JSON.stringify([preparation, canvas]);
    if (this.#thread.isRunning && wanted === this.#held) return;
    const { signal } = asking;
    const scaled = await file.ask('scaled', { preparation, canvas }, { signal });
    await this.#thread.ask('open', scaled, { signal, transfer: [scaled.bytes.buffer] });
    this.#held = wanted;
  }

  /** Ends the worker, and gives its memory back. */
  stop(): void {
    this.#thread.stop();
    this.#held = '';
  }
}
