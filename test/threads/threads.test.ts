import { afterEach, describe, expect, test, vi } from 'vitest';
import { UsageError } from '../../batch/errors/index.ts';
import { inThread, type ThreadOptions } from '../../batch/threads/index.ts';

type Work = typeof import('../support/thread-work.ts');
const module = new URL('../support/thread-work.ts', import.meta.url);
const what = 'The model x.onnx';

const within = <Result>(
  work: Parameters<typeof inThread<Work, Result>>[2],
  options: Partial<ThreadOptions> = {},
): Promise<Result> => inThread<Work, Result>(module, { what, ...options }, work);

afterEach(() => vi.unstubAllEnvs());

describe('work on a foreign file in a thread', () => {
  test('gives its result, and hands bytes over', async () => {
    expect(await within(({ double }) => double(Float32Array.of(1, 2)))).toEqual(Float32Array.of(2, 4));
  });

  test('several calls share a thread', async () => {
    const both = await within(async ({ double }) => [
      await double(Float32Array.of(1)),
      await double(Float32Array.of(3)),
    ]);
    expect(both).toEqual([Float32Array.of(2), Float32Array.of(6)]);
  });

  test('fails as it would have failed here: a wrong graph is bad input, a fault stays a fault', async () => {
    await expect(within(({ refuse }) => refuse())).rejects.toThrow(new UsageError('The graph is none.'));
    await expect(within(({ fault }) => fault())).rejects.toThrow(TypeError);
  });

  test('ends in the middle of an endless loop when it is interrupted', async () => {
    const controller = new AbortController();
    const onProgress = vi.fn(() => controller.abort(new DOMException('interrupted', 'AbortError')));
    const spinning = within(({ spin }) => spin(), { signal: controller.signal, onProgress });
    await expect(spinning).rejects.toThrow('interrupted');
    expect(onProgress).toHaveBeenCalledWith('spinning');
  });

  test('does not begin when it is interrupted already', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(within(({ double }) => double(Float32Array.of(1)), { signal })).rejects.toThrow('too late');
  });

  test('ends at the deadline, and says how to raise it', async () => {
    vi.stubEnv('ATLAS_DEADLINE', '1.5');
    await expect(within(({ spin }) => spin())).rejects.toThrow(
      /^The model x\.onnx took longer than 1\.5 seconds.*ATLAS_DEADLINE=15\.$/,
    );
  });

  test('has no deadline while it runs a model', async () => {
    vi.stubEnv('ATLAS_DEADLINE', '2');
    const controller = new AbortController();
    const spinning = within(({ spin }) => spin(true), { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('enough')), 4000);
    await expect(spinning).rejects.toThrow('enough');
  });

  test('that fills its memory is bad input, and this process goes on', async () => {
    await expect(within(({ hoard }) => hoard())).rejects.toThrow(/^The model x\.onnx needs more than 768 MB of memory/);
  });

  test('a deadline that is none is refused', async () => {
    vi.stubEnv('ATLAS_DEADLINE', 'soon');
    await expect(within(({ refuse }) => refuse())).rejects.toThrow(/ATLAS_DEADLINE is "soon"/);
  });
});
