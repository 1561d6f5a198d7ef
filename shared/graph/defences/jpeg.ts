// JPEG (ITU-T T.81, 1992, with JFIF's colours) without its lossless part: colours as luma and two differences, those
// halved in size below quality 90 as MozJPEG has it, 8 x 8 cosine transforms, rounded in steps of the tables of Annex
// K, and back, with the rounding that decoders do in between. As a defence: C. Guo, M. Rana, M. Cisse, L. van der
// Maaten, "Countering Adversarial Images using Input Transformations", ICLR 2018, arXiv 1711.00117; gradients through
// it as R. Shin, D. Song, "JPEG-resistant Adversarial Images", 2017.
import { interpolationMatrix } from '../../images/resample.ts';
import type { Builder } from '../builder.ts';
import { int, ints } from '../model.ts';
import { floats, int64s } from '../tensor.ts';
import type { Write } from './defence.ts';
import { rounded, toPixels } from './rounding.ts';

/** From this quality on the differences of colour keep their size. */
const fullColour = 90;

const luma = [
  ...[16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29],
  ...[51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121],
  ...[120, 101, 72, 92, 95, 98, 112, 100, 103, 99],
];
const chroma = [
  ...[17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99],
  ...new Array(36).fill(99),
];

/** The steps of a quality, as the Independent JPEG Group scales them. */
export function stepsOf(table: readonly number[], quality: number): number[] {
  const scale = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  return table.map((value) => Math.min(255, Math.max(1, Math.floor((value * scale + 50) / 100))));
}

export const jpeg: Write<'jpeg'> = (b, canvas, size, { quality }) => {
  const halved = quality < fullColour;
  const block = halved ? 16 : 8;
  const side = Math.ceil(size / block) * block;
  const x = padded(b, canvas, size, side);
  const brightness = toPixels(b, coloured(b, x, [[0.299, 0.587, 0.114]], [0]));
  const cb = [-0.168735892, -0.331264108, 0.5];
  const cr = [0.5, -0.418687589, -0.081312411];
  let colour = toPixels(b, coloured(b, x, [cb, cr], [128, 128]));
  if (halved) {
    const pooled = b.add('AveragePool', [colour], { kernel_shape: ints([2, 2]), strides: ints([2, 2]) });
    colour = toPixels(b, pooled);
  }
  const y = transformed(b, brightness, stepsOf(luma, quality));
  colour = transformed(b, colour, stepsOf(chroma, quality));
  if (halved) colour = doubled(b, colour, side / 2);
  const back = [
    [1, 0, 1.402],
    [1, -0.344136286, -0.714136286],
    [1, 1.772, 0],
  ];
  const offsets = back.map(([, toCb, toCr]) => -128 * (toCb + toCr));
  const joined = b.add('Concat', [y, colour], { axis: int(1) });
  const rgb = toPixels(b, coloured(b, joined, back, offsets));
  return side === size ? rgb : b.add('Slice', [rgb, b.ints([0, 0]), b.ints([size, size]), b.ints([2, 3])]);
};

/** The last row and column repeated, to whole blocks. */
function padded(b: Builder, x: string, size: number, side: number): string {
  if (side === size) return x;
  const places = Array.from({ length: side }, (_, i) => Math.min(i, size - 1));
  const indices = b.constant(int64s(places), 'places');
  const down = b.add('Gather', [x, indices], { axis: int(2) });
  return b.add('Gather', [down, indices], { axis: int(3) });
}

/** Each output channel a sum of the three of a picture. */
function coloured(b: Builder, x: string, weights: number[][], offsets: number[]): string {
  const matrix = b.constant(floats(weights.flat(), [weights.length, 3, 1, 1]), 'colours');
  return b.add('Conv', [x, matrix, b.constant(floats(offsets, [offsets.length]), 'offsets')]);
}

/** What is left of channels of 0..255 once their blocks have been transformed and rounded in these steps. */
function transformed(b: Builder, x: string, steps: readonly number[]): string {
  const channels = Number(b.shape(x)[1]);
  // The steps are part of the kernels: those that transform divide by them, those that turn back multiply.
  const kernels = (scale: (step: number) => number) => {
    const one = cosines.flatMap((wave, i) => wave.map((value) => value * scale(steps[i])));
    return b.constant(floats(Array(channels).fill(one).flat(), [64 * channels, 1, 8, 8]), 'cosines');
  };
  const attributes = { kernel_shape: ints([8, 8]), strides: ints([8, 8]), group: int(channels) };
  const centred = b.add('Sub', [x, b.scalar(128)]);
  const waves = rounded(b, b.add('Conv', [centred, kernels((step) => 1 / step)], attributes));
  const back = b.add('ConvTranspose', [waves, kernels((step) => step)], attributes);
  return toPixels(b, b.add('Add', [back, b.scalar(128)]));
}

/** The orthonormal 8 x 8 cosine transform: by frequency down, then across, the 64 values of its wave. */
const cosines: readonly number[][] = Array.from({ length: 64 }, (_, wave) => {
  const along = (frequency: number, place: number) =>
    (frequency === 0 ? Math.sqrt(1 / 8) : 0.5) * Math.cos(((2 * place + 1) * frequency * Math.PI) / 16);
  return Array.from(
    { length: 64 },
    (_, at) => along(Math.floor(wave / 8), Math.floor(at / 8)) * along(wave % 8, at % 8),
  );
});

/** Twice as large, three quarters of the nearest and one of the next: what decoders call fancy upsampling. */
function doubled(b: Builder, x: string, side: number): string {
  const rows = interpolationMatrix(side, 2 * side);
  const columns = new Float32Array(rows.length);
  for (let i = 0; i < 2 * side; i++) for (let k = 0; k < side; k++) columns[k * 2 * side + i] = rows[i * side + k];
  const wide = b.add('MatMul', [x, b.constant(floats(columns, [side, 2 * side]), 'columns')]);
  return toPixels(b, b.add('MatMul', [b.constant(floats(rows, [2 * side, side]), 'rows'), wide]));
}
