import { expect, test } from 'vitest';
import { Turnstile } from '../../workers/atlas/inference/turnstile.ts';

const limits = { places: 3, leaseMs: 40 };
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

test('admits no more than have a place', async () => {
  const turnstile = new Turnstile(limits);
  const held = [turnstile.pass(1, soon), turnstile.pass(1, soon)];
  expect(turnstile.admits()).toBe(true);
  held.push(turnstile.pass(1, soon));
  expect(turnstile.admits()).toBe(false);
  await Promise.all(held);
  expect(turnstile.admits()).toBe(true);
});

test('goes on after the lease where the one before never comes back', async () => {
  const turnstile = new Turnstile(limits);
  void turnstile.pass(1, () => new Promise(() => {}));
  expect(await turnstile.pass(1, async () => 'through')).toBe('through');
});

test('lets what takes little through before what takes long and waits, and what takes long in its time', async () => {
  const turnstile = new Turnstile({ places: 20, leaseMs: 1000 });
  const seen: string[] = [];
  const pass = (name: string, milliseconds: number) =>
    turnstile.pass(milliseconds, async () => {
      await soon();
      seen.push(name);
    });
  const all = [pass('first', 1), pass('long', 3), pass('quick', 1), pass('longer', 5)];
  await new Promise((resolve) => setTimeout(resolve, 40));
  await Promise.all([...all, pass('late', 1)]);
  expect(seen).toEqual(['first', 'quick', 'long', 'longer', 'late']);
  const busy = pass('busy', 1);
  const waiting = [pass('long', 6)];
  for (let i = 0; i < 12; i++) {
    waiting.push(pass(`${i}`, 1));
    await new Promise((resolve) => setTimeout(resolve, 8));
  }
  await Promise.all([busy, ...waiting]);
  expect(seen.lastIndexOf('long')).toBeLessThan(seen.length - 1);
});

test('lends a turn between two steps to what is due before, and to nothing else', async () => {
  const turnstile = new Turnstile({ places: 5, leaseMs: 1000 });
  const seen: string[] = [];
  const long = turnstile.pass(100, async (turn) => {
    await soon();
    seen.push('long, first step');
    await turn.giveWay();
    seen.push('long, second step');
  });
  const others = [
    turnstile.pass(200, async () => seen.push('longer')),
    turnstile.pass(1, async () => seen.push('quick')),
  ];
  await Promise.all([long, ...others]);
  expect(seen).toEqual(['long, first step', 'quick', 'long, second step', 'longer']);
});
