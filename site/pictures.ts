/** Pictures that are made while the site is built: small WebP copies, and what others show beside a link to a page. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import encodeJpeg, { init as initJpeg } from '@jsquash/jpeg/encode.js';
import encodeWebp, { init as initWebp } from '@jsquash/webp/encode.js';
import { canvasToRgba, createCodecs, type Rgba } from '#shared/images';
import { photoId, releasePrefix } from '#shared/release';
import { type Atlas, loadAtlas, readFile } from './release.ts';

/** Of photographs, on every page that shows them small. */
const THUMB = 224;
/** Of photographs, and of patterns, whose every pixel is another: they are no data, which is never compressed so. */
const QUALITY = { photo: 80, pattern: 45 };

/** A picture in fewer bytes: its path below /pictures/, and the key of the file that it is a copy of. */
export interface Small {
  path: string;
  key: string;
  /** A photograph is cropped as networks see it; the others have that size. */
  isPhoto: boolean;
  /** To the pixel, for what is shown enlarged. */
  isExact?: true;
}

/** Every small picture of the site. */
export function smallPictures({ manifest, plates }: Atlas): Small[] {
  const prefix = releasePrefix(manifest.version);
  const pathOf = (key: string) => key.replace(prefix, '').replace(/\.\w+$/, '');
  const photos = manifest.photos.map(({ file, key }) => ({ path: `photos/${photoId(file)}`, key, isPhoto: true }));
  const others = plates.flatMap(({ entry, record }) => [entry.preview, ...record.examples.map(({ key }) => key)]);
  const enlarged = plates.flatMap(({ entry }) => [entry.preview, ...(entry.growth ? [entry.growth] : [])]);
  const all: Small[] = [
    ...photos,
    ...[...new Set(others)].map((key) => ({ path: pathOf(key), key, isPhoto: false })),
    ...enlarged.map((key) => ({ path: `exact/${pathOf(key)}`, key, isPhoto: false, isExact: true as const })),
  ];
  return [...new Map(all.map((small) => [small.path, small])).values()];
}

/** The address of the small copy of a file of the release. */
export const smallUrl = (key: string): string => urlOf(key, '', loadAtlas());

/** The address of the copy that has each pixel as it is: of a plate's preview, and of how it grew. */
export const exactUrl = (key: string, atlas: Atlas = loadAtlas()): string => urlOf(key, 'exact ', atlas);

const pathsOf = new WeakMap<Atlas, Map<string, string>>();

function urlOf(key: string, kind: '' | 'exact ', atlas: Atlas): string {
  const paths =
    pathsOf.get(atlas) ??
    new Map(smallPictures(atlas).map(({ path, key: of, isExact }) => [(isExact ? 'exact ' : '') + of, path]));
  pathsOf.set(atlas, paths);
  return `/pictures/${(paths.get(kind + key) ?? key).split('/').map(encodeURIComponent).join('/')}.webp`;
}

/** The WebP; the file itself where it is none of the pictures that can be read. */
export async function smallWebp({ key, isPhoto, isExact }: Small): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(readFile(key));
  try {
    const { decode, canvas } = await codecs();
    const picture = isPhoto ? canvasToRgba(await canvas(bytes, THUMB), THUMB) : await decode(bytes);
    if (isExact) return await webp(picture, { lossless: 1, exact: 1 });
    return await webp(picture, { quality: QUALITY[isPhoto ? 'photo' : 'pattern'] });
  } catch {
    return bytes;
  }
}

/** A picture of the release, of size x size pixels, cropped as networks see it. */
export async function squareOf(key: string, size: number, isPhoto: boolean): Promise<Rgba> {
  const { decode, canvas } = await codecs();
  const bytes = new Uint8Array(readFile(key));
  const { manifest } = loadAtlas();
  // The very canvas that networks read, where it is asked for in its own size.
  const fit = size === manifest.canvas ? manifest.fit : undefined;
  if (isPhoto) return canvasToRgba(await canvas(bytes, size, fit), size);
  return enlarged(await decode(bytes), size);
}

/** Each pixel as a square of whole pixels, as far as they fit; the rest is left out at the edges. */
function enlarged({ data, width, height }: Rgba, size: number): Rgba {
  const times = Math.max(1, Math.ceil(size / Math.min(width, height)));
  const [left, top] = [width, height].map((side) => Math.floor((side * times - size) / 2));
  const pixels = new Uint32Array(new Uint8Array(data).buffer);
  const out = new Uint32Array(size * size);
  for (let y = 0; y < size; y++) {
    const row = Math.floor((y + top) / times) * width;
    for (let x = 0; x < size; x++) out[y * size + x] = pixels[row + Math.floor((x + left) / times)];
  }
  return { data: new Uint8ClampedArray(out.buffer), width: size, height: size };
}

const compile = async (file: string) => {
  const path = createRequire(join(process.cwd(), 'package.json')).resolve(file);
  return await WebAssembly.compile(readFileSync(path));
};

let decoding: Promise<ReturnType<typeof createCodecs>> | undefined;
function codecs() {
  decoding ??= Promise.all(
    [
      '@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm',
      '@jsquash/png/codec/pkg/squoosh_png_bg.wasm',
      '@jsquash/webp/codec/dec/webp_dec.wasm',
    ].map(compile),
  ).then(([jpeg, png, webp]) => createCodecs({ jpeg, png, webp }, { maxPixels: 100_000_000 }));
  return decoding;
}

let encoding: Promise<void> | undefined;
async function encoders() {
  encoding ??= Promise.all(
    ['@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm', '@jsquash/webp/codec/enc/webp_enc_simd.wasm'].map(compile),
  ).then(async ([jpeg, webp]) => {
    await initJpeg(jpeg);
    await initWebp(webp);
  });
  await encoding;
}

const imageData = ({ data, width, height }: Rgba) => ({ data, width, height }) as unknown as ImageData;

export async function webp(
  picture: Rgba,
  options: NonNullable<Parameters<typeof encodeWebp>[1]> = { quality: QUALITY.photo },
): Promise<Uint8Array<ArrayBuffer>> {
  await encoders();
  return new Uint8Array(await encodeWebp(imageData(picture), options));
}

/** Of what is made for each plate: quickly rather than small. */
export async function jpeg(picture: Rgba): Promise<Uint8Array<ArrayBuffer>> {
  await encoders();
  return new Uint8Array(await encodeJpeg(imageData(picture), { quality: 80, baseline: true, progressive: false }));
}

export async function png(picture: Rgba): Promise<Uint8Array<ArrayBuffer>> {
  return await (await codecs()).encodePng(picture);
}
