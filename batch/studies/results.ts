/** From the outputs of a study's jobs to the content of its release. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { amplifyToRgba, applyPerturbation, canvasToRgba } from '#shared/images';
import type { Example, TransferRow } from '#shared/release';
import { dominantLabels, type Measurement, transferRow } from '../analyses/index.ts';
import { citation, findAttack } from '../attacks/index.ts';
import { codecs, splitPhotos } from '../photos/index.ts';
import type { ContentPerturbation, ContentPhoto, PredictionRow, ReleaseContent } from '../publish/index.ts';
import type { ZooModel } from '../zoo/index.ts';
import { type LoadedStudy, truthOf } from './load.ts';
import { inHashOrder, type PhotoFacts, type StudyPhotos } from './photos.ts';
import type { Plan, PlannedPerturbation } from './plan.ts';
import {
  type CraftJob,
  type DistortionJob,
  type MeasureJob,
  measurementOf,
  type PreparedJob,
  perturbationOf,
  preparedBytes,
} from './steps.ts';

/** Examples that a release shows of each perturbation. */
const examplePhotos = 6;

/** The outputs of all jobs but the release. */
export interface Outputs {
  facts: PhotoFacts;
  prepared: Map<string, PreparedJob>;
  /** By perturbation, controls included. */
  crafted: Map<string, CraftJob>;
  /** By target, then by perturbation; '' is the photos as they are. */
  measured: Map<string, Map<string, MeasureJob>>;
  distortion: Map<string, DistortionJob>;
}

/** Every measurement by target and perturbation; '' is the photos as they are. */
export type Measurements = Map<string, Map<string, Measurement>>;

export async function readMeasurements({ measured }: Outputs): Promise<Measurements> {
  const all: Measurements = new Map();
  for (const [target, jobs] of measured) {
    const of = new Map<string, Measurement>();
    for (const [perturbation, job] of jobs) of.set(perturbation, await measurementOf(job));
    all.set(target, of);
  }
  return all;
}

const evaluationNames = ({ names }: PhotoFacts) => splitPhotos(names).evaluation.map((index) => names[index]);

/** Every perturbation on every model. */
export function transferRows(
  { models, classes }: LoadedStudy,
  plan: Plan,
  outputs: Outputs,
  measurements: Measurements,
): TransferRow[] {
  const names = evaluationNames(outputs.facts);
  return plan.perturbations.flatMap(({ id, surrogates, attack, norm, epsilon, seed, control }) =>
    models.map((model) => {
      const of = measurements.get(model.card.id)!;
      return transferRow({
        perturbation: id,
        ...{ surrogates, attack, norm, epsilon, seed },
        target: model.card.id,
        clean: of.get('')!,
        perturbed: of.get(id)!,
        noise: of.get(control)!,
        truth: truthOf(names, model, classes),
      });
    }),
  );
}

const labelOf = (model: ZooModel, index: number) => model.labels?.[index] ?? `class ${index}`;

/** All that a release holds. Reads photos only for the pictures in it. */
export async function releaseContent(
  study: LoadedStudy,
  plan: Plan,
  outputs: Outputs,
  photos: StudyPhotos,
  of: { created: string; commit: string; provider: string; transfer: TransferRow[]; measurements: Measurements },
): Promise<ReleaseContent> {
  const { measurements, ...rest } = of;
  const names = evaluationNames(outputs.facts);
  const shown = names.filter((name) => study.study.photos.publish && study.credits.has(name));
  const examples = inHashOrder(shown).slice(0, examplePhotos);
  const canvases = await canvasesOf(examples, photos);
  const { encodePng } = await codecs();
  const size = study.study.canvas;

  const perturbations: ContentPerturbation[] = [];
  for (const planned of plan.perturbations) {
    const v = await perturbationOf(outputs.crafted.get(planned.id)!);
    const target = study.models.find(({ card }) => card.id === (planned.surrogates[0] ?? study.models[0].card.id))!;
    const pictures: ContentPerturbation['examples'] = [];
    for (const name of examples) {
      const perturbed = canvasToRgba(applyPerturbation(canvases.get(name)!, v), size);
      pictures.push({
        example: exampleOf(name, names.indexOf(name), planned.id, target, measurements),
        png: await encodePng(perturbed),
      });
    }
    perturbations.push({
      record: recordOf(study, planned, outputs, of),
      v,
      preview: await encodePng(amplifyToRgba(v, size, planned.epsilon)),
      examples: pictures,
    });
  }

  const content: ContentPhoto[] = [];
  for (const name of shown) {
    const canvas = canvases.get(name);
    content.push({
      credit: study.credits.get(name)!,
      bytes: await readFile(photos.path(name)),
      ...(canvas && { canvas: await encodePng(canvasToRgba(canvas, size)) }),
    });
  }
  return {
    study: study.study,
    ...rest,
    models: await Promise.all(
      study.models.map(async (model) => {
        const job = outputs.prepared.get(model.card.id)!;
        const labels = model.labels ?? Array.from({ length: model.card.classes }, (_, index) => labelOf(model, index));
        return { card: model.card, bytes: await preparedBytes(job), sha256: job.result.sha256, labels };
      }),
    ),
    perturbations,
    predictions: predictionRows(study.models, plan, names, measurements),
    photos: content,
  };
}

