/** Runs a visitor's network on photos. */
import { noiseControl } from '#shared/attacks';
import { type Compute, ComputeError, type Pixels, type Program } from '#shared/compute';
import { scalingOf } from '#shared/graph';
import { argmax, softmax } from '#shared/metrics';
import { guessNormalisation, type Normalisation } from '#shared/zoo';
import { canvasOf, perturbationOf } from '../lab/pictures.ts';
import { onProgress, openCompute, remember, runtimesHere } from '../runtime/index.ts';
import { answerTasks, type Saying } from './answering.ts';
import type { Pattern, Photos, ReadingTasks } from './protocol.ts';

let told: ((loaded: number, total: number) => void) | null = null;
onProgress((loaded, total) => told?.(loaded, total));

/** The processor: its answers are those of the lab, and of the release as far as float arithmetic goes. */
const compute = remember(async (_key: 'compute'): Promise<Compute> => {
  const runtime = (await runtimesHere()).find(({ kind }) => kind === 'wasm') ?? { kind: 'wasm' as const, threads: 1 };
  return await openCompute(runtime, { sessions: 1 });
}, 1);

/** The same with word of what is downloaded for it. */
async function opened(saying: Saying): Promise<Compute> {
  told = (loaded, total) => saying.progress(loaded, total, 'loading');
  try {
    return await compute('compute');
  } finally {
    told = null;
  }
}

async function pixelsOf({ urls, canvas, fit }: Photos, onDone?: (done: number) => void): Promise<Pixels> {
  const length = 3 * canvas * canvas;
  const pixels = new Uint8Array(urls.length * length);
  for (const [i, url] of urls.entries()) {
    pixels.set(await canvasOf(`${canvas} ${fit} ${url}`), i * length);
    onDone?.(i + 1);
  }
  return { pixels, size: canvas };
}

const fed = (normalisation: Normalisation): Record<string, Float32Array> => ({ ...scalingOf(normalisation) });
const itemsOf = (count: number) => Array.from({ length: count }, (_, photo) => ({ photo, flip: false }));

let program: Program | null = null;

async function open({ bytes, sha256 }: ReadingTasks['open']['asks']): Promise<void> {
  program = { key: sha256, bytes };
}

function programHere(): Program {
  if (!program) throw new ComputeError('No network is open.');
  return program;
}

async function trial({ photos, ways }: ReadingTasks['trial']['asks'], saying: Saying) {
  const here = await opened(saying);
  const pixels = await pixelsOf(photos);
  const reads = [];
  for (const [i, way] of ways.entries()) {
    const { logits } = await here.logits({
      ...{ program: programHere(), photos: pixels, items: itemsOf(1) },
      constants: fed(way),
    });
    const index = argmax(logits);
    reads.push({ index, probability: softmax(logits)[index] });
    saying.progress(i + 1, ways.length, 'reading');
  }
  return { photo: rgbaOf(pixels), reads };
}

function rgbaOf({ pixels, size }: Pixels): Uint8ClampedArray<ArrayBuffer> {
  const plane = size * size;
  const rgba = new Uint8ClampedArray(4 * plane).fill(255);
  for (let i = 0; i < plane; i++) for (let c = 0; c < 3; c++) rgba[4 * i + c] = pixels[c * plane + i];
  return rgba;
}

async function guess({ photos, truth, input }: ReadingTasks['guess']['asks'], saying: Saying) {
  const here = await opened(saying);
  const pixels = await pixelsOf(photos, (done) => saying.progress(done, photos.urls.length, 'photos'));
  return await guessNormalisation({
    ...{ input, truth, photos: pixels, fit: 'crop' },
    prepare: async (way) => ({ ...programHere(), constants: fed(way) }),
    compute: here,
    onProgress: ({ candidate, done, total }) => saying.progress(done, total, candidate),
  });
}

async function everything({ photos, patterns }: ReadingTasks['everything']['asks'], saying: Saying) {
  const here = await opened(saying);
  const count = photos.urls.length;
  const pixels = await lastPixels(photos, (done) => saying.progress(done, count, 'photos'));
  let all = 0;
  for (const [turn, pattern] of patterns.entries()) {
    const v = pattern && (await arrayOf(pattern, 3 * photos.canvas ** 2));
    const { logits, classes } = await here.logits({
      ...{ program: programHere(), photos: pixels, items: itemsOf(count), v },
      onProgress: (done) => saying.progress(turn * count + done, patterns.length * count, 'reading'),
    });
    all = classes;
    const labels = Array.from({ length: count }, (_, i) => argmax(logits, i * classes, classes));
    saying.part({ id: pattern?.id ?? null, classes: labels });
  }
  return { classes: all };
}

let last: { of: string; pixels: Pixels } | null = null;

/** Decoding all photos takes seconds, and the same are asked for again with another pattern. */
async function lastPixels(photos: Photos, onDone: (done: number) => void): Promise<Pixels> {
  const of = JSON.stringify(photos);
  if (last?.of !== of) last = { of, pixels: await pixelsOf(photos, onDone) };
  return last.pixels;
}

const arrayOf = async (pattern: Pattern, length: number) =>
  'npy' in pattern ? await perturbationOf(pattern.npy) : noiseControl(length, pattern.noise);

answerTasks({ open, trial, guess, everything }, () => 'The network');
