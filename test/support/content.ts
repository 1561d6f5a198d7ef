import { readFile } from 'node:fs/promises';
import { canvasToRgba } from '#shared/images';
import { type Preprocessing, type ReleaseRun, study, type TransferRow } from '#shared/release';
import { findings } from '../../batch/analyses/index.ts';
import { codecs } from '../../batch/photos/index.ts';
import type { ContentPerturbation, ContentTable, ReleaseContent } from '../../batch/publish/index.ts';
import { tinyModel } from './tiny-model.ts';

/** Labels as they occur, and as they make trouble: commas, quotes, line ends, other scripts, and nothing. */
const LABELS = ['cat', 'cup, mug', 'a "quoted"\nLöffel, 匙', ''];

/**
 * The content of a release of two perturbations on one tiny model, made by hand: figures that only have to be of the
 * right kind, and names of photos and labels that every format has to carry. One photo of the starter pack stands for
 * all `names`.
 */
export async function smallContent(names: string[]): Promise<ReleaseContent> {
  const { bytes, sha256, size, classes } = tinyModel();
  const photo = await readFile(new URL('../../zoo/starter/photos/cat.jpg', import.meta.url));
  const preprocessing: Preprocessing = {
    inputSize: size,
    channelOrder: 'RGB',
    layout: 'NCHW',
    range: 255,
    mean: [0, 0, 0],
    std: [1, 1, 1],
  };
  const ids = ['noise.inf10.s1', 'tiny.cosine-uap.inf10.s2'];
  const transfer = ids.map((id, i) => transferRow(id, i));
  const { encodePng } = await codecs();
  const prediction = { index: 0, label: LABELS[0], probability: 1 };

  const perturbations = await Promise.all(
    ids.map(async (id, i): Promise<ContentPerturbation> => {
      const v = Float32Array.from({ length: 3 * size * size }, (_, at) => ((at + i) % 2 ? 10 : -10));
      const png = await encodePng(canvasToRgba(v, size));
      return {
        v,
        preview: png,
        ...(i === 1 && { growth: { side: size, gradients: [100], png } }),
        record: {
          ...{ id, attack: transfer[i].attack, paper: 'none', settings: { step: 1 }, norm: 'inf', epsilon: 10 },
          ...{ seed: transfer[i].seed, budget: null, canvas: size, provider: 'cpu' },
          surrogates:
            i === 0
              ? []
              : [
                  {
                    id: 'tiny',
                    sha256,
                    prepared: sha256,
                    preprocessing,
                  },
                ],
          crafting: { photos: 12 * i, sha256 },
          ...{
            gradients: 100 * i,
            curve: [],
            linf: 10,
            l2: 10 * Math.sqrt(v.length),
            psnr: 28,
            ssim: 0.9,
          },
          fooling: {
            crafting: i === 0 ? null : { photos: 12, fooled: 9, ratio: 0.75, low: 0.47, high: 0.91 },
            evaluation: [transfer[i]],
          },
          dominant: [
            {
              target: 'tiny',
              labels: [
                { index: 2, label: LABELS[2], photos: 2 },
                { index: 3, label: LABELS[3], photos: 1 },
              ],
            },
          ],
        },
        examples: names.map((name) => ({
          example: { photo: name, target: 'tiny', clean: prediction, perturbed: prediction, fooled: false },
          png,
        })),
      };
    }),
  );
  return {
    study: study.parse({
      ...{
        id: 'built',
        title: 'Built "by hand": a test',
        description: "It's small.\nTwo lines.",
        canvas: size,
        models: ['tiny'],
      },
      ...{
        photos: { folder: '.' },
        perturbations: [{ attack: 'noise' }],
        release: { version: '1.0.0', date: '2026-01-01' },
      },
    }),
    provider: 'cpu',
    run: runOf('2026-01-01T00:00:00.000Z'),
    models: [
      {
        card: {
          ...{ id: 'tiny', title: 'Tiny', licence: 'MIT', source: { file: 'tiny.onnx' }, classes, labels: null },
          ...{ published: null, edge: true, preprocessing },
        },
        ...{ bytes, sha256, labels: LABELS },
      },
    ],
    perturbations,
    tables: [
      tableOf('transfer', transfer),
      tableOf(
        'predictions',
        ids.flatMap((id) => names.map((name, i) => predictionRow(id, name, i))),
      ),
      tableOf('perturbations', perturbations.map(perturbationRow)),
      tableOf(
        'dominance',
        perturbations.flatMap(({ record }) =>
          record.dominant[0].labels.map((label, i) => ({
            ...{ perturbation: record.id, target: 'tiny', rank: i + 1, before: 0, after: 1, noise: 0 },
            ...label,
          })),
        ),
      ),
    ],
    photos: names.map((file, i) => ({
      credit: {
        file,
        author: `Author ${i}`,
        licence: i % 2 ? 'CC-BY-SA-4.0' : 'CC0-1.0',
        source: `https://example.org/${i}`,
      },
      bytes: photo,
      canvas: perturbations[0].preview,
    })),
  };
}