async function canvasesOf(names: readonly string[], photos: StudyPhotos): Promise<Map<string, Uint8Array>> {
  if (names.length === 0) return new Map();
  const { names: all, pixels, size } = await photos.some(names);
  const plane = 3 * size * size;
  return new Map(names.map((name) => [name, pixels.subarray(all.indexOf(name) * plane).subarray(0, plane)]));
}

function exampleOf(
  photo: string,
  place: number,
  perturbation: string,
  target: ZooModel,
  measurements: Measurements,
): Omit<Example, 'key'> {
  const prediction = ({ labels, probabilities }: Measurement) => ({
    index: labels[place],
    label: labelOf(target, labels[place]),
    probability: probabilities[place],
  });
  const of = measurements.get(target.card.id)!;
  const clean = prediction(of.get('')!);
  const perturbed = prediction(of.get(perturbation)!);
  return { photo, target: target.card.id, clean, perturbed, fooled: clean.index !== perturbed.index };
}

function recordOf(
  study: LoadedStudy,
  planned: PlannedPerturbation,
  outputs: Outputs,
  { provider, transfer, measurements }: { provider: string; transfer: TransferRow[]; measurements: Measurements },
): ContentPerturbation['record'] {
  const { id, attack, norm, epsilon, seed, budget } = planned;
  const crafted = outputs.crafted.get(id)!;
  const { settings, gradients, seconds, curve, fooling, linf, l2 } = crafted.result;
  const { psnr, ssim } = outputs.distortion.get(id)!.result;
  return {
    id,
    attack,
    paper: citation(findAttack(attack).paper),
    ...{ settings, norm, epsilon, seed, budget },
    surrogates: planned.surrogates.map((surrogate) => {
      const { sourceSha256, sha256 } = outputs.prepared.get(surrogate)!.result;
      const { preprocessing } = study.models.find(({ card }) => card.id === surrogate)!.card;
      return { id: surrogate, sha256: sourceSha256, prepared: sha256, preprocessing };
    }),
    canvas: study.study.canvas,
    crafting:
      planned.surrogates.length > 0
        ? { photos: splitPhotos(outputs.facts.names).crafting.length, sha256: outputs.facts.crafting }
        : { photos: 0, sha256: createHash('sha256').digest('hex') },
    provider,
    commit: crafted.commit,
    ...{ seconds, gradients, curve, linf, l2, psnr, ssim },
    fooling: { crafting: fooling, evaluation: transfer.filter((row) => row.perturbation === id) },
    dominant: study.models.map((model) => {
      const of = measurements.get(model.card.id)!;
      const labels = dominantLabels(of.get('')!, of.get(id)!);
      return {
        target: model.card.id,
        labels: labels.map(({ index, photos }) => ({ index, label: labelOf(model, index), photos })),
      };
    }),
  };
}

function predictionRows(models: ZooModel[], plan: Plan, names: string[], measurements: Measurements): PredictionRow[] {
  return plan.perturbations.flatMap(({ id }) =>
    models.flatMap((model) => {
      const of = measurements.get(model.card.id)!;
      const clean = of.get('')!;
      const perturbed = of.get(id)!;
      return names.map((photo, i) => ({
        perturbation: id,
        target: model.card.id,
        photo,
        clean: clean.labels[i],
        clean_label: labelOf(model, clean.labels[i]),
        clean_probability: clean.probabilities[i],
        perturbed: perturbed.labels[i],
        perturbed_label: labelOf(model, perturbed.labels[i]),
        perturbed_probability: perturbed.probabilities[i],
        fooled: clean.labels[i] !== perturbed.labels[i],
      }));
    }),
  );
}
