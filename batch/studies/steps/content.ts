/** From the outputs of a study's jobs to the content of its release. */
import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { amplifyToRgba, applyPerturbation, canvasToRgba } from '#shared/images';
import { labelOf } from '#shared/metrics';
import { inHashOrder } from '#shared/photos';
import {
  type Budget,
  type ControlRow,
  type Manifest,
  type ModelCard,
  modelKey,
  type Norm,
  type PerturbationCredit,
  type PhotoCredit,
  type ReleaseRun,
  type Study,
  type TransferRow,
} from '#shared/release';
import {
  type CraftedResult,
  changedBy,
  type DistortionResult,
  type DominanceRow,
  type FindingResult,
  isPattern,
  type MeasuredResult,
  type Measurement,
  type PhotosResult,
  type PreparedResult,
  readCanvases,
  readGrowth,
  readMeasurement,
  readPerturbation,
  readPrepared,
  readRows,
} from '../../analyses/index.ts';
import type { Job, Outputs } from '../../jobs/index.ts';
import { codecs } from '../../photos/index.ts';
import type { ContentPerturbation, ContentPhoto, ReleaseContent } from '../../publish/index.ts';

/** Examples that a release shows of each perturbation. */
const examplePhotos = 6;

/** All that a release is made from. */
export interface ReleaseInputs {
  study: Study;
  /** The card of one that the study has hardened does not say yet where it is. */
  models: {
    card: ModelCard | Omit<ModelCard, 'source'>;
    labels: readonly string[] | null;
    prepared: Job<PreparedResult>;
  }[];
  credits: PhotoCredit[];
  /** Name and SHA-256 of the evaluation photos' files. */
  files: readonly (readonly [string, string])[];
  crafting: Job<PhotosResult>;
  evaluation: Job<PhotosResult>;
  perturbations: {
    id: string;
    attack: string;
    /** As one line. */
    paper: string;
    norm: Norm;
    epsilon: number;
    seed: number;
    budget: Budget | null;
    surrogates: readonly string[];
    crafted: Job<CraftedResult>;
    distortion: Job<DistortionResult>;
    /** The target whose answers the examples show. */
    example: { target: string; clean: Job<MeasuredResult>; perturbed: Job<MeasuredResult> };
    /** Of one that others made: who did, and the SHA-256 of their file. */
    given?: { credit?: PerturbationCredit; file: string };
  }[];
  /** Those that are measured, and of which the release has nothing else. */
  unpublished: NonNullable<Manifest['unpublished']>;
  /** What every record tells, whether or not the release has the table. */
  transfer: Job<FindingResult>;
  dominance: Job<FindingResult>;
  /** null where the study does not ask for it. */
  controls: Job<FindingResult> | null;
  tables: Job<FindingResult>[];
  provider: string;
}
type Inputs = Outputs<ReleaseInputs>;
type Planned = Inputs['perturbations'][number];

/**
 * All that a release holds. Reads photo files only to show them.
 * @param pathOf Where a photo's file is.
 */
export async function releaseContent(
  inputs: Inputs,
  of: { run: ReleaseRun; pathOf: (photo: string) => string },
): Promise<ReleaseContent> {
  const { study, evaluation, provider, unpublished } = inputs;
  const { names } = evaluation.result;
  const credits = new Map(inputs.credits.map((credit) => [credit.file, credit]));
  const shown = names.filter((name) => study.photos.publish && credits.has(name));
  const examples = inHashOrder(shown).slice(0, examplePhotos);
  const { pixels } = await readCanvases(evaluation);
  const plane = 3 * study.canvas ** 2;
  const canvasOf = (name: string) => pixels.subarray(names.indexOf(name) * plane).subarray(0, plane);
  const { encodePng } = await codecs();

  const transfer = await readRows<TransferRow>(inputs.transfer);
  const dominance = await readRows<DominanceRow>(inputs.dominance);
  const controls = inputs.controls && (await readRows<ControlRow>(inputs.controls));
  const perturbations: ContentPerturbation[] = [];
  for (const planned of inputs.perturbations) {
    const v = await readPerturbation(planned.crafted);
    const pictures: ContentPerturbation['examples'] = [];
    for (const name of examples) {
      const png = await encodePng(canvasToRgba(applyPerturbation(canvasOf(name), v), study.canvas));
      pictures.push({ example: await exampleOf(inputs, planned, name), png });
    }
    perturbations.push({
      record: recordOf(inputs, planned, { transfer, dominance, controls }),
      v,
      preview: await encodePng(amplifyToRgba(v, study.canvas, planned.epsilon)),
      ...(planned.crafted.result.growth.length > 0 && { growth: await growthOf(planned.crafted) }),
      examples: pictures,
    });
  }

  const photos: ContentPhoto[] = [];
  for (const name of shown) {
    const bytes = await readFile(of.pathOf(name));
    const canvas = examples.includes(name) && (await encodePng(canvasToRgba(canvasOf(name), study.canvas)));
    photos.push({ credit: credits.get(name) as PhotoCredit, bytes, ...(canvas && { canvas }) });
  }
  return {
    ...{ study, run: of.run, provider, perturbations, unpublished, photos },
    models: await Promise.all(
      inputs.models.map(async ({ card, labels, prepared }) => {
        const { sha256 } = prepared.result;
        const bytes = await readPrepared(prepared);
        // One that was made here lies nowhere but in the release.
        const source = { file: modelKey(sha256), sha256, bytes: bytes.byteLength };
        return {
          ...{ card: 'source' in card ? card : { ...card, source }, bytes, sha256 },
          labels: Array.from({ length: labels?.length ?? card.classes }, (_, index) => labelOf(labels, index)),
        };
      }),
    ),
    tables: await Promise.all(
      inputs.tables.map(async (table) => {
        const { name, title, columns, says } = table.result;
        return { name, title, columns, says, rows: await readRows(table) };
      }),
    ),
  };
}

