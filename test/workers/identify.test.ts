import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AtlasClient, answerOf, atlasClient, type paths } from '#shared/api';
import { readNpy } from '#shared/formats';
import { Lineup, patternOf } from '#shared/identify';
import { canvasFromRgba, type Rgba } from '#shared/images';
import { type Manifest, manifestKey } from '#shared/release';
import { jpegOf, nodeCodecs } from '../support/images.ts';
import { readKey, TEST_RELEASE, testManifest } from '../support/release.ts';
import { type RunningWorker, startWorker } from '../support/worker.ts';

/** Versions of releases that are made up here. */
const [MANY, BROKEN] = ['7.0.0-many', '7.0.0-broken'];

let worker: RunningWorker;
let release: Manifest;
let atlas: AtlasClient;
let photo: Uint8Array<ArrayBuffer>;
let codecs: Awaited<ReturnType<typeof nodeCodecs>>;

beforeAll(async () => {
  [worker, release, codecs] = await Promise.all([startWorker({ release: TEST_RELEASE }), testManifest(), nodeCodecs()]);
  atlas = atlasClient({ baseUrl: worker.url });
  photo = new Uint8Array(await readFile(new URL('../../zoo/starter/photos/koala.jpg', import.meta.url)));
}, 60_000);
afterAll(() => worker?.dispose());

const send = (path: string, body?: BodyInit) => fetch(`${worker.url}/api/v1${path}`, { method: 'POST', body });
type Query = NonNullable<paths['/api/v1/identify']['post']['parameters']['query']>;
const identify = async (body: Uint8Array<ArrayBuffer> | null, query: Query = {}) =>
  answerOf(await atlas.POST('/api/v1/identify', { params: { query }, body: body ?? undefined }));
const perturbed = async (query: string) =>
  new Uint8Array(await (await send(`/perturb?${query}`, photo)).arrayBuffer()) as Uint8Array<ArrayBuffer>;

async function problemOf(response: Response) {
  const { type, detail } = (await response.json()) as { type: string; detail: string };
  return { kind: `${response.status} ${type.replace('/problems/', '')}`, detail };
}

function cropped({ data, width, height }: Rgba, left: number, top: number): Rgba {
  const [w, h] = [width - left, height - top];
  const at = (i: number) => (Math.floor(i / w) + top) * width + (i % w) + left;
  return {
    data: Uint8Array.from({ length: 4 * w * h }, (_, i) => data[4 * at(i >> 2) + (i % 4)]),
    width: w,
    height: h,
  };
}

