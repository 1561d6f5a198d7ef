import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { UsageError } from '#shared/errors';
import { Patience } from '../../batch/queue/patience.ts';
import { DamagedError } from '../../batch/queue/shared-store.ts';

const withCode = (code: string, message = code) => Object.assign(new Error(message), { code });

/** Fails with each of these in turn, and then answers. */
function failing(...errors: Error[]) {
  return async () => {
    const error = errors.shift();
    if (error) throw error;
    return 'done';
  };
}

test('a full disk, and what else is gone for a while, is waited for, and said once', async () => {
  const said: string[] = [];
  const patience = new Patience((text) => said.push(text));
  expect(patience.quietFor('disk')).toBe(Number.POSITIVE_INFINITY);
  const full = withCode('ENOSPC', 'ENOSPC: no space left on device, write');
  expect(await patience.through('disk', failing(full, full))).toBe('done');
  expect(said).toEqual([
    'The disk cannot be used now (ENOSPC: no space left on device, write). Waiting, and trying again.',
    expect.stringMatching(/^The disk is back after \d+ s\.$/),
  ]);
  expect(patience.quietFor('disk')).toBeLessThan(5000);
  // fetch says of a connection that fails that it is a TypeError.
  const failed = new TypeError('fetch failed', { cause: withCode('ECONNRESET') });
  expect(await patience.through('store', failing(failed))).toBe('done');
});

test.each([
  ['wrong usage', new UsageError('no')],
  ['bytes that are wrong', new DamagedError('no')],
  ['a fault of a program', new TypeError('no')],
  ['a table that is not there', withCode('42P01')],
])('%s is thrown at once', async (_what, error) => {
  const said: string[] = [];
  await expect(new Patience((text) => said.push(text)).through('store', failing(error))).rejects.toBe(error);
  expect(said).toEqual([]);
});

test('what is gone is waited for at the same time by several, and said once', async () => {
  const said: string[] = [];
  const patience = new Patience((text) => said.push(text));
  const gone = () => withCode('ECONNREFUSED');
  await Promise.all([patience.through('database', failing(gone())), patience.through('database', failing(gone()))]);
  expect(said).toHaveLength(2);
});

test('an interrupted one ends at once, with the reason of its signal', async () => {
  const stop = new AbortController();
  const waiting = new Patience(() => {}, stop.signal).through('database', () =>
    Promise.reject(withCode('ECONNREFUSED')),
  );
  await pause(50);
  stop.abort(new Error('interrupted'));
  await expect(waiting).rejects.toThrow('interrupted');
});
