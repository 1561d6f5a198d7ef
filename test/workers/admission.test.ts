import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { Admission } from '../../workers/atlas/imaging/admission.ts';
import { announcedBytes } from '../../workers/atlas/imaging/body.ts';
import { png } from '../images/pictures.ts';
import { TEST_RELEASE } from '../support/release.ts';
import { openUpload, sendSlowly } from '../support/slow.ts';
import { type RunningWorker, startWorker } from '../support/worker.ts';

describe('the admission of bodies', () => {
  const limits = { places: 4, shared: 100, large: 40, patienceMs: 500, leaseMs: 1000 };
  afterEach(() => void vi.useRealTimers());

  test('reserves what is announced, and refuses what does not fit beside the others', () => {
    const admission = new Admission(limits);
    const places = [admission.enter(40), admission.enter(40)];
    expect(places).not.toContain(null);
    expect(admission.enter(21)).toBeNull();
    expect(admission.enter(20)).not.toBeNull();
    places[0]?.leave();
    expect(admission.enter(40)).not.toBeNull();
  });

  test('counts what is read beyond it', () => {
    const admission = new Admission(limits);
    const [one, other] = [admission.enter(0), admission.enter(40)];
    expect(one?.holds(40)).toBe(true);
    expect(other?.holds(10)).toBe(true);
    expect(admission.enter(21)).toBeNull();
    expect(admission.enter(20)?.holds(30)).toBe(false);
  });

  test('has room for one large body, which keeps no ordinary one out', () => {
    const admission = new Admission(limits);
    const large = admission.enter(5000);
    expect(large).not.toBeNull();
    expect(admission.enter(41)).toBeNull();
    const ordinary = admission.enter(40);
    expect(ordinary).not.toBeNull();
    expect(ordinary?.holds(41)).toBe(false);
    large?.leave();
    expect(ordinary?.holds(41)).toBe(true);
  });

  test('asks the one that is on its way for longest to give way where an ordinary one finds no room', () => {
    vi.useFakeTimers();
    const admission = new Admission(limits);
    const here = admission.enter(20);
    here?.arrived();
    const slow = [admission.enter(40), admission.enter(40)];
    expect(admission.enter(20)).toBeNull();
    expect(slow.map((place) => place?.givesWay)).toEqual([false, false]);
    vi.advanceTimersByTime(limits.patienceMs + 1);
    // A large one does not need their room.
    expect(admission.enter(50)).not.toBeNull();
    expect(slow[0]?.givesWay).toBe(false);
    expect(admission.enter(20)).toBeNull();
    expect([here, ...slow].map((place) => place?.givesWay)).toEqual([false, true, false]);
    slow[0]?.leave();
    expect(admission.enter(20)).not.toBeNull();
  });

  test('has so many places, and gives those of the dead to others', () => {
    vi.useFakeTimers();
    const admission = new Admission(limits);
    const places = [0, 0, 0, 0].map((bytes) => admission.enter(bytes));
    expect(places).not.toContain(null);
    expect(admission.enter(0)).toBeNull();
    vi.advanceTimersByTime(limits.leaseMs + 1);
    expect(admission.enter(0)).not.toBeNull();
    expect(places[0]?.holds(1)).toBe(false);
  });
});

test('a body that announces more than the cap is refused before any of it is read or room is made for it', () => {
  const announced = (length: string) =>
    announcedBytes({ headers: new Headers({ 'Content-Length': length }) } as unknown as Request);
  expect(announced('20000000')).toBe(20e6);
  for (const length of ['20000001', '4000000000', '1e15'])
    expect(() => announced(length)).toThrow(expect.objectContaining({ kind: 'body-too-large' }));
});

