/** What the page knows of a craft, whatever its workers say and when; how it looks is test/e2e. */
import { beforeEach, describe, expect, test } from 'vitest';
import type { CraftProgress } from '#shared/attacks';
import type { Share } from '#shared/release';
import { Conductor, type CraftWorker } from '../../site/craft/conductor.ts';
import { type Craft, type CraftEvent, idle, isCrafting, MOST_RESTARTS, next } from '../../site/craft/machine.ts';
import type { CraftOrder, CraftReport, CraftResult, CraftTask } from '../../site/craft/protocol.ts';
import { Announcer, brokeText, doingText, foundText, isBeyond, paceTexts } from '../../site/craft/words.ts';

const order = {
  network: { id: 'one', title: 'One', sha256: '', graph: { url: '/one', bytes: 9 }, labels: ['a', 'b'] },
  ...{ others: [], canvas: 2, fit: 'crop', photos: [], synthetic: null, attack: 'house', settings: {}, norm: 'inf' },
  ...{ epsilon: 10, seed: 1, budget: { gradients: 100 }, runtime: { kind: 'wasm', threads: 1 } },
} satisfies CraftOrder as CraftOrder;
const v = new Float32Array(12);
const share = (fooled: number, photos = 60, low = 0, high = 1): Share => ({
  ...{ photos, fooled, ratio: fooled / photos, low, high },
});
const progress = (gradients: number, fooling: number | null = 0.5): CraftProgress => ({
  ...{
    stage: 'craft',
    done: gradients,
    total: 100,
    gradients,
    gradientsPerSecond: 5,
    secondsLeft: 20,
    loss: 1,
    fooling,
  },
});
const step = (gradients: number, fooling?: number | null): CraftReport => ({
  ...{ type: 'step', progress: progress(gradients, fooling), v: Float32Array.of(gradients) },
});
const looked = (gradients: number): CraftReport => ({
  ...{ type: 'looked', gradients, heldOut: share(8, 16), shown: [], v },
});
const result: CraftResult = { v, canvas: 2, record: {}, id: 'one.house', stopped: false };
const fold = (craft: Craft, ...events: CraftEvent[]) => events.reduce(next, craft);
const says = (worker: number, ...reports: CraftReport[]) =>
  reports.map((report): CraftEvent => ({ type: 'report', worker, report }));
const begun = next(idle, { type: 'begin', order });
const crafting = fold(begun, ...says(1, step(10), looked(10), { type: 'checkpoint', bytes: v as never }, step(30)));
const lost = (worker: number): CraftEvent => ({ type: 'broke', worker, says: 'It is gone.' });

