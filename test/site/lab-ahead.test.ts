/** When a network is loaded that nobody has asked for yet. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Ahead, allowsAhead, type Line } from '../../site/lab/ahead.ts';
import { idle, type Lab } from '../../site/lab/machine.ts';
import type { LabState } from '../../site/lab/state.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const question: LabState = { photo: 'cat', model: 'tiny', perturbation: 'v', strength: 1, where: 'release' };
const prediction = { index: 0, label: 'cat', probability: 1 };
const answeredBy = (by: LabState['where'], change: Partial<LabState> = {}): Lab => ({
  ...idle({ ...question, ...change }),
  phase: 'answered',
  reading: { clean: [prediction], perturbed: [prediction], by, took: '' },
});

function ahead(line?: Line, load = vi.fn(async (_question: LabState, _signal: AbortSignal): Promise<unknown> => null)) {
  const ready = vi.fn();
  return { load, ready, of: new Ahead(load, ready, line) };
}
const rest = () => vi.advanceTimersByTimeAsync(5000);

test('nothing is loaded before an answer stands and the visitor has touched the lab', async () => {
  const { of, load, ready } = ahead();
  of.touched();
  of.shows(idle(question));
  await rest();
  expect(load).not.toHaveBeenCalled();
  const untouched = ahead();
  untouched.of.shows(answeredBy('release'));
  await rest();
  expect(untouched.load).not.toHaveBeenCalled();

  of.shows(answeredBy('release'));
  expect(load).not.toHaveBeenCalled();
  expect(of.isReady('tiny')).toBe(false);
  await rest();
  expect(load).toHaveBeenCalledExactlyOnceWith(question, expect.any(AbortSignal));
  expect(of.isReady('tiny')).toBe(true);
  expect(ready).toHaveBeenCalledOnce();
  untouched.of.touched();
  await rest();
  expect(untouched.load).toHaveBeenCalledOnce();
});

test('while the visitor asks on, it waits; what was tried once is not tried again', async () => {
  const { of, load, ready } = ahead(
    undefined,
    vi.fn(async () => Promise.reject(new Error('blocked'))),
  );
  of.touched();
  for (let i = 0; i < 5; i++) {
    of.shows(answeredBy('release', { strength: i / 4 }));
    await vi.advanceTimersByTimeAsync(300);
    of.shows(idle(question));
  }
  await rest();
  expect(load).not.toHaveBeenCalled();
  for (let i = 0; i < 2; i++) {
    of.shows(answeredBy('release'));
    await rest();
  }
  expect(load).toHaveBeenCalledOnce();
  expect([of.isReady('tiny'), ready.mock.calls.length]).toEqual([false, 0]);
  // Another network is another matter.
  of.shows(answeredBy('release', { model: 'other' }));
  await rest();
  expect(load).toHaveBeenCalledTimes(2);
});

test('a network that has answered here is there, and where somebody else answers none is wanted', async () => {
  const { of, load } = ahead();
  of.touched();
  of.shows(answeredBy('edge', { where: 'edge' }));
  await rest();
  of.shows(answeredBy('browser', { strength: 0.6 }));
  expect(of.isReady('tiny')).toBe(true);
  of.shows(answeredBy('release'));
  await rest();
  expect(load).not.toHaveBeenCalled();
});

test('what ends the worker ends what was loaded, and a load that comes late says nothing', async () => {
  let end: (value: unknown) => void = () => {};
  const { of, ready } = ahead(
    undefined,
    vi.fn(
      () =>
        new Promise((resolve) => {
          end = resolve;
        }),
    ),
  );
  of.touched();
  of.shows(answeredBy('release'));
  await rest();
  of.forget();
  end(null);
  await rest();
  expect([of.isReady('tiny'), ready.mock.calls.length]).toEqual([false, 0]);
});

test.each([
  [undefined, true],
  [{ effectiveType: '4g' }, true],
  [{ effectiveType: '4g', saveData: true }, false],
  [{ effectiveType: '3g' }, false],
  [{ effectiveType: '2g' }, false],
])('on a line of %o it loads ahead: %s', async (line, may) => {
  expect(allowsAhead(line)).toBe(may);
  const { of, load } = ahead(line);
  of.touched();
  of.shows(answeredBy('release'));
  await rest();
  expect(load).toHaveBeenCalledTimes(may ? 1 : 0);
});
