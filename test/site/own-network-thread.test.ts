/** A worker that is asked, ended and asked again. It is a stand-in: what is held here is who ends it, and when. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Asking, Thread } from '../../site/own-network/thread.ts';

interface Tasks extends Record<string, { asks: object; answers: unknown }> {
  count: { asks: { to: number }; answers: number };
}

class StandIn extends EventTarget {
  readonly asked: { id: number }[] = [];
  isEnded = false;
  postMessage(task: { id: number }) {
    this.asked.push(task);
  }
  terminate() {
    this.isEnded = true;
  }
  says(report: object) {
    this.dispatchEvent(new MessageEvent('message', { data: report }));
  }
}

let workers: StandIn[];
let thread: Thread<Tasks>;
beforeEach(() => {
  vi.useFakeTimers();
  workers = [];
  thread = new Thread<Tasks>('net.onnx', () => {
    const worker = new StandIn();
    workers.push(worker);
    return worker as unknown as Worker;
  });
});
afterEach(() => vi.useRealTimers());
const ask = (asking?: Asking) => thread.ask('count', { to: 3 }, asking);

describe('a worker', () => {
  test('answers what it was asked, with word of how far it is', async () => {
    const onProgress = vi.fn();
    const answer = ask({ onProgress });
    const [{ id }] = workers[0].asked;
    workers[0].says({ type: 'progress', id, done: 1, total: 3 });
    workers[0].says({ type: 'answer', id: id + 1, answer: 'another' });
    workers[0].says({ type: 'answer', id, answer: 3 });
    expect(await answer).toBe(3);
    expect(onProgress).toHaveBeenCalledWith(expect.objectContaining({ done: 1, total: 3 }));
    ask().catch(() => {});
    expect(workers).toHaveLength(1);
  });

  test('is ended by its deadline, in words, and not when it has answered before', async () => {
    const inTime = ask({ seconds: 120 });
    workers[0].says({ type: 'answer', id: 1, answer: 3 });
    await inTime;
    vi.advanceTimersByTime(200_000);
    expect(workers[0].isEnded).toBe(false);
    const late = ask({ seconds: 120 });
    vi.advanceTimersByTime(120_000);
    await expect(late).rejects.toThrow(/^The model net\.onnx took longer than 120 seconds to look at/);
    expect([workers[0].isEnded, thread.isRunning]).toEqual([true, false]);
    ask().catch(() => {});
    expect(workers).toHaveLength(2);
  });

  test('is ended by whoever cancels, with all that it was asked', async () => {
    const ending = new AbortController();
    const [one, other] = [ask({ signal: ending.signal }), ask()];
    ending.abort();
    await expect(one).rejects.toMatchObject({ name: 'AbortError' });
    await expect(other).rejects.toMatchObject({ name: 'AbortError' });
    expect(workers[0].isEnded).toBe(true);
    await expect(ask({ signal: ending.signal })).rejects.toMatchObject({ name: 'AbortError' });
    expect(workers).toHaveLength(1);
  });

  test('that dies without a word has run out of memory, which is said with what to do', async () => {
    const answer = ask();
    workers[0].dispatchEvent(new Event('error'));
    await expect(answer).rejects.toThrow(/^net\.onnx needs more memory.*smaller or a quantised model.*npx atlas/);
    expect(thread.isRunning).toBe(false);
  });

  test('that fails says why', async () => {
    const answer = ask();
    workers[0].says({ type: 'failed', id: 1, says: 'The model net.onnx cannot be read.' });
    await expect(answer).rejects.toThrow('The model net.onnx cannot be read.');
    expect(thread.isRunning).toBe(true);
  });
});
