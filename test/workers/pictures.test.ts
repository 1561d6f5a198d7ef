import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AtlasClient, answerOf, atlasClient, type Classification, type paths } from '#shared/api';
import { readNpy } from '#shared/formats';
import { applyPerturbation, canvasFromRgba, canvasToRgba } from '#shared/images';
import type { Manifest } from '#shared/release';
import * as pictures from '../images/pictures.ts';
import { gradient, jpegOf, nodeCodecs } from '../support/images.ts';
import { readKey, TEST_RELEASE, testManifest } from '../support/release.ts';
import { type RunningWorker, startWorker } from '../support/worker.ts';

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

const send = (path: string, body?: BodyInit, headers: HeadersInit = {}) =>
  fetch(`${worker.url}/api/v1${path}`, { method: 'POST', body, headers });
const bytes = (picture: Uint8Array) => Uint8Array.from(picture);
type Query = NonNullable<paths['/api/v1/classify']['post']['parameters']['query']>;
const classify = async (query: Query = {}, body: Uint8Array<ArrayBuffer> | null = photo): Promise<Classification> =>
  answerOf(await atlas.POST('/api/v1/classify', { params: { query }, body: body ?? undefined }));

async function kindOf(response: Response): Promise<string> {
  const { type, status } = (await response.json()) as { type: string; status: number };
  expect(status).toBe(response.status);
  return `${status} ${type.replace('/problems/', '')}`;
}

describe('POST /perturb', () => {
  test('is the perturbed canvas to the bit, at every strength', async () => {
    const clean = canvasFromRgba(await codecs.decode(photo), release.canvas);
    for (const { id, npy } of release.perturbations) {
      const v = readNpy(new Uint8Array(await readKey(npy))).data as Float32Array;
      for (const strength of [0, 0.35, 1, 2]) {
        const response = await send(`/perturb?perturbation=${id}&strength=${strength}`, photo);
        expect(response.headers.get('Content-Type')).toBe('image/png');
        const answered = await codecs.decode(new Uint8Array(await response.arrayBuffer()));
        const expected = canvasToRgba(applyPerturbation(clean, v, strength), release.canvas);
        expect(Buffer.from(answered.data).equals(Buffer.from(expected.data)), `${id} ${strength}`).toBe(true);
      }
    }
    const none = await send('/perturb?perturbation=none', photo);
    const answered = await codecs.decode(new Uint8Array(await none.arrayBuffer()));
    expect(Buffer.from(answered.data).equals(Buffer.from(canvasToRgba(clean, release.canvas).data))).toBe(true);
  });

  test('gives the picture that is published as an example', async () => {
    const { record, id } = release.perturbations[0];
    const { examples } = JSON.parse((await readKey(record)).toString());
    const [{ photo: file, key }] = examples;
    const response = await send(`/perturb?photo=${file.replace(/\.\w+$/, '')}&perturbation=${id}`);
    const [ours, published] = await Promise.all(
      [new Uint8Array(await response.arrayBuffer()), new Uint8Array(await readKey(key))].map((png) =>
        codecs.decode(png),
      ),
    );
    expect(Buffer.from(ours.data).equals(Buffer.from(published.data))).toBe(true);
  });
});

describe('what is asked about', () => {
  test('several perturbations at once are answered as each alone', async () => {
    const ids = release.perturbations.map(({ id }) => id);
    const together = await classify({ perturbation: ids, strength: 1.5 });
    expect(together.results.map(({ perturbation }) => perturbation)).toEqual(ids);
    for (const [i, id] of ids.entries()) {
      const alone = await classify({ perturbation: [id], strength: 1.5 });
      const { perturbed, fooled, distortion } = together.results[i];
      expect([fooled, distortion]).toEqual([alone.fooled, alone.distortion]);
      expect(perturbed.map(({ index }) => index)).toEqual(alone.perturbed!.map(({ index }) => index));
      expect(together.clean).toEqual(alone.clean);
    }
    const many = Array.from({ length: 9 }, () => `perturbation=${ids[0]}`).join('&');
    expect(await kindOf(await send(`/classify?${many}`, photo))).toBe('400 bad-query');
  });

  test('a photo of the release stands for its bytes', async () => {
    const published = release.photos.find(({ file }) => file === 'koala.jpg')!;
    expect((await readKey(published.key)).equals(photo)).toBe(true);
    const [named, sent] = [await classify({ photo: 'koala' }, null), await classify()];
    expect([named.photo, named.clean, named.results]).toEqual(['koala', sent.clean, sent.results]);
    expect(await kindOf(await send('/classify?photo=nobody'))).toBe('404 unknown-photo');
    expect(await kindOf(await send('/classify?photo=koala', photo))).toBe('400 bad-query');
    expect(await kindOf(await send('/classify'))).toBe('400 empty-body');
  });

  test('a form with one file is that file, and any other form is refused', async () => {
    const form = (fields: [string, string | Blob][]) => {
      const data = new FormData();
      for (const [name, value] of fields) data.append(name, value);
      return data;
    };
    const file = new Blob([photo]);
    const response = await send('/classify?top=1', form([['image', file]]));
    expect(((await response.json()) as Classification).clean).toEqual((await classify({ top: 1 })).clean);
    for (const [fields, kind] of [
      [
        [
          ['image', file],
          ['image', file],
        ],
        '400 bad-form',
      ],
      [
        [
          ['model', 'squeezenet1_1'],
          ['image', file],
        ],
        '400 bad-form',
      ],
      [[], '400 bad-form'],
      [[['image', new Blob([])]], '400 empty-body'],
      [[['image', new Blob(['text'])]], '415 not-an-image'],
    ] as const)
      expect(await kindOf(await send('/classify', form(fields as never)))).toBe(kind);
    const cut = Buffer.concat([
      Buffer.from('--x\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n\r\n'),
      photo,
    ]);
    expect(await kindOf(await send('/classify', cut, { 'Content-Type': 'multipart/form-data; boundary=x' }))).toBe(
      '400 bad-form',
    );
    expect(await kindOf(await send('/classify', cut, { 'Content-Type': 'multipart/form-data' }))).toBe('400 bad-form');
  });

  test('an address in the body is text and nothing that is fetched', async () => {
    expect(await kindOf(await send('/classify', `${worker.url}/data/latest.json`))).toBe('415 not-an-image');
    expect(await kindOf(await send(`/classify?url=${worker.url}`, photo))).toBe('400 bad-query');
  });
});

