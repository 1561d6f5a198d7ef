/** What the jobs of a study leave behind, and how it is read: all that a finding is made from. */
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Pixels } from '#shared/compute';
import { FormatError, readNpy, writeNpy } from '#shared/formats';
import { curvePoint, modelShare, share } from '#shared/release';
import type { Output } from '../jobs/index.ts';
import type { Measurement } from './measurement.ts';

/** One half of a study's photos: `canvases.npy`, uint8 [P,3,S,S]. */
export const photosResult = z.object({
  names: z.array(z.string()),
  skipped: z.array(z.object({ file: z.string(), reason: z.string() })),
  /** Over names and canvases. */
  sha256: z.string(),
  /** What each photo looks like: photos that look alike have fingerprints that differ little. */
  fingerprints: z.array(z.string().nullable()),
  /** Of photos that are of one thing, the first of it by the name of each; left out where there are none. */
  groups: z.record(z.string(), z.string()).optional(),
});
export type PhotosResult = z.infer<typeof photosResult>;

/** A prepared model: `model.onnx`. */
export const preparedResult = z.object({
  sha256: z.string(),
  /** Of the file it was made from. */
  sourceSha256: z.string(),
  /** Of a hardened network: the index of the class "tampered with". */
  tampered: z.int().optional(),
});
export type PreparedResult = z.infer<typeof preparedResult>;

/**
 * What a model says of crafting photos as they are: `logits.npy`, float32 [2P,K], each photo plain and then mirrored.
 */
export const lookedResult = z.object({ photos: z.int(), classes: z.int() });
export type LookedResult = z.infer<typeof lookedResult>;

/** A prepared model that a study has hardened, and how (docs/hardening.md): `model.onnx`. */
export const hardenedResult = preparedResult.extend({
  tampered: z.int(),
  places: z.array(z.object({ name: z.string(), axis: z.int(), channels: z.int() })),
  /** Weights of the regression: one for each statistic. */
  statistics: z.int(),
  samples: z.object({
    ...{ photos: z.int(), synthetic: z.int(), clean: z.int(), tampered: z.int() },
    /** Of pictures with patterns that no attack made. */
    patterns: z.int(),
  }),
  detector: z.object({ bias: z.number(), threshold: z.number() }),
  /** On crafting photos that the regression did not see. */
  calibration: z.object({
    ...{ photos: z.int(), rank: z.int(), falseAlarms: z.int() },
    ...{ tampered: z.int(), caught: z.int(), auroc: z.number() },
  }),
  /** Thresholds of two detectors that look at the plain network's logits, which hold the same rate on those photos. */
  baselines: z.object({ softmax: z.number(), energy: z.number() }),
  /** A regression on `energies` (batch/harden) of pictures, with a threshold that holds it too. */
  spectrum: z.object({ weights: z.array(z.number()), bias: z.number(), threshold: z.number() }).nullable(),
});
export type HardenedResult = z.infer<typeof hardenedResult>;

/** A perturbation, however it was made: `perturbation.npy`, float32 [3,S,S] in units of 0..255. */
export const perturbationResult = z.object({ linf: z.number(), l2: z.number() });
export type PerturbationResult = z.infer<typeof perturbationResult>;

/** A crafted one. */
export const craftedResult = perturbationResult.extend({
  settings: z.record(z.string(), z.unknown()),
  /** Photos that it was crafted on; 0 where that were drawn pictures, or none at all. */
  photos: z.int(),
  gradients: z.int(),
  seconds: z.number(),
  curve: z.array(curvePoint),
  /**
   * Gradients after which the middle of the perturbation was kept: `growth.npy`, uint8 [points,side,side,3], amplified
   * as the finished one is. There is no such file where there are no points.
   */
  growth: z.array(z.int()),
  /** On crafting photos: the mean over the surrogates, and each of them. */
  fooling: share.nullable(),
  each: z.array(modelShare),
});
export type CraftedResult = z.infer<typeof craftedResult>;

/**
 * What a model says of photos: `labels.npy`, int32 [P], and `probabilities.npy`, float32 [P]. A hardened network, whose
 * class "tampered with" has the index `tampered`: also `beneath.npy`, int32 [P], and `scores.npy`, float32 [3,P]:
 * excess, softmax and energy.
 */
export const measuredResult = z.object({ photos: z.int(), tampered: z.int().optional() });
export type MeasuredResult = z.infer<typeof measuredResult>;

/** Block-DCT energies of photos (batch/harden): `energies.npy`, float32 [P,192]. */
export const spectraResult = z.object({ photos: z.int() });
export type SpectraResult = z.infer<typeof spectraResult>;

/** Means over photos. */
export const distortionResult = z.object({ psnr: z.number(), ssim: z.number(), photos: z.int() });
export type DistortionResult = z.infer<typeof distortionResult>;