describe('POST /identify', () => {
  test('names every perturbation of the release, and how strong it is, also after JPEG 50', async () => {
    for (const { id } of release.perturbations) {
      for (const strength of [1, 0.5]) {
        const png = await perturbed(`perturbation=${id}&strength=${strength}`);
        const answer = await identify(png);
        expect([answer.named, answer.tried, answer.release]).toEqual([
          id,
          release.perturbations.length,
          release.version,
        ]);
        const [best, ...others] = answer.matches;
        expect([best.perturbation, best.named, best.shift]).toEqual([id, true, { x: 0, y: 0 }]);
        expect(Math.abs(best.strength - strength)).toBeLessThan(Math.max(0.1, 3 * best.error));
        expect(others.some(({ named }) => named)).toBe(false);
      }
      const jpeg = await jpegOf(await codecs.decode(await perturbed(`perturbation=${id}`)), {
        ...{ quality: 50, progressive: true },
      });
      expect((await identify(jpeg)).named, `${id}, JPEG 50`).toBe(id);
    }
  });

  test('finds one on a picture that is cropped, by how much it has moved', async () => {
    const { id } = release.perturbations[0];
    const whole = await codecs.decode(await perturbed(`perturbation=${id}`));
    const { named, matches } = await identify(await codecs.encodePng(cropped(whole, 10, 7)));
    // Of 10 and 7 pixels that are missing, the centring puts half back.
    expect([named, matches[0].shift]).toEqual([id, { x: -5, y: -4 }]);
  });

  test('names nothing on a clean photo, sent or of the release, and says what came nearest', async () => {
    const sent = await identify(photo, { top: 1 });
    expect([sent.named, sent.photo, sent.matches.length]).toEqual([null, null, 1]);
    expect(sent.matches[0].p).toBeGreaterThan(1e-6);
    const named = await identify(null, { photo: 'koala' });
    expect([named.named, named.photo, named.matches[0]]).toEqual([null, 'koala', sent.matches[0]]);
  });

  test('is what the same code finds elsewhere, first time and again', async () => {
    const canvas = canvasFromRgba(await codecs.decode(photo), release.canvas);
    const lineup = new Lineup(canvas, release.canvas, { top: 5 });
    for (const { id, npy } of release.perturbations) {
      const { data } = readNpy(new Uint8Array(await readKey(npy)));
      lineup.try(id, patternOf(data as Float32Array, release.canvas));
    }
    const expected = lineup.matches();
    for (let time = 0; time < 2; time++) {
      const { matches } = await identify(photo, { top: 5 });
      expect(matches.map(({ perturbation, shift }) => [perturbation, shift])).toEqual(
        expected.map(({ id, shift }) => [id, shift]),
      );
      // Sines and cosines are those of each engine, to the last bit but one.
      for (const [i, { z, p, strength, error }] of matches.entries()) {
        const there = expected[i];
        const pairs = [
          [z, there.z],
          [p, there.p],
          [strength, there.strength],
          [error, there.error],
        ];
        for (const [here, other] of pairs) expect(here / other).toBeCloseTo(1, 9);
      }
    }
  });

  test('tries only the perturbations that are asked for', async () => {
    const [asked, other] = release.perturbations.map(({ id }) => id);
    const png = await perturbed(`perturbation=${other}`);
    const { named, tried, matches } = await identify(png, { perturbation: [asked] });
    expect([named, tried, matches.map(({ perturbation }) => perturbation)]).toEqual([null, 1, [asked]]);
    expect(await problemOf(await send('/identify?perturbation=nobody', photo))).toMatchObject({
      kind: '404 unknown-perturbation',
    });
    expect(await problemOf(await send('/identify?top=6', photo))).toMatchObject({ kind: '400 bad-query' });
    expect(await problemOf(await send('/identify'))).toMatchObject({ kind: '400 empty-body' });
    expect(await problemOf(await send('/identify', 'no picture'))).toMatchObject({ kind: '415 not-an-image' });
  });

  test('asks which ones are to be tried where a release has very many', async () => {
    const [first] = release.perturbations;
    const many = Array.from({ length: 65 }, (_, i) => ({ ...first, id: `v${i}` }));
    await worker.put(manifestKey(MANY), JSON.stringify({ ...release, version: MANY, perturbations: many }));
    const refused = await problemOf(await send(`/identify?release=${MANY}`, photo));
    expect(refused.kind).toBe('400 bad-query');
    expect(refused.detail).toContain('the release has 65 perturbations');
    const png = await perturbed(`perturbation=${first.id}`);
    const few = many.slice(0, 12).map(({ id }) => id);
    const { named, tried } = await identify(png, { perturbation: few, release: MANY });
    // Twelve of one file: more than an isolate keeps, and all alike.
    expect([few.includes(String(named)), tried]).toEqual([true, 12]);
  });

  test('says so where a perturbation is not in the bucket', async () => {
    const [first] = release.perturbations;
    const missing = [{ ...first, npy: 'releases/gone/perturbation.npy' }];
    await worker.put(manifestKey(BROKEN), JSON.stringify({ ...release, version: BROKEN, perturbations: missing }));
    const { kind, detail } = await problemOf(await send(`/identify?release=${BROKEN}`, photo));
    expect([kind, detail.includes(missing[0].npy)]).toEqual(['502 release-broken', true]);
  });
});
