import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { UsageError } from '#shared/errors';
import { type ChildOptions, inChild } from '../../batch/children/index.ts';
import { tinyModel } from '../support/tiny-model.ts';

type Work = typeof import('../support/child-work.ts');
const module = new URL('../support/child-work.ts', import.meta.url);
const what = 'The model x.onnx';

const within = <Result>(
  work: Parameters<typeof inChild<Work, Result>>[2],
  options: Partial<ChildOptions> = {},
): Promise<Result> => inChild<Work, Result>(module, { what, ...options }, work);

const isRunning = (id: number): boolean => {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
};

afterEach(() => vi.unstubAllEnvs());

describe('work on a foreign file in a process of its own', () => {
  test('gives its result, and hands bytes over', async () => {
    expect(await within(({ double }) => double(Float32Array.of(1, 2)))).toEqual(Float32Array.of(2, 4));
  });

  test('several calls share a process', async () => {
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

  test('that crashes is bad input, and this process goes on', async () => {
    await expect(within(({ crash }) => crash())).rejects.toThrow(
      /^The model x\.onnx ended the process that looked at it \(SIGABRT\)/,
    );
  });

  test("is interrupted in the middle of a model's run, again and again, and this process goes on", async () => {
    const { bytes } = tinyModel();
    for (let round = 0; round < 5; round++) {
      const controller = new AbortController();
      const onProgress = () => void setTimeout(() => controller.abort(new Error('enough')), 7 * round);
      const running = within(({ infer }) => infer(bytes), { signal: controller.signal, onProgress });
      await expect(running).rejects.toThrow('enough');
    }
  });

  test('leaves no process behind, whether it ended well or not', async () => {
    const ids = [await within(({ processId }) => processId())];
    const controller = new AbortController();
    const signal = controller.signal;
    const onProgress = () => controller.abort(new Error('enough'));
    const spinning = within(
      async ({ processId, spin }) => {
        ids.push(await processId());
        return spin();
      },
      { signal, onProgress },
    );
    await expect(spinning).rejects.toThrow('enough');
    for (const id of ids) expect(() => process.kill(id, 0)).toThrow(/ESRCH/);
  });

  test('ends when nobody waits for it any more', async () => {
    const script = `const { inChild } = await import(${JSON.stringify(new URL('../../batch/children/index.ts', import.meta.url).href)});
      await inChild(new URL(${JSON.stringify(module.href)}), { what: 'x' }, async ({ processId, spin }) => {
        console.log(await processId());
        await spin();
      });`;
    const waiting = spawn(process.execPath, ['--input-type=module', '--eval', script]);
    const [id] = (await once(waiting.stdout, 'data')).map(Number);
    waiting.kill('SIGKILL');
    await expect.poll(() => isRunning(id), { timeout: 10_000 }).toBe(false);
  });

  test('a deadline that is none is refused', async () => {
    vi.stubEnv('ATLAS_DEADLINE', 'soon');
    await expect(within(({ refuse }) => refuse())).rejects.toThrow(/ATLAS_DEADLINE is "soon"/);
  });
});