describe('a craft', () => {
  test('goes on from the last checkpoint in another worker, and the first one is heard no more', () => {
    const anew = next(crafting, lost(1));
    expect(anew).toMatchObject({ worker: 2, phase: 'running', restarts: 1, broke: { at: 30, from: 10 } });
    expect(anew.checkpoint?.bytes).toBe(v);
    expect(brokeText(anew)).toBe(
      'The runtime broke down at gradient 30 and was started anew; the craft goes on from gradient 10.',
    );
    for (const event of [...says(1, step(40), { type: 'crafted', result }), lost(1)])
      expect(next(anew, event)).toBe(anew);
    // What is behind has taken the place of what was ahead.
    const behind = fold(anew, ...says(2, step(20, 0.6)));
    expect(behind.curve).toEqual([
      { gradients: 10, fooling: 0.5 },
      { gradients: 20, fooling: 0.6 },
    ]);
  });

  test('that says itself that its runtime is gone is started anew too, and one that says why it failed is not', () => {
    expect(fold(crafting, ...says(1, { type: 'failed', says: 'Lost.', lost: true })).worker).toBe(2);
    const failed = fold(crafting, ...says(1, { type: 'failed', says: 'The epsilon is wrong.', lost: false }));
    expect(failed).toMatchObject({ worker: 1, phase: 'failed', failure: 'The epsilon is wrong.' });
    expect(next(failed, { type: 'again' })).toMatchObject({
      worker: 2,
      phase: 'running',
      failure: null,
      checkpoint: { gradients: 10 },
    });
  });

  test('is given up after three workers in a row that came to no checkpoint, and only in a row', () => {
    let craft = crafting;
    for (let i = 0; i < MOST_RESTARTS; i++) craft = next(craft, lost(craft.worker));
    expect(craft).toMatchObject({ phase: 'running', worker: 4 });
    const saved = fold(craft, ...says(4, step(20), { type: 'checkpoint', bytes: new Uint8Array() }), lost(4));
    expect(saved).toMatchObject({ phase: 'running', restarts: 1 });
    expect(next(craft, lost(4))).toMatchObject({ phase: 'failed', failure: 'It is gone.' });
    expect(brokeText(next(craft, lost(4)))).toContain('4 times in a row');
  });

  test('keeps what it crafted, whatever breaks down while that is measured', () => {
    const crafted = fold(crafting, ...says(1, { type: 'crafted', result }));
    const broken = next(crafted, lost(1));
    expect(broken).toMatchObject({ phase: 'done', result, failure: 'It is gone.', worker: 1 });
    expect(foundText(broken, 'One')).toBe('It was not measured: It is gone.');
  });

  test('can be paused and stopped once there is something to keep, and before is cancelled', () => {
    expect(next(begun, { type: 'pause' })).toBe(begun);
    expect(next(begun, { type: 'stop' })).toMatchObject({ phase: 'idle', order: null, worker: 2 });
    const paused = next(crafting, { type: 'pause' });
    expect(doingText(paused)).toBe('Paused');
    expect(paceTexts(paused).join()).not.toContain('left');
    expect(next(paused, { type: 'goOn' }).wish).toBe('goOn');
    const ending = next(paused, { type: 'stop' });
    expect(doingText(ending)).toBe('Ending after this step');
    expect(next(ending, { type: 'pause' })).toBe(ending);
    // Once it is crafted, to stop leaves out what is still to be measured.
    const crafted = fold(ending, ...says(1, { type: 'crafted', result }));
    expect([crafted.wish, isCrafting(crafted)]).toEqual(['goOn', false]);
    expect(next(crafted, { type: 'stop' }).wish).toBe('stop');
  });

  test('shows a loading of files only while nothing else is done', () => {
    const loading = (what: 'network' | 'runtime'): CraftReport => ({ type: 'doing', what, done: 1e6, total: 2e6 });
    const early = fold(begun, ...says(1, loading('runtime')));
    expect(doingText(early)).toBe('Loading the runtime: 1.0 of 2.0 MB');
    const reading = fold(early, ...says(1, { type: 'doing', what: 'photos', done: 3, total: 9 }, loading('network')));
    expect(doingText(reading)).toBe('Reading the photographs: 3 of 9');
  });

  test('has a curve of at most some hundred points, the last of them always', () => {
    const many = Array.from({ length: 5000 }, (_, i) => step((i + 1) / 50));
    const { curve } = fold(begun, ...says(1, ...many));
    expect(curve.length).toBeLessThanOrEqual(302);
    expect(curve.at(-1)?.gradients).toBe(100);
    expect(fold(begun, ...says(1, step(1, null))).curve).toEqual([]);
  });
});

