import { afterAll, beforeAll, expect, test } from 'vitest';
import { sendHostile } from '../support/hostile.ts';
import { TEST_RELEASE } from '../support/release.ts';
import { type RunningWorker, startWorker } from '../support/worker.ts';

let worker: RunningWorker;
beforeAll(async () => {
  worker = await startWorker({ release: TEST_RELEASE });
}, 60_000);
afterAll(() => worker?.dispose());

const wasm = async () =>
  ((await (await fetch(`${worker.url}/api/v1/health`)).json()) as { memory: { wasm: number } }).memory.wasm;
const classify = async () =>
  (await fetch(`${worker.url}/api/v1/classify?photo=koala&perturbation=none&top=1`, { method: 'POST' })).json();

// npm run bench:edge -- --hostile sends 10,000 of them.
test('300 hostile uploads get no 5xx and no silence, cost no memory, and leave the Worker as it was', async () => {
  const before = (await classify()) as { clean: { label: string }[] };
  expect(before.clean[0].label).toMatch(/koala/i);
  const { faults, statuses } = await sendHostile(worker.url, {
    seed: 2,
    count: 300,
    slow: 0.02,
    large: 0.05,
    lanes: 8,
  });
  expect(faults).toEqual([]);
  // Both sides of the line are reached: what is refused, and what still is a picture.
  for (const status of [200, 400, 408, 413, 415, 422]) expect(statuses.get(status), String(status)).toBeGreaterThan(0);
  expect(((await classify()) as typeof before).clean).toEqual(before.clean);
  expect(await wasm()).toBeLessThan(96 * 2 ** 20);
}, 120_000);
