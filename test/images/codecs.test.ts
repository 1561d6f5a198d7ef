import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { canvasFromRgba, createCodecs, type Rgba, sniffImage } from '#shared/images';
import { gradient, jpegOf } from '../support/images.ts';
import * as pictures from './pictures.ts';

const starter = fileURLToPath(new URL('../../zoo/starter/photos/', import.meta.url));
const names = readdirSync(starter).filter((name) => name.endsWith('.jpg'));
const photo = (name: string) => Uint8Array.from(readFileSync(starter + name));
const some = names.filter((_, i) => i % 20 === 0);

const compile = async (name: string) =>
  WebAssembly.compile(await readFile(fileURLToPath(import.meta.resolve(`@jsquash/${name}`))));
const readFile = async (path: string) => readFileSync(path);
let modules: Parameters<typeof createCodecs>[0];
let codecs: ReturnType<typeof createCodecs>;
beforeAll(async () => {
  const [jpeg, png, webp] = await Promise.all([
    compile('jpeg/codec/dec/mozjpeg_dec.wasm'),
    compile('png/codec/pkg/squoosh_png_bg.wasm'),
    compile('webp/codec/dec/webp_dec.wasm'),
  ]);
  modules = { jpeg, png, webp };
  codecs = createCodecs(modules);
});

const pixel = ({ data, width }: Rgba, x: number, y: number) =>
  Array.from(data.subarray((y * width + x) * 4, (y * width + x) * 4 + 4));
const refusal = (code: string) => expect.objectContaining({ name: 'ImageError', code });

describe('a photo', () => {
  test('has the sides that its header says, and is opaque', async () => {
    for (const name of some) {
      const bytes = photo(name);
      const { width, height, data } = await codecs.decode(bytes);
      expect(sniffImage(bytes)).toMatchObject({ type: 'jpeg', width, height, orientation: 1, components: 3 });
      expect(data).toHaveLength(width * height * 4);
      expect(data.every((value, i) => i % 4 !== 3 || value === 255)).toBe(true);
    }
  });

  test('gives the same canvas after it was written as PNG', async () => {
    const image = await codecs.decode(photo(names[0]));
    const again = await codecs.decode(await codecs.encodePng(image));
    const [before, after] = [image, again].map((picture) => Buffer.from(canvasFromRgba(picture, 224).buffer));
    expect(after.equals(before)).toBe(true);
  });

  test('may lie anywhere in a buffer', async () => {
    const bytes = photo(names[0]);
    const within = Buffer.concat([Buffer.alloc(3), bytes, Buffer.alloc(5)]).subarray(3, 3 + bytes.length);
    const [expected, actual] = [await codecs.decode(bytes), await codecs.decode(within)];
    expect(Buffer.from(actual.data).equals(Buffer.from(expected.data))).toBe(true);
  });
});

