import { expect, test } from 'vitest';
import { Turnstile } from '../../workers/atlas/inference/turnstile.ts';

const limits = { places: 3, leaseMs: 40 };
const soon = () => new Promise((resolve) => setTimeout(resolve, 2));

test('lets one through at a time, in order, also past one that fails', async () => {
  const turnstile = new Turnstile(limits);
  const seen: number[] = [];
  let inside = 0;
  const pass = (n: number) =>
    turnstile.pass(async () => {
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

test('admits no more than have a place', async () => {
  const turnstile = new Turnstile(limits);
  const held = [turnstile.pass(soon), turnstile.pass(soon)];
  expect(turnstile.admits()).toBe(true);
  held.push(turnstile.pass(soon));
  expect(turnstile.admits()).toBe(false);
  await Promise.all(held);
  expect(turnstile.admits()).toBe(true);
});

test('goes on after the lease where the one before never comes back', async () => {
  const turnstile = new Turnstile(limits);
  void turnstile.pass(() => new Promise(() => {}));
  expect(await turnstile.pass(async () => 'through')).toBe('through');
});