/** The pictures of how it grew, side by side. */
async function growthOf(crafted: Planned['crafted']): Promise<NonNullable<ContentPerturbation['growth']>> {
  const { pixels, points, side } = await readGrowth(crafted);
  const width = points * side;
  const data = new Uint8ClampedArray(4 * width * side).fill(255);
  for (let from = 0; from < points * side * side; from++) {
    const [point, y, x] = [Math.floor(from / side ** 2), Math.floor(from / side) % side, from % side];
    data.set(pixels.subarray(3 * from, 3 * from + 3), 4 * (y * width + point * side + x));
  }
  const { encodePng } = await codecs();
  return { side, gradients: crafted.result.growth, png: await encodePng({ data, width, height: side }) };
}

async function exampleOf(
  { models, evaluation }: Inputs,
  { example }: Planned,
  photo: string,
): Promise<ContentPerturbation['examples'][number]['example']> {
  const place = evaluation.result.names.indexOf(photo);
  const labels = models.find(({ card }) => card.id === example.target)?.labels ?? null;
  const [clean, perturbed] = await Promise.all([readMeasurement(example.clean), readMeasurement(example.perturbed)]);
  const predictionOf = ({ labels: found, probabilities }: Measurement) => {
    const index = found[place];
    return { index, label: labelOf(labels, index), probability: probabilities[place] };
  };
  return {
    ...{ photo, target: example.target, clean: predictionOf(clean), perturbed: predictionOf(perturbed) },
    fooled: changedBy(clean, perturbed)[place],
  };
}

/** Whether it is none of those that the study has hardened: what photos become there is in the table `tampered`. */
const isPlain = ({ card }: Inputs['models'][number]) => 'source' in card;

interface Rows {
  transfer: TransferRow[];
  dominance: DominanceRow[];
  controls: ControlRow[] | null;
}

function recordOf(
  { study, models, crafting, provider }: Inputs,
  planned: Planned,
  { transfer, dominance, controls }: Rows,
): ContentPerturbation['record'] {
  const { id, attack, paper, norm, epsilon, seed, budget, surrogates, crafted, distortion, given } = planned;
  const { settings, photos, gradients, curve, fooling, each, linf, l2 } = crafted.result;
  const { psnr, ssim } = distortion.result;
  return {
    ...{ id, attack, paper, norm, epsilon, seed, budget },
    settings: given ? { file: `sha256:${given.file}` } : settings,
    ...(given?.credit && { credit: given.credit }),
    surrogates: surrogates.map((surrogate) => {
      const { card, prepared } = models.find((model) => model.card.id === surrogate) as Inputs['models'][number];
      const { sourceSha256, sha256 } = prepared.result;
      return { id: surrogate, sha256: sourceSha256, prepared: sha256, preprocessing: card.preprocessing };
    }),
    canvas: study.canvas,
    crafting: { photos, sha256: photos > 0 ? crafting.result.sha256 : hash('sha256', '') },
    provider,
    ...{ gradients, curve, linf, l2, psnr, ssim },
    fooling: {
      crafting: fooling,
      ...(each.length > 1 && { each }),
      evaluation: transfer.filter((row) => row.perturbation === id),
      ...(controls && !isPattern(planned) && { controls: controls.filter((row) => row.perturbation === id) }),
    },
    dominant: models.filter(isPlain).map(({ card }) => ({
      target: card.id,
      labels: dominance
        .filter((row) => row.perturbation === id && row.target === card.id)
        .map(({ index, label, photos }) => ({ index, label, photos })),
    })),
  };
}
