import { expect, test } from 'vitest';
import type { ImageHeader } from '#shared/images';
import { decodingBytes } from '../../workers/atlas/imaging/memory.ts';

const header: ImageHeader = {
  ...{
    type: 'jpeg',
    width: 200,
    height: 100,
    orientation: 1,
    animated: false,
    bitDepth: 8,
    components: 3,
    process: 0xc0,
  },
};
const baseline = Uint8Array.from([0xff, 0xd8, 0xff, 0xc0, 0, 0]);
const progressive = Uint8Array.from([0xff, 0xd8, 0xff, 0xc2, 0, 0]);

test.each<[string, Partial<ImageHeader>, Uint8Array, number]>([
  ['RGBA alone of a baseline JPEG', {}, baseline, 4],
  // T.81: a progressive frame is put together from the coefficients of all components, of 16 bits each.
  ['three planes of 16-bit coefficients beside the RGBA of a progressive JPEG', {}, progressive, 4 + 3 * 2],
  ['four samples of 8 bits beside the RGBA of a PNG', { type: 'png' }, baseline, 4 + 4],
  ['four samples of 16 bits, and what they are made from, of a deep PNG', { type: 'png', bitDepth: 16 }, baseline, 16],
  ['its own samples beside the RGBA of a WebP', { type: 'webp' }, baseline, 4 + 4],
])('decoding holds %s, and the file three times', (_name, change, bytes, perPixel) => {
  expect(decodingBytes({ ...header, ...change }, bytes)).toBe(200 * 100 * perPixel + 3 * 6);
});