describe('what is said', () => {
  const measured = (fooling: Share, noise: Share, p: number, title = 'One') => ({
    network: 'n',
    title,
    fooling,
    noise,
    p,
  });
  const own = measured(share(54, 60, 0.8, 0.95), share(10, 60, 0.09, 0.28), 0.01);
  const same = measured(share(12, 60, 0.12, 0.32), share(10, 60, 0.09, 0.28), 0.3, 'Two');
  const done = (...rows: Craft['measured']) => ({ ...crafting, phase: 'done' as const, result, measured: rows });

  test('says what a pattern does beyond noise, and where it does no more than that', () => {
    expect([isBeyond(own), isBeyond(same)]).toEqual([true, false]);
    expect(isBeyond({ ...own, fooling: own.noise, noise: own.fooling })).toBe(false);
    expect(foundText(done(own, same), 'One')).toBe(
      'With this pattern One misreads 54 of 60 photographs that took no part in crafting; noise of the same bound changes 10. The other network it misleads no more than noise does.',
    );
    expect(foundText(done(own, own, same), 'One')).toContain('It carries over to One, which');
    expect(foundText(done(same), 'Two')).toContain('may be chance');
    expect(foundText({ ...done(), began: { crafting: 2, heldOut: 0, skipped: [], shown: [] } }, 'One')).toContain(
      'No photograph was held out',
    );
  });

  test('is read out as stages begin, and while it crafts not more often than can be listened to', () => {
    const announcer = new Announcer();
    const said = (craft: Craft, seconds: number) => announcer.next(craft, 1000 * seconds);
    expect(said(begun, 0)).toBe('Starting.');
    expect(said(fold(begun, ...says(1, { type: 'doing', what: 'photos', done: 1, total: 9 })), 1)).toBe(
      'Reading the photographs.',
    );
    expect(said(fold(begun, ...says(1, { type: 'doing', what: 'photos', done: 5, total: 9 })), 2)).toBeNull();
    expect(said(fold(begun, ...says(1, step(1))), 3)).toBe('Crafting: 1 percent.');
    expect(said(fold(begun, ...says(1, step(50))), 5)).toBeNull();
    expect(said(fold(begun, ...says(1, step(5))), 60)).toBeNull();
    expect(said(fold(begun, ...says(1, looked(50), step(50))), 61)).toBe(
      'Crafting: 50 percent. 8 of 16 held-out photographs are misread.',
    );
    expect(said(next(crafting, lost(1)), 62)).toContain('broke down at gradient 30');
    expect(said(done(own), 63)).toContain('misreads 54 of 60');
    expect(said(done(own), 99)).toBeNull();
  });
});

describe('the conductor', () => {
  const workers: (CraftWorker & { tasks: CraftTask[]; isEnded: boolean; says(type: string, event: object): void })[] =
    [];
  const start = () => {
    const listeners = new Map<string, (event: never) => void>();
    const worker = {
      ...{ tasks: [] as CraftTask[], isEnded: false },
      postMessage: (task: CraftTask) => worker.tasks.push(task),
      terminate: () => (worker.isEnded = true),
      addEventListener: (type: string, listener: (event: never) => void) => listeners.set(type, listener),
      says: (type: string, event: object) => listeners.get(type)?.(event as never),
    };
    workers.push(worker as never);
    return worker as never;
  };
  beforeEach(() => {
    workers.length = 0;
  });
  const kinds = (worker: number) => workers[worker].tasks.map(({ type }) => type);
  const report = (worker: number, data: CraftReport) => workers[worker].says('message', { data });

  test('hands wishes on, starts another worker where one broke down, and ends it with the craft', () => {
    const shown: Craft['phase'][] = [];
    const conductor = new Conductor(start, ({ phase }) => shown.push(phase));
    conductor.begin(order);
    report(0, step(10));
    report(0, { type: 'checkpoint', bytes: Uint8Array.of(7) });
    conductor.pause();
    expect(kinds(0)).toEqual(['craft', 'pause']);
    workers[0].says('error', { message: 'out of memory', preventDefault: () => {} });
    expect(workers[0].isEnded).toBe(true);
    // What was held stays so.
    expect(kinds(1)).toEqual(['craft', 'pause']);
    expect((workers[1].tasks[0] as { order: CraftOrder }).order.checkpoint).toEqual(Uint8Array.of(7));
    conductor.goOn();
    conductor.stop();
    report(1, { type: 'crafted', result });
    conductor.stop();
    expect(kinds(1)).toEqual(['craft', 'pause', 'goOn', 'stop', 'stop']);
    report(1, { type: 'done', result, seconds: 3 });
    expect(workers.map(({ isEnded }) => isEnded)).toEqual([true, true]);
    expect(shown.at(-1)).toBe('done');
    conductor.begin(order);
    expect(conductor.craft).toMatchObject({ worker: 3, phase: 'running', result: null, checkpoint: null });
    conductor.stop();
    expect([workers[2].isEnded, conductor.craft.phase]).toEqual([true, 'idle']);
  });
});