/** When and where it could have been made. */
export const runOf = (created: string): ReleaseRun => ({
  ...{ schema: 1, created, commit: 'unknown' },
  machine: { platform: 'linux', architecture: 'x64', processor: 'a CPU', cores: 2, memory: 8e9, node: 'v24.0.0' },
  perturbations: [],
});

/** The first has what only labelled photos give, the second does not. */
const transferRow = (perturbation: string, i: number): Required<TransferRow> => ({
  ...{ perturbation, surrogate: i === 0 ? 'none' : 'tiny', target: 'tiny', attack: i === 0 ? 'noise' : 'cosine-uap' },
  ...{
    norm: 'inf',
    epsilon: 10,
    seed: 1 + i * 4_000_000_000,
    photos: 3,
    fooled: 1 + i,
    ratio: (1 + i) / 3,
    low: 0.1,
    high: 0.1 + 0.2,
  },
  ...{ noise: 1 / 3, noise_fooled: 1, noise_low: 1e-7, noise_high: 0.8 },
  ...(i === 0 ? { correct: 3, fooled_given_correct: 1 / 3 } : { correct: null, fooled_given_correct: null }),
  fooled_given_correct_low: i === 0 ? 0.1 : null,
  fooled_given_correct_high: i === 0 ? 0.7 : null,
  noise_given_correct: i === 0 ? 0 : null,
  noise_given_correct_low: i === 0 ? 0 : null,
  noise_given_correct_high: i === 0 ? 0.5 : null,
  labelled: i === 0 ? 3 : 0,
  tampered: i === 0 ? null : 1,
});

/** Rows by hand under the columns of the finding of that name. */
function tableOf(name: string, rows: ContentTable['rows']): ContentTable {
  const { title, columns } = findings.find((finding) => finding.name === name)!;
  return { name, title, columns: [...columns], says: null, rows };
}

const perturbationRow = ({ record }: ContentPerturbation) => ({
  ...{ perturbation: record.id, surrogate: record.surrogates[0]?.id ?? 'none', attack: record.attack },
  ...{ norm: record.norm, epsilon: record.epsilon, seed: record.seed, linf: record.linf, l2: record.l2 },
  ...{ psnr: record.psnr, ssim: record.ssim, gradients: record.gradients, crafting_photos: record.crafting.photos },
  crafting_ratio: record.fooling.crafting?.ratio ?? null,
  ...{ npy: `perturbations/${record.id}/perturbation.npy`, record: `perturbations/${record.id}/record.json` },
});

const predictionRow = (perturbation: string, photo: string, i: number) => ({
  ...{ perturbation, target: 'tiny', photo, clean: i % 4, clean_label: LABELS[i % 4], clean_probability: 0.1 + 0.2 },
  ...{ perturbed: 2, perturbed_label: LABELS[2], perturbed_probability: 1e-7, fooled: i % 4 !== 2 },
});