describe('bodies that take room', () => {
  let worker: RunningWorker;
  let photo: Uint8Array<ArrayBuffer>;
  beforeAll(async () => {
    worker = await startWorker({ release: TEST_RELEASE });
    photo = new Uint8Array(await readFile(new URL('../../zoo/starter/photos/koala.jpg', import.meta.url)));
    expect(await classify()).toBe(200);
  }, 60_000);
  afterAll(() => worker?.dispose());

  const path = '/api/v1/classify?perturbation=none&top=1';
  const classify = async (body: BodyInit = photo) =>
    (await fetch(worker.url + path, { method: 'POST', body, duplex: 'half' } as RequestInit)).status;
  const opened: ReturnType<typeof openUpload>[] = [];
  /** An upload that announces its bytes and sends none of them. */
  const hold = async (bytes: number) => {
    const one = openUpload(worker.url + path, { 'Content-Length': bytes });
    opened.push(one);
    one.upload.flushHeaders();
    await new Promise((resolve) => setTimeout(resolve, 100));
    return one;
  };
  afterEach(async () => {
    for (const { upload } of opened.splice(0)) upload.destroy();
    await expect.poll(() => classify(), { timeout: 10_000 }).toBe(200);
  });

  test('are refused at once where others have it, with Retry-After, and ordinary ones are answered meanwhile', async () => {
    await hold(19_000_000);
    const refused = await (await hold(19_000_000)).sent;
    expect([refused.status, refused.retryAfter]).toEqual([503, '1']);
    expect(JSON.parse(refused.answer)).toMatchObject({ type: '/problems/busy' });
    // Sooner than a body is given up for being slow.
    expect(refused.milliseconds).toBeLessThan(4000);
    expect(await classify()).toBe(200);
    for (let i = 0; i < 3; i++) await hold(3_999_000);
    expect(await classify()).toBe(503);
  });

  test('give it back when their sender goes away', async () => {
    for (let i = 0; i < 5; i++) {
      const { upload } = await hold(19_000_000);
      upload.write(photo);
      upload.destroy();
      await expect.poll(async () => (await lengthRefused()) === 503, { timeout: 5000 }).toBe(false);
    }
  });
  /** The status of a large body that is no picture. */
  const lengthRefused = () => classify(new Uint8Array(4_500_000));

  test('are counted as they are read where they announce nothing', async () => {
    const unannounced = () => {
      let megabytes = 0;
      return new ReadableStream({
        pull(controller) {
          const piece = new Uint8Array(1_000_000);
          if (megabytes === 0) piece.set(photo.subarray(0, 5000));
          if (megabytes++ < 30) controller.enqueue(piece);
          else controller.close();
        },
      });
    };
    await hold(19_000_000);
    expect(await classify(unannounced())).toBe(503);
    for (const { upload } of opened.splice(0)) upload.destroy();
    await expect.poll(() => lengthRefused(), { timeout: 5000 }).toBe(415);
    expect(await classify(unannounced())).toBe(413);
    const slices = new Blob([photo.subarray(0, 999), photo.subarray(999, 1000), photo.subarray(1000)]).stream();
    expect(await classify(slices)).toBe(200);
  });

  test('are refused by their beginning where the rest would not help, and read to their end where it might', async () => {
    const grey = { width: 60_000, height: 60_000, bitDepth: 8, colour: 0 };
    const beginnings: [Uint8Array, number, string][] = [
      [new Uint8Array(70_000), 415, '/problems/not-an-image'],
      [Buffer.concat([png(grey, []), new Uint8Array(70_000)]), 413, '/problems/image-too-large'],
    ];
    for (const [beginning, status, type] of beginnings) {
      // The rest never comes: who waits for it answers 408, and later.
      const { upload, sent } = await hold(19_000_000);
      upload.write(beginning.subarray(0, 70_000));
      const refused = await sent;
      expect([refused.status, JSON.parse(refused.answer).type]).toEqual([status, type]);
      expect(refused.milliseconds).toBeLessThan(4000);
    }
    // What a camera writes before the size of the picture may be long.
    const segment = [0xff, 0xe2, 0xff, 0xff, ...new Array(65_533).fill(0)];
    const wordy = Buffer.concat([photo.subarray(0, 2), Uint8Array.from([...segment, ...segment]), photo.subarray(2)]);
    expect(await classify(wordy)).toBe(200);
  });

  test('that come slowly give way where others need their room', async () => {
    const slow = [];
    for (let i = 0; i < 3; i++) {
      const one = await hold(3_999_000);
      // As fast as it has to be, and no faster.
      const body = new Uint8Array(3_999_000);
      body.set(photo);
      let at = 0;
      const drip = setInterval(() => {
        one.upload.write(body.subarray(at, at + 16_000));
        at += 16_000;
      }, 250);
      void one.sent.finally(() => clearInterval(drip)).catch(() => undefined);
      slow.push(one);
    }
    expect(await classify()).toBe(503);
    await expect.poll(() => classify(), { timeout: 9000, interval: 500 }).toBe(200);
    const first = await slow[0].sent;
    expect(first.status, first.answer).toBe(503);
    expect(first.milliseconds).toBeLessThan(12_000);
  });

  test('have to come in time: 408 for one that drips and for one that stops', async () => {
    const stopped = hold(photo.byteLength);
    const dripping = sendSlowly(worker.url + path, photo, { bytes: 64, everyMs: 200 });
    for (const { status, answer, milliseconds } of [await dripping, await (await stopped).sent]) {
      expect(status, answer).toBe(408);
      expect(JSON.parse(answer)).toMatchObject({ type: '/problems/slow-body' });
      expect(milliseconds).toBeGreaterThan(4000);
      expect(milliseconds).toBeLessThan(15_000);
    }
    expect((await sendSlowly(worker.url + path, photo, { bytes: 8000, everyMs: 20 })).status).toBe(200);
  });
});