describe('EXIF orientation', () => {
  // EXIF 2.3, 4.6.4 A: where the first row and the first column of what is stored are seen.
  const seen: Record<number, (x: number, y: number, w: number, h: number) => [number, number]> = {
    1: (x, y) => [x, y],
    2: (x, y, w) => [w - 1 - x, y],
    3: (x, y, w, h) => [w - 1 - x, h - 1 - y],
    4: (x, y, _w, h) => [x, h - 1 - y],
    5: (x, y) => [y, x],
    6: (x, y, _w, h) => [h - 1 - y, x],
    7: (x, y, w, h) => [h - 1 - y, w - 1 - x],
    8: (x, y, w) => [y, w - 1 - x],
  };

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('%i of a JPEG turns every pixel to its place', async (orientation) => {
    const name = names[3];
    const stored = await codecs.decode(photo(name));
    const bytes = pictures.withExif(photo(name), pictures.exif(orientation, orientation % 2 ? 'II' : 'MM'));
    const upright = await codecs.decode(bytes);
    const { width: w, height: h } = stored;
    expect(sniffImage(bytes)).toMatchObject({ width: w, height: h, orientation });
    expect([upright.width, upright.height]).toEqual(orientation < 5 ? [w, h] : [h, w]);
    const from = new Uint32Array(Uint8Array.from(stored.data).buffer);
    const to = new Uint32Array(Uint8Array.from(upright.data).buffer);
    let misplaced = 0;
    for (let y = 0; y < h; y++) {
      for (let x = 0; x < w; x++) {
        const [u, v] = seen[orientation](x, y, w, h);
        if (to[v * upright.width + u] !== from[y * w + x]) misplaced++;
      }
    }
    expect(misplaced).toBe(0);
  });

  test('counts in WebP and PNG as well', async () => {
    const webp = await codecs.decode(pictures.webpTurned);
    expect([webp.width, webp.height]).toEqual([3, 5]);
    expect(pixel(webp, 2, 4)).toEqual([200, 0, 0, 255]);
    const grey = { width: 2, height: 1, bitDepth: 8, colour: 0 };
    const png = await codecs.decode(pictures.png(grey, [0, 10, 20], [['eXIf', pictures.exif(3)]]));
    expect([pixel(png, 0, 0)[0], pixel(png, 1, 0)[0]]).toEqual([20, 10]);
  });

  test('counts in WebP with the prefix that JPEG has before it, which some writers put there as well', async () => {
    const at = Buffer.from(pictures.webpTurned).indexOf('EXIF');
    const length = new DataView(pictures.webpTurned.buffer).getUint32(at + 4, true);
    const head = pictures.webpTurned.subarray(0, at + 8);
    const prefix = Buffer.from('Exif\0\0', 'latin1');
    const webp = Uint8Array.from([...head, ...prefix, ...pictures.webpTurned.subarray(at + 8)]);
    new DataView(webp.buffer).setUint32(at + 4, length + prefix.length, true);
    new DataView(webp.buffer).setUint32(4, webp.length - 8, true);
    expect(sniffImage(webp)).toMatchObject({ width: 5, height: 3, orientation: 6 });
    expect(await codecs.decode(webp)).toMatchObject({ width: 3, height: 5 });
  });

  test('that makes no sense is none', () => {
    const bytes = pictures.withExif(photo(names[0]), pictures.exif(9));
    expect(sniffImage(bytes)?.orientation).toBe(1);
  });
});

describe('a canvas straight from the codec', () => {
  test('is that of the decoded picture, to the bit: turned, transparent, of every kind', async () => {
    const turned = [1, 2, 3, 4, 5, 6, 7, 8].map((orientation) =>
      pictures.withExif(photo(names[3]), pictures.exif(orientation)),
    );
    const large = await codecs.encodePng({ data: photo(names[4]).subarray(0, 4 * 90 * 60), width: 90, height: 60 });
    for (const bytes of [...turned, large, pictures.webpWithAlpha, pictures.webpTurned, pictures.webpLossy]) {
      const expected = canvasFromRgba(await codecs.decode(bytes), 32);
      expect(Buffer.from((await codecs.canvas(bytes, 32)).buffer).equals(Buffer.from(expected.buffer))).toBe(true);
    }
  });

  test('holds 4 bytes of memory for a pixel of a JPEG, and no more', async () => {
    const fresh = createCodecs(modules);
    expect(fresh.memoryBytes()).toBe(0);
    await fresh.canvas(photo(names[0]), 32);
    const before = fresh.memoryBytes();
    const bytes = await jpegOf(gradient(5000, 3000));
    await fresh.canvas(bytes, 32);
    expect(fresh.memoryBytes() - before).toBeLessThan(4 * 5000 * 3000 + 3 * bytes.length);
  });
});