// A study reads the same outputs again and again; what nothing holds on to any more is let go.
const kept = new WeakMap<Output<unknown>, Promise<unknown>>();
function once<T>(output: Output<unknown>, read: () => Promise<T>): Promise<T> {
  const known = kept.get(output) ?? read();
  kept.set(output, known);
  return known as Promise<T>;
}

/** The canvases of photos, in memory that threads read in place. */
export const readCanvases = (output: Output<PhotosResult>): Promise<Pixels> =>
  once(output, () => canvasesOf(join(output.folder, 'canvases.npy')));

export const readPrepared = async (output: Output<PreparedResult>): Promise<Uint8Array> =>
  readFile(join(output.folder, 'model.onnx'));

/** [photos, 192]. */
export const readSpectra = (output: Output<SpectraResult>): Promise<Float32Array> =>
  once(output, async () => readNpy(await readFile(join(output.folder, 'energies.npy'))).data as Float32Array);

export async function readPerturbation(output: Output<PerturbationResult>): Promise<Float32Array<ArrayBuffer>> {
  return readNpy(await readFile(join(output.folder, 'perturbation.npy'))).data as Float32Array<ArrayBuffer>;
}

export const readLooked = (output: Output<LookedResult>): Promise<Float32Array> =>
  once(output, async () => readNpy(await readFile(join(output.folder, 'logits.npy'))).data as Float32Array);

/** Pixels of how a perturbation grew, [points,side,side,3], where its result has points. */
export async function readGrowth(
  output: Output<CraftedResult>,
): Promise<{ pixels: Uint8Array; points: number; side: number }> {
  const { data, shape } = readNpy(await readFile(join(output.folder, 'growth.npy')));
  return { pixels: data as Uint8Array, points: shape[0], side: shape[1] };
}

export const readMeasurement = (output: Output<MeasuredResult>): Promise<Measurement> =>
  once(output, async () => {
    const read = async (name: string) => readNpy(await readFile(join(output.folder, name))).data;
    const { photos, tampered } = output.result;
    const plain = {
      labels: (await read('labels.npy')) as Int32Array,
      probabilities: (await read('probabilities.npy')) as Float32Array,
    };
    if (tampered === undefined) return plain;
    const scores = (await read('scores.npy')) as Float32Array;
    const [excess, softmax, energy] = [0, 1, 2].map((i) => scores.subarray(i * photos, (i + 1) * photos));
    const beneath = (await read('beneath.npy')) as Int32Array;
    return { ...plain, detection: { tampered, beneath, excess, softmax, energy } };
  });

/** The files of a measurement, as `readMeasurement` finds them. */
export function measurementFiles({ labels, probabilities, detection }: Measurement): Record<string, Uint8Array> {
  const photos = labels.length;
  const files = {
    'labels.npy': writeNpy(new Int32Array(labels), [photos]),
    'probabilities.npy': writeNpy(new Float32Array(probabilities), [photos]),
  };
  if (!detection) return files;
  const { beneath, excess, softmax, energy } = detection;
  const scores = new Float32Array(3 * photos);
  [excess, softmax, energy].forEach((values, i) => {
    scores.set(values, i * photos);
  });
  return {
    ...files,
    'beneath.npy': writeNpy(new Int32Array(beneath), [photos]),
    'scores.npy': writeNpy(scores, [3, photos]),
  };
}

/** Bytes that are read at once: the system gives no more than 2 GiB. */
const chunk = 2 ** 28;

/** Read piece by piece, since the canvases of many photos are larger than what one read gives. */
async function canvasesOf(path: string): Promise<Pixels> {
  const file = await open(path);
  try {
    const { size: bytes } = await file.stat();
    const start = new Uint8Array(10);
    await file.read(start, 0, 10, 0);
    const from = 10 + new DataView(start.buffer).getUint16(8, true);
    const header = new Uint8Array(from);
    await file.read(header, 0, from, 0);
    const shape = /'shape': \((\d+), 3, (\d+), \2\)/.exec(new TextDecoder('latin1').decode(header));
    const pixels = new Uint8Array(new SharedArrayBuffer(bytes - from));
    if (!shape || Number(shape[1]) * 3 * Number(shape[2]) ** 2 !== pixels.length) {
      throw new FormatError(`The canvases ${path} are damaged. Run the study again with --fresh.`);
    }
    for (let at = 0; at < pixels.length; ) {
      const { bytesRead } = await file.read(pixels, at, Math.min(chunk, pixels.length - at), from + at);
      if (bytesRead === 0) throw new FormatError(`The canvases ${path} end early. Run the study again with --fresh.`);
      at += bytesRead;
    }
    return { pixels, size: Number(shape[2]) };
  } finally {
    await file.close();
  }
}
