import { expect, test } from 'vitest';
import { Turnstile } from '../../workers/atlas/inference/turnstile.ts';

const limits = { places: 3, bytes: 100, leaseMs: 40 };
const soon = () => new Promise((resolve) => setTimeout(resolve, 2));

test('lets one through at a time, in order, also past one that fails', async () => {
  const turnstile = new Turnstile(limits);
  const seen: number[] = [];
  let inside = 0;
  const pass = (n: number) =>
    turnstile.pass(1, async () => {
      expect(++inside).toBe(1);
      await soon();
      inside -= 1;
      seen.push(n);
      if (n === 1) throw new Error('one');
    });
  const results = await Promise.allSettled([pass(0), pass(1), pass(2)]);
  expect(seen).toEqual([0, 1, 2]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});

test('admits no more than fit by number and by bytes, and anything when empty', async () => {
  const turnstile = new Turnstile(limits);
  expect(turnstile.admits(1000)).toBe(true);
  const held = [turnstile.pass(60, soon), turnstile.pass(10, soon)];
  expect(turnstile.admits(31)).toBe(false);
  expect(turnstile.admits(30)).toBe(true);
  held.push(turnstile.pass(10, soon));
  expect(turnstile.admits(1)).toBe(false);
  await Promise.all(held);
  expect(turnstile.admits(1000)).toBe(true);
});

test('goes on after the lease where the one before never comes back', async () => {
  const turnstile = new Turnstile(limits);
  void turnstile.pass(1, () => new Promise(() => {}));
  expect(await turnstile.pass(1, async () => 'through')).toBe('through');
});