describe('WebP and PNG', () => {
  test('are laid over white where they are transparent', async () => {
    const image = await codecs.decode(pictures.webpWithAlpha);
    expect(pixel(image, 0, 1)).toEqual([0, 90, 0, 255]);
    expect(pixel(image, 1, 1)).toEqual([255, 255, 255, 255]);
    // 100 and 90 and 0 at 128/255 over 255.
    expect(pixel(image, 2, 1)).toEqual([177, 172, 127, 255]);
  });

  test('of 16 bits become 8, grey and palettes become RGB', async () => {
    const deep = { width: 1, height: 1, bitDepth: 16, colour: 2 };
    expect(pixel(await codecs.decode(pictures.png(deep, [0, 200, 0, 100, 0, 50, 0])), 0, 0)).toEqual([
      200, 100, 50, 255,
    ]);
    const grey = { width: 2, height: 1, bitDepth: 1, colour: 0 };
    expect(pixel(await codecs.decode(pictures.png(grey, [0, 0x40])), 1, 0)).toEqual([255, 255, 255, 255]);
    const palette = { width: 2, height: 1, bitDepth: 8, colour: 3 };
    const bytes = pictures.png(palette, [0, 1, 0], [['PLTE', [1, 2, 3, 40, 50, 60]]]);
    expect(pixel(await codecs.decode(bytes), 0, 0)).toEqual([40, 50, 60, 255]);
  });

  test('of the lossy kind decode to the size of their header', async () => {
    expect(sniffImage(pictures.webpLossy)).toMatchObject({ type: 'webp', width: 16, height: 8 });
    expect(await codecs.decode(pictures.webpLossy)).toMatchObject({ width: 16, height: 8 });
  });

  test('of the lossless kind say their sides less one', async () => {
    expect(sniffImage(pictures.webpWithAlpha)).toMatchObject({ type: 'webp', width: 5, height: 3 });
    expect(await codecs.decode(pictures.webpWithAlpha)).toMatchObject({ width: 5, height: 3 });
  });

  test('come back from encodePng as they went', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.infiniteStream(fc.nat(255)),
        async (width, height, values) => {
          const data = Uint8ClampedArray.from({ length: width * height * 4 }, (_, i) =>
            i % 4 === 3 ? 255 : values.next().value!,
          );
          const decoded = await codecs.decode(await codecs.encodePng({ data, width, height }));
          expect(decoded).toMatchObject({ data, width, height });
        },
      ),
      { numRuns: 30 },
    );
    await expect(codecs.encodePng({ data: new Uint8Array(3), width: 1, height: 1 })).rejects.toThrow(RangeError);
  });
});

const cases = fileURLToPath(new URL('../cases/', import.meta.url));
const fromCases = (name: string) => Uint8Array.from(readFileSync(cases + name));
const sumOf = ({ data }: Rgba) => Array.from(data).reduce((sum, value, i) => (i % 4 === 3 ? sum : sum + value), 0);

describe('what everybody reads', () => {
  test('is a PNG whose colour profile, or whatever else its pixels do not need, is damaged', async () => {
    const image = await codecs.decode(fromCases('broken-iccp.png'));
    expect([image.width, image.height]).toEqual([64, 64]);
    // As Pillow reads it.
    expect(sumOf(image)).toBe(1_572_480);
    const grey = { width: 2, height: 1, bitDepth: 8, colour: 0 };
    const damaged = ['iCCP', 'gAMA', 'cHRM', 'sRGB', 'pHYs', 'zTXt', 'tIME', 'cICP', 'eXIf', 'xxXx'];
    for (const name of damaged) {
      const bytes = pictures.png(grey, [0, 10, 20], [[name, [1, 2, 3]]]);
      expect(pixel(await codecs.decode(bytes), 1, 0), name).toEqual([20, 20, 20, 255]);
      // The checksum too.
      bytes[33 + 8 + 3] ^= 255;
      expect(pixel(await codecs.decode(bytes), 1, 0), name).toEqual([20, 20, 20, 255]);
    }
  });

  test('is a PNG with a transparent colour, which is needed', async () => {
    const grey = { width: 2, height: 1, bitDepth: 8, colour: 0 };
    const image = await codecs.decode(pictures.png(grey, [0, 10, 20], [['tRNS', [0, 20]]]));
    expect([pixel(image, 0, 0)[0], pixel(image, 1, 0)[0]]).toEqual([10, 255]);
  });

  test('is a JPEG with bytes between its segments', async () => {
    const bytes = fromCases('junk-between-segments.jpg');
    const image = await codecs.decode(bytes);
    expect(sniffImage(bytes)).toMatchObject({ type: 'jpeg', width: 64, height: 64 });
    // As Pillow reads it.
    expect(sumOf(image)).toBe(1_574_400);
    const whole = photo(names[0]);
    const expected = await codecs.decode(whole);
    const second = 4 + ((whole[4] << 8) | whole[5]);
    const junk = [[1, 2, 3], [0], [0xff, 0xff], [7, 0xff, 0x00, 9], [0xff, 0x01], [0xff, 0xd3, 5]];
    for (const at of [2, second]) {
      for (const extra of junk) {
        const spoilt = Uint8Array.from([...whole.subarray(0, at), ...extra, ...whole.subarray(at)]);
        expect(Buffer.from((await codecs.decode(spoilt)).data).equals(Buffer.from(expected.data)), `${extra}`).toBe(
          true,
        );
      }
    }
    const turned = pictures.withExif(whole, pictures.exif(6));
    const spoilt = Uint8Array.from([...turned.subarray(0, 2), 1, 2, 3, ...turned.subarray(2)]);
    expect(sniffImage(spoilt)).toMatchObject({ orientation: 6 });
  });
});

