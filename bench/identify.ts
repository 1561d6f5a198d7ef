/**
 * How often `atlas identify` names the right perturbation, a wrong one, or none; and how often it names one on a
 * picture that has none.
 *
 *   node bench/identify.ts [--perturbations <release|folder|file>]… [--data <folder with imagenet/images>] [--whole]
 *
 * On the starter photos, and those of --data. Each photo carries one of the perturbations, by turns. All photos are
 * tried at strength 1 in every format, in their place; every fourth in each of the other cells, or all with --whole.
 * Moved pictures are moved by up to 16 pixels along each axis, their edges repeated. The clean ones are the same
 * photos, and pictures that are drawn from a seed: edges, patterns and flat colours.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import encodeJpeg, { init } from '@jsquash/jpeg/encode.js';
import { Lineup, type Match, patternOf, REACH } from '#shared/identify';
import { applyPerturbation, canvasFromRgba, canvasToRgba } from '#shared/images';
import { wilson } from '#shared/metrics';
import { random, syntheticKinds } from '#shared/synthetic';
import { readPerturbations } from '../batch/perturbations/index.ts';
import { codecs, loadPhotos } from '../batch/photos/index.ts';

/** Rows of Markdown. */
const table = (head: string[], rows: string[][]) =>
  [head, head.map(() => '---:'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** Node has it; Node's types do not. */
declare const WebAssembly: { compile(bytes: Uint8Array): Promise<unknown> };

const { values } = parseArgs({
  options: {
    perturbations: { type: 'string', multiple: true, default: ['.atlas/starter/release'] },
    data: { type: 'string' },
    whole: { type: 'boolean', default: false },
  },
});

const known = await readPerturbations(values.perturbations);
const [{ size }] = known;
const patterns = known.map(({ id, v }) => ({ id, pattern: patternOf(v, size) }));
const own = { 'starter photos': await loadPhotos(['starter'], { canvas: size }) };
const given = values.data
  ? { 'photos of --data': await loadPhotos([join(values.data, 'imagenet/images')], { canvas: size }) }
  : {};
const photoSets = { ...own, ...given };
const drawn = await loadPhotos([`synthetic:${syntheticKinds.join(',')}:200`], { canvas: size });
const cleanSets = { ...photoSets, 'pictures drawn from a seed': drawn };

const { resolve } = createRequire(import.meta.url);
const encoder = await readFile(resolve('@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm'));
await init((await WebAssembly.compile(encoder)) as Parameters<typeof init>[0]);
const { decode } = await codecs();

/** Null is a file without loss; else JPEG of a quality, colours at half of the resolution. */
type Format = 90 | 75 | 50 | null;
const formats: Format[] = [null, 90, 75, 50];

/** A canvas as it comes back from a file. */
async function saved(canvas: ArrayLike<number>, quality: Format): Promise<Float32Array> {
  if (quality === null) return Float32Array.from(canvas);
  const picture = canvasToRgba(canvas, size);
  const jpeg = await encodeJpeg(
    { data: new Uint8ClampedArray(picture.data), width: size, height: size, colorSpace: 'srgb' } as Parameters<
      typeof encodeJpeg
    >[0],
    { quality, auto_subsample: false, chroma_subsample: 2 },
  );
  return canvasFromRgba(await decode(new Uint8Array(jpeg)), size, { fit: 'near' });
}

/** The canvas right and down by some pixels, its edges repeated. */
function moved(canvas: Float32Array, x: number, y: number): Float32Array {
  const within = (value: number) => Math.min(size - 1, Math.max(0, value));
  return Float32Array.from(canvas, (_, i) => {
    const [channel, row, column] = [Math.floor(i / size ** 2), Math.floor(i / size) % size, i % size];
    return canvas[(channel * size + within(row - y)) * size + within(column - x)];
  });
}

function bestMatch(canvas: ArrayLike<number>): Match {
  const lineup = new Lineup(canvas, size, { top: 1 });
  for (const { id, pattern } of patterns) lineup.try(id, pattern);
  return lineup.matches()[0];
}

interface Cell {
  strength: number;
  moves: boolean;
  format: Format;
  found: { match: Match; isRight: boolean; isInPlace: boolean }[];
}

const cells: Cell[] = [1, 0.5].flatMap((strength) =>
  [false, true].flatMap((moves) => formats.map((format): Cell => ({ strength, moves, format, found: [] }))),
);
const clean = Object.entries(cleanSets).flatMap(([name, photos]) =>
  ([null, 50] as Format[]).map((format) => ({ name, photos, format, found: [] as Match[] })),
);

const draw = random(1, 'shifts');
const shift = () => Math.floor((2 * REACH + 1) * draw.uniform()) - REACH;
let turn = 0;
for (const photos of Object.values(photoSets)) {
  for (let photo = 0; photo < photos.names.length; photo++, turn++) {
    const canvas = photos.pixels.subarray(3 * photo * size ** 2, 3 * (photo + 1) * size ** 2);
    const { id, v } = known[turn % known.length];
    for (const [number, cell] of cells.entries()) {
      const isForAll = values.whole || (cell.strength === 1 && !cell.moves);
      if (!isForAll && (Math.floor(turn / known.length) + number) % 4 !== 0) continue;
      const [x, y] = cell.moves ? [shift() || REACH, shift()] : [0, 0];
      const perturbed = moved(applyPerturbation(canvas, v, cell.strength), x, y);
      const match = bestMatch(await saved(perturbed, cell.format));
      cell.found.push({ match, isRight: match.id === id, isInPlace: match.shift.x === x && match.shift.y === y });
    }
  }
}
for (const { photos, format, found } of clean) {
  for (let photo = 0; photo < photos.names.length; photo++) {
    const canvas = photos.pixels.subarray(3 * photo * size ** 2, 3 * (photo + 1) * size ** 2);
    found.push(bestMatch(await saved(canvas, format)));
  }
}

const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
const formatName = (format: Format) => (format === null ? 'PNG' : `JPEG ${format}`);

console.log(`${known.length} perturbations: ${known.map(({ id }) => id).join(', ')}\n`);
console.log(
  table(
    [
      'strength',
      'moved',
      'format',
      'pictures',
      'right',
      'at least',
      'wrong',
      'no name',
      'in place',
      'reads',
      'least z',
    ],
    cells.map(({ strength, moves, format, found }) => {
      const named = found.filter(({ match }) => match.named);
      const right = named.filter(({ isRight }) => isRight);
      return [
        ...[String(strength), moves ? 'yes' : 'no', formatName(format), String(found.length)],
        ...[percent(right.length / found.length), percent(wilson(right.length, found.length).low)],
        ...[String(named.length - right.length), String(found.length - named.length)],
        percent(right.filter(({ isInPlace }) => isInPlace).length / Math.max(1, right.length)),
        `${median(right.map(({ match }) => match.strength)).toFixed(2)} ± ${median(right.map(({ match }) => match.error)).toFixed(2)}`,
        Math.min(...found.map(({ match, isRight }) => (isRight ? Math.abs(match.z) : 0))).toFixed(1),
      ];
    }),
  ),
);
console.log(`\nWithout a perturbation:\n`);
console.log(
  table(
    ['', 'format', 'pictures', 'named', 'p < 0.05', 'p < 0.01', 'least p'],
    clean.map(({ name, format, found }) => {
      const below = (p: number) => percent(found.filter((match) => match.p < p).length / found.length);
      const least = Math.min(...found.map(({ p }) => p)).toExponential(1);
      const named = found.filter((match) => match.named).length;
      return [name, formatName(format), String(found.length), String(named), below(0.05), below(0.01), least];
    }),
  ),
);