describe('pictures of every kind have a defined answer', () => {
  const grey = { width: 40, height: 30, bitDepth: 8, colour: 0 };
  const lines = (width: number, height: number, bytesPerPixel: number) =>
    new Array(height * (1 + width * bytesPerPixel)).fill(0);

  test.each([
    ['a tiny picture', () => pictures.png({ ...grey, width: 1, height: 1 }, [0, 7]), '200'],
    ['16 bits a channel', () => pictures.png({ width: 9, height: 9, bitDepth: 16, colour: 2 }, lines(9, 9, 6)), '200'],
    ['alpha', () => pictures.webpWithAlpha, '200'],
    ['a progressive JPEG', () => jpegOf(gradient(300, 200), { progressive: true }), '200'],
    ['an animated WebP', () => pictures.webpAnimated, '415 unsupported-image'],
    [
      'an animated PNG',
      () => pictures.png(grey, lines(40, 30, 1), [['acTL', [0, 0, 0, 1, 0, 0, 0, 0]]]),
      '415 unsupported-image',
    ],
    ['CMYK', () => pictures.jpegCmyk, '415 unsupported-image'],
    ['a GIF', () => pictures.gif, '415 not-an-image'],
    ['a JPEG cut off', () => photo.subarray(0, photo.length - 400), '422 corrupt-image'],
    ['a JPEG cut off in its header', () => photo.subarray(0, 100), '415 not-an-image'],
    ['no pixels', () => pictures.png({ ...grey, width: 0 }, [0]), '422 corrupt-image'],
    ['more than 16 megapixels', () => pictures.png({ ...grey, width: 4001, height: 4000 }, []), '413 image-too-large'],
    [
      'more memory than there is',
      () => pictures.png({ ...grey, width: 4000, height: 4000, bitDepth: 16 }, []),
      '413 image-too-large',
    ],
  ])('%s', async (_name, make, expected) => {
    for (const path of ['/perturb', '/classify?perturbation=none']) {
      const response = await send(path, bytes(await make()));
      if (expected === '200') expect(response.status, await response.clone().text()).toBe(200);
      else expect(await kindOf(response)).toBe(expected);
    }
  });

  test('a turned photo is read upright', async () => {
    const upright = await codecs.decode(photo);
    // Stored upside down, and so said by its EXIF.
    const data = new Uint8Array(new Uint32Array(Uint8Array.from(upright.data).buffer).reverse().buffer);
    const turned = pictures.withExif(await jpegOf({ ...upright, data }, { quality: 95 }), pictures.exif(3));
    expect((await classify({ top: 1 }, bytes(turned))).clean[0].label).toMatch(/koala/i);
  });

  test("a phone's 12 megapixels are read, and what they took is given back", async () => {
    const large = await jpegOf(gradient(4000, 3000));
    expect((await classify({ perturbation: ['none'] }, bytes(large))).clean).toHaveLength(5);
    const upright = pictures.withExif(large, pictures.exif(6));
    expect((await classify({ perturbation: ['none'] }, bytes(upright))).clean).toHaveLength(5);
    expect(await wasmMemory()).toBeLessThan(96 * 2 ** 20);
  });
});

async function wasmMemory(): Promise<number> {
  return answerOf(await atlas.GET('/api/v1/health')).memory.wasm;
}

// In one isolate, where memory grows with each model and never shrinks: what all of them end at is a bound for any of
// them.
test('no edge model takes more than 96 MiB of WebAssembly memory, with all codecs in use and several perturbations', async () => {
  const perturbation = release.perturbations.map(({ id }) => id);
  const png = bytes(await codecs.encodePng(gradient(500, 400)));
  for (const { card } of release.models.filter(({ edge }) => edge)) {
    for (const body of [photo, png, bytes(pictures.webpLossy)]) await classify({ model: card.id, perturbation }, body);
    expect(await wasmMemory(), card.id).toBeGreaterThan(24 * 2 ** 20);
    expect(await wasmMemory(), card.id).toBeLessThanOrEqual(96 * 2 ** 20);
  }
}, 60_000);