describe('what is refused', () => {
  const header = (width: number, height: number) => pictures.png({ width, height, bitDepth: 8, colour: 2 }, []);

  test('is no picture, or none of the three kinds', async () => {
    for (const bytes of [new Uint8Array(), new TextEncoder().encode('Hello, picture'), pictures.gif]) {
      expect(sniffImage(bytes)).toBeNull();
      await expect(codecs.decode(bytes)).rejects.toEqual(refusal('unknown-type'));
    }
  });

  test('is a PNG or a WebP of more parts than a picture needs, which are not gone through', async () => {
    const png = Buffer.from(await codecs.encodePng(gradient(4, 4)));
    const part = Buffer.from([0, 0, 0, 0, ...Buffer.from('teXt'), 0, 0, 0, 0]);
    const of = (parts: number) =>
      Buffer.concat([png.subarray(0, 33), Buffer.alloc(12 * parts, part), png.subarray(33)]);
    expect(await codecs.decode(of(1000))).toMatchObject({ width: 4, height: 4 });
    await expect(codecs.decode(of(2_000_001))).rejects.toEqual(refusal('unsupported'));
    const webp = Buffer.from(pictures.webpTurned);
    const at = webp.indexOf('EXIF');
    const behind = [Buffer.alloc(8 * 2_000_001, 'none\0\0\0\0'), webp.subarray(at)];
    expect(sniffImage(webp)).toMatchObject({ orientation: 6 });
    expect(sniffImage(Buffer.concat([webp.subarray(0, at), ...behind]))).toMatchObject({ orientation: 1 });
  });

  test('is too large by its header alone, before anything is decoded', async () => {
    expect(sniffImage(header(40000, 40000).subarray(0, 33))).toMatchObject({ width: 40000, height: 40000 });
    await expect(codecs.decode(header(40000, 40000))).rejects.toEqual(refusal('too-large'));
    await expect(codecs.decode(header(4001, 4000))).rejects.toEqual(refusal('too-large'));
  });

  test('has no pixels', async () => {
    await expect(codecs.decode(header(0, 5))).rejects.toEqual(refusal('corrupt'));
  });

  test('is animated', async () => {
    expect(sniffImage(pictures.webpAnimated)?.animated).toBe(true);
    await expect(codecs.decode(pictures.webpAnimated)).rejects.toEqual(refusal('unsupported'));
    const grey = { width: 1, height: 1, bitDepth: 8, colour: 0 };
    const apng = pictures.png(grey, [0, 1], [['acTL', [0, 0, 0, 1, 0, 0, 0, 0]]]);
    await expect(codecs.decode(apng)).rejects.toEqual(refusal('unsupported'));
  });

  test('is a JPEG in CMYK', async () => {
    expect(sniffImage(pictures.jpegCmyk)?.components).toBe(4);
    await expect(codecs.decode(pictures.jpegCmyk)).rejects.toEqual(refusal('unsupported'));
  });

  test('is a JPEG of another process, called by its name', async () => {
    const lossless = fromCases('lossless-sof3.jpg');
    await expect(codecs.decode(lossless)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringMatching(/is a lossless JPEG/),
    });
    const frame = lossless.findIndex((byte, i) => byte === 0xff && lossless[i + 1] === 0xc3);
    const names: Record<number, RegExp> = {
      ...{ 5: /a hierarchical JPEG/, 6: /a hierarchical JPEG/, 7: /a lossless, hierarchical JPEG/ },
      ...{ 9: /arithmetic-coded JPEG/, 10: /arithmetic-coded JPEG/, 11: /a lossless, arithmetic-coded JPEG/ },
      ...{
        13: /hierarchical, arithmetic-coded/,
        14: /hierarchical, arithmetic-coded/,
        15: /lossless, hierarchical, ar/,
      },
    };
    for (const [process, name] of Object.entries(names)) {
      const bytes = lossless.slice();
      bytes[frame + 1] = 0xc0 + Number(process);
      await expect(codecs.decode(bytes)).rejects.toMatchObject({
        code: 'unsupported',
        message: expect.stringMatching(name),
      });
    }
    const ls = lossless.slice();
    ls[frame + 1] = 0xf7;
    await expect(codecs.decode(ls)).rejects.toThrow(/lossless \(JPEG-LS\) JPEG/);
  });

  test('has millions of parts that a decoder would go through again and again, or none but fillers', async () => {
    const whole = photo('cat.jpg');
    const filled = (parts: number[], at: number) => {
      const filler = Buffer.alloc(19_000_000, Buffer.from(parts));
      return Uint8Array.from(Buffer.concat([whole.subarray(0, at), filler, whole.subarray(at)]));
    };
    const exif = [0xff, 0xe1, 0, 14, 0x45, 0x78, 0x69, 0x66, 0, 0, 0x49, 0x49, 0, 0, 0, 0];
    const scan = [0xff, 0xda, 0, 6, 1, 1, 0, 0, 63, 0];
    const started = performance.now();
    await expect(codecs.decode(filled(exif, 2))).rejects.toMatchObject({ code: 'unsupported' });
    await expect(codecs.decode(filled(scan, whole.length - 2))).rejects.toMatchObject({ code: 'unsupported' });
    expect(await codecs.decode(filled([0xff], 2))).toMatchObject(await codecs.decode(whole));
    await codecs.decode(filled([0xff], whole.length - 2));
    expect(await codecs.decode(filled([7], 2))).toMatchObject(await codecs.decode(whole));
    await expect(codecs.decode(filled([7], 2).subarray(0, 18_000_000))).rejects.toThrow(/JPEG/);
    // No part of such a file is copied before it is decoded.
    const chunk = [0, 0, 0, 0, 0x74, 0x45, 0x58, 0x74, 0, 0, 0, 0];
    const png = await codecs.encodePng({ data: new Uint8Array(64).fill(90), width: 4, height: 4 });
    const parts = Uint8Array.from(
      Buffer.concat([png.subarray(0, 33), Buffer.alloc(18e6, Buffer.from(chunk)), png.subarray(33)]),
    );
    expect(await codecs.decode(parts)).toMatchObject({ width: 4, height: 4 });
    await expect(codecs.decode(filled([0xff], 2).subarray(0, 18_000_000))).rejects.toThrow(/JPEG/);
    expect(performance.now() - started).toBeLessThan(30_000);
  });

  test('has more scans than any camera writes, each of which goes through the whole picture', async () => {
    const whole = photo('cat.jpg');
    const scans = (count: number) =>
      Uint8Array.from([
        ...whole.subarray(0, whole.length - 2),
        ...Array(count).fill([0xff, 0xda, 0, 6, 1, 1, 0, 0, 63, 0]).flat(),
        ...whole.subarray(whole.length - 2),
      ]);
    // Its own scan is one of them.
    await expect(codecs.decode(scans(100))).rejects.toEqual(refusal('unsupported'));
    await expect(codecs.decode(scans(99))).rejects.not.toEqual(refusal('unsupported'));
  });

  test('is cut off, also where a thumbnail inside has an end', async () => {
    const jpeg = pictures.withExif(photo(names[0]), pictures.exif(1));
    await codecs.decode(jpeg);
    const png = await codecs.encodePng(await codecs.decode(jpeg));
    for (const bytes of [jpeg, png, pictures.webpLossy, pictures.webpWithAlpha]) {
      for (const share of [0.6, 0.8, 0.95]) {
        const cut = bytes.subarray(0, Math.floor(bytes.length * share));
        await expect(codecs.decode(cut), `${share} of ${bytes.length} bytes`).rejects.toEqual(refusal('corrupt'));
      }
    }
    await codecs.decode(Uint8Array.from([...jpeg, 1, 2, 3]));
  });

  test('is a JPEG with a hole in its data, which the decoder alone would fill with grey', async () => {
    const bytes = photo(names[0]);
    bytes.fill(0x55, bytes.length - 5000, bytes.length - 3000);
    await expect(codecs.decode(bytes)).rejects.toEqual(refusal('corrupt'));
  });

  test('never is anything but an ImageError, whatever bytes are damaged, and leaves the codecs fit for the next picture', async () => {
    const small = await codecs.encodePng({ data: new Uint8Array(64).fill(90), width: 4, height: 4 });
    const originals = [photo(names[5]), small, pictures.webpLossy, pictures.webpWithAlpha];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...originals),
        fc.array(fc.tuple(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.nat(255)), { minLength: 1, maxLength: 5 }),
        async (original, damages) => {
          const bytes = original.slice();
          for (const [place, value] of damages) bytes[Math.floor(place * bytes.length)] = value;
          const outcome = await codecs.decode(bytes).catch((error) => error);
          if (outcome instanceof Error) {
            expect(outcome.name).toBe('ImageError');
            expect(outcome.message).not.toMatch(/object Object|unwrap|unreachable|RuntimeError|wasm|\(\d+\)/);
          }
          expect(sniffImage(bytes.subarray(0, 40)) ?? {}).toBeTypeOf('object');
        },
      ),
      { numRuns: 60 },
    );
    for (const original of originals) await codecs.decode(original);
  });
});

