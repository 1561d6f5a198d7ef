// What a network computes of many pictures that are made while it runs.
import { setImmediate } from 'node:timers/promises';
import type { Compute, Program } from '#shared/compute';

export interface CollectTask<Picture> {
  compute: Compute;
  /** A prepared model: outputs `logits` [N,K], and what `beside` names. */
  program: Program;
  /** Another output of the program, [N,F]; left out: none. */
  beside?: string;
  /** Side of the canvas. */
  size: number;
  pictures: readonly Picture[];
  /** The canvas [3,size,size] of a picture. */
  render: (picture: Picture) => Promise<Uint8Array> | Uint8Array;
  signal?: AbortSignal;
  onProgress?: (progress: { done: number; total: number }) => void;
}

/** What a network says of pictures, in their order. */
export interface Collected {
  /** [n, features]: of the output `beside`; nothing where none was named. */
  beside: Float32Array;
  features: number;
  /** [n, classes]. */
  logits: Float32Array;
  classes: number;
}

/** Pictures that lie in memory at once, twice: those that are run, and those that are made meanwhile. */
const together = 64;

/** Runs the pictures through the network. The results do not depend on how many threads there are. */
export async function collect<Picture>(task: CollectTask<Picture>): Promise<Collected> {
  const { compute, program, size, pictures, beside: wanted, signal, onProgress } = task;
  const result: Collected = { beside: new Float32Array(0), features: 0, logits: new Float32Array(0), classes: 0 };
  let next = make(task, 0);
  for (let start = 0; start < pictures.length; start += together) {
    const pixels = await next;
    const count = Math.min(together, pictures.length - start);
    const running = compute.logits({
      ...{ program, photos: { pixels, size }, beside: wanted, signal },
      items: Array.from({ length: count }, (_, photo) => ({ photo, flip: false })),
    });
    next = make(task, start + together);
    // Whichever fails first, the other must not be left without somebody who hears of it.
    const [{ logits, classes, beside }] = await Promise.all([running, next]);
    if (start === 0) {
      result.classes = classes;
      result.features = beside.length / count;
      result.logits = new Float32Array(pictures.length * classes);
      result.beside = new Float32Array(pictures.length * result.features);
    }
    result.logits.set(logits, start * result.classes);
    result.beside.set(beside, start * result.features);
    onProgress?.({ done: start + count, total: pictures.length });
  }
  return result;
}

async function make<Picture>({ pictures, render, size, signal }: CollectTask<Picture>, start: number) {
  const chosen = pictures.slice(start, start + together);
  const plane = 3 * size * size;
  const pixels = new Uint8Array(new SharedArrayBuffer(chosen.length * plane));
  for (const [index, picture] of chosen.entries()) {
    // Codecs never give the event loop a turn, and threads wait for their next job.
    await setImmediate();
    signal?.throwIfAborted();
    pixels.set(await render(picture), index * plane);
  }
  return pixels;
}
