/**
 * Roc: how many perturbed photos hardened networks call tampered with (docs/hardening.md), against how many clean ones,
 * at thresholds from the strictest to the loosest; beside the class detectors that look at the plain network's logits,
 * or at the picture's frequencies. The threshold that a network has is one point of its curve.
 */
import { rocPoints } from '#shared/metrics';
import type { Output } from '../jobs/index.ts';
import { finding, type StudyJobs } from './finding.ts';
import { hardenedColumns, readHardened, spectraOf, spectrumScores } from './hardened.ts';
import { type HardenedResult, type MeasuredResult, readSpectra, type SpectraResult } from './outputs.ts';
import { craftedIn, isHeldOut } from './plates.ts';
import { percent, sentence } from './words.ts';

/** What a picture is judged by: the score of the class, and those of the detectors beside it. */
const methods = ['class', 'softmax', 'energy', 'spectrum'] as const;
type Method = (typeof methods)[number];

/** Of photos by each method; none by one that was not tried. */
export type Scores = Record<Method, ArrayLike<number> | null>;

export interface RocRow {
  model: string;
  network: string;
  source: string;
  learnt: boolean;
  method: string;
  photos: number;
  clean: number;
  false_alarms: number;
  detected: number;
}

const all = (learnt: boolean) => (learnt ? 'all learnt' : 'all held out');

const needs = (study: StudyJobs) => ({
  networks: study.hardened.map((target) => ({
    ...{ id: target.id, network: target.network.id, hardened: study.hardening(target) },
    clean: { measured: study.measured(target, null), spectra: study.spectra(null) },
    tried: craftedIn(study).map((one) => ({
      ...{ id: one.id, learnt: !isHeldOut(target, one) },
      ...{ measured: study.measured(target, one), spectra: spectraOf(study, target, one) },
    })),
  })),
});

/** A perturbation as one hardened network sees it. */
export interface RocSource {
  id: string;
  learnt: boolean;
  scores: Scores;
}

/** Curves of all perturbations of a kind together, and of each that was held out; none of a kind that is not there. */
export function rocRows(clean: Scores, tried: readonly RocSource[]): Omit<RocRow, 'model' | 'network'>[] {
  const curves = [false, true].flatMap((learnt) => {
    const some = tried.filter((one) => one.learnt === learnt);
    return [
      ...(some.length > 0 ? [{ source: all(learnt), learnt, of: some }] : []),
      ...(learnt ? [] : some.map((one) => ({ source: one.id, learnt, of: [one] }))),
    ];
  });
  return curves.flatMap(({ of, ...curve }) =>
    methods.flatMap((method) => {
      const [negatives, positives] = [clean[method], of.map(({ scores }) => scores[method])];
      if (!negatives || positives.includes(null)) return [];
      const seen = positives.flatMap((some) => Array.from(some as ArrayLike<number>));
      const counts = { photos: seen.length, clean: negatives.length };
      return rocPoints(negatives, seen).map(({ falseAlarms, detected }) => {
        return { ...curve, method, ...counts, false_alarms: falseAlarms, detected };
      });
    }),
  );
}

interface Seen {
  measured: Output<MeasuredResult>;
  spectra: Output<SpectraResult> | null;
}

async function scoresOf({ measured, spectra }: Seen, { spectrum }: HardenedResult): Promise<Scores> {
  const { detection } = await readHardened(measured);
  const { excess, softmax, energy } = detection;
  const read = spectrum && spectra ? spectrumScores(spectrum, await readSpectra(spectra)) : null;
  return { class: excess, softmax, energy, spectrum: read };
}

export const roc = finding({
  name: 'roc',
  title: 'What hardened networks catch, against how many clean photos they flag',
  source: import.meta.url,
  byDefault: false,
  columns: [
    ...hardenedColumns,
    {
      name: 'source',
      type: 'STRING',
      description:
        'Id of a perturbation that was held out whole; "all held out": those together; "all learnt": those that it learnt from',
    },
    { name: 'learnt', type: 'BOOLEAN', description: 'Whether the class learnt from it; false: held out whole' },
    {
      name: 'method',
      type: 'STRING',
      description:
        '"class": the score of the class; "softmax": 1 less the plain network\'s largest probability; "energy": -log(sum exp) of its logits; "spectrum": a regression on the picture\'s block-DCT energies, of what was held out',
    },
    {
      name: 'photos',
      type: 'INT32',
      description: 'Perturbed evaluation photos, of each perturbation one of each photo',
    },
    { name: 'clean', type: 'INT32', description: 'Clean evaluation photos' },
    { name: 'false_alarms', type: 'DOUBLE', description: 'Share of clean photos whose score exceeds the threshold' },
    { name: 'detected', type: 'DOUBLE', description: 'Share of perturbed photos whose score exceeds it' },
  ],
  needs,
  async rows({ networks }) {
    const rows: RocRow[] = [];
    for (const { id, network, hardened, clean, tried } of networks) {
      const sources: RocSource[] = [];
      for (const { id: source, learnt, ...seen } of tried)
        sources.push({ id: source, learnt, scores: await scoresOf(seen, hardened.result) });
      const curves = rocRows(await scoresOf(clean, hardened.result), sources);
      rows.push(...curves.map((row) => ({ model: id, network, ...row })));
    }
    return rows;
  },
  says(rows) {
    const said = [...Map.groupBy(rows, ({ model }) => model)].flatMap(([model, own]) => {
      const source = [all(false), all(true)].find((one) => own.some((row) => row.source === one));
      const caught = (method: Method) => bestOf(own.filter((row) => row.source === source && row.method === method));
      if (source === undefined) return [];
      const which = source === all(false) ? 'that it did not learn from' : 'that it learnt from';
      return [
        `with at most ${percent(few)} of clean photos flagged, ${model} catches ${percent(caught('class'))} of photos with perturbations ${which}, the largest probability ${percent(caught('softmax'))}, the energy ${percent(caught('energy'))}`,
      ];
    });
    return said.length > 0 ? sentence(said) : null;
  },
});

/** Of clean photos: as many as a reader may put up with. */
const few = 0.05;

const bestOf = (curve: readonly Pick<RocRow, 'false_alarms' | 'detected'>[]) =>
  Math.max(0, ...curve.flatMap((row) => (row.false_alarms <= few ? [row.detected] : [])));