test('a codec that stopped in the middle of a damaged file is let go, and the next one starts afresh', async () => {
  const fresh = createCodecs(modules);
  const whole = await fresh.encodePng({ data: new Uint8Array(400 * 4).fill(90), width: 20, height: 20 });
  expect(fresh.memoryBytes()).toBeGreaterThan(0);
  await expect(fresh.decode(whole.subarray(0, whole.length - 20))).rejects.toEqual(refusal('corrupt'));
  expect(fresh.memoryBytes()).toBe(0);
  expect(await fresh.decode(whole)).toMatchObject({ width: 20, height: 20 });
  // One that says by itself what it found is fit to go on.
  await fresh.decode(photo(names[0]));
  const before = fresh.memoryBytes();
  const holed = photo(names[0]);
  holed.fill(0x55, holed.length - 5000, holed.length - 3000);
  await expect(fresh.decode(holed)).rejects.toEqual(refusal('corrupt'));
  expect(fresh.memoryBytes()).toBe(before);
});

test('a codec that could not be started says so, and is started again the next time', async () => {
  const broken = { ...modules, png: {} as WebAssembly.Module, jpeg: {} as WebAssembly.Module };
  const failing = createCodecs(broken);
  const png = await codecs.encodePng({ data: new Uint8Array(4).fill(255), width: 1, height: 1 });
  for (const bytes of [png, photo(names[0])]) {
    await expect(failing.decode(bytes)).rejects.toEqual(refusal('codec'));
    await expect(codecs.decode(bytes)).resolves.toBeDefined();
  }
});
