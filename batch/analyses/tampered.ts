/**
 * Tampered: what hardened networks, which have the class "non-natural or tampered with" (docs/hardening.md), make of
 * evaluation photos: clean, with noise, and with perturbations, those that they learnt from and those that were held
 * out whole. The class is what the article proposes that found these perturbations: S.-M. Moosavi-Dezfooli, A. Fawzi,
 * O. Fawzi, P. Frossard, "Universal adversarial perturbations", CVPR 2017, arXiv 1610.08401.
 *
 * The plain network's answers are read off the hardened one: without its class it says what the plain one says.
 */
import { auroc, type OutlierScores, wilson } from '#shared/metrics';
import type { Alteration } from '../photos/index.ts';
import {
  type DerivedPerturbation,
  finding,
  type HardenedTarget,
  isPattern,
  type StudyJobs,
  type StudyPerturbation,
  surrogateOf,
} from './finding.ts';
import { plain, truthOf } from './grid.ts';
import { type Hardened, readHardened, spectraOf, spectrumScores } from './hardened.ts';
import { changedBy } from './measurement.ts';
import { readSpectra } from './outputs.ts';
import { craftedIn, learnableIn, platesFor } from './plates.ts';
import { type TamperedRow, tamperedColumns } from './tampered-columns.ts';
import { percent, sentence } from './words.ts';

/** Factors; 1 is the perturbation itself. */
const strengths = { light: [0.25, 0.5, 2], whole: [0.25, 0.5, 0.75, 1.5, 2] };

/** What may happen to a picture before the network sees it. */
const alterations: readonly Alteration[] = [
  ...[95, 75, 50].map((amount) => ({ kind: 'jpeg' as const, amount })),
  { kind: 'resize', amount: 0.75 },
  { kind: 'crop', amount: 0.875 },
];

/** What may happen to a photo that nobody has tampered with, from light to heavy; of a light study some of it. */
const everyday: Record<StudyJobs['effort'], readonly Alteration[]> = {
  light: [
    { kind: 'blur', amount: 1.5 },
    { kind: 'dark', amount: 0.5 },
    { kind: 'noise', amount: 8 },
    { kind: 'colours', amount: 16 },
    { kind: 'drawn', amount: 1 },
  ],
  whole: [
    ...[0.75, 1.5, 3].map((amount) => ({ kind: 'blur' as const, amount })),
    ...[0.75, 0.5, 0.25].map((amount) => ({ kind: 'dark' as const, amount })),
    ...[2, 4, 8, 16].map((amount) => ({ kind: 'noise' as const, amount })),
    ...[32, 16, 8, 4].map((amount) => ({ kind: 'colours' as const, amount })),
    ...[1, 2].map((amount) => ({ kind: 'drawn' as const, amount })),
  ],
};

/**
 * The perturbations that strengths and alterations are tried with: all; of a light study one, on its first hardened
 * network alone.
 */
function variedOf(study: StudyJobs, target: HardenedTarget) {
  if (study.effort === 'whole') return craftedIn(study);
  return target.id === study.hardened[0].id ? platesFor(study, target).slice(0, 1) : [];
}

const triedOn = (study: StudyJobs, target: HardenedTarget) => {
  const { perturbations } = study;
  const ids = new Set(perturbations.map(({ id }) => id));
  const noises = new Map(perturbations.map((one) => study.control(one)).map((noise) => [noise.id, noise]));
  const all = [...perturbations, ...[...noises.values()].filter(({ id }) => !ids.has(id))];
  const varied = variedOf(study, target);
  const itself = { variant: 'none', amount: null };
  const cleanOf = (by?: Alteration) => study.measured(target, null, by);
  return [
    { perturbation: null, ...itself, measured: cleanOf(), clean: cleanOf(), spectra: study.spectra(null) },
    ...(varied.length > 0 ? [...alterations, ...everyday[study.effort]] : []).map((by) => ({
      ...{ perturbation: null, variant: by.kind as string, amount: by.amount as number | null },
      ...{ measured: cleanOf(by), clean: cleanOf(by), spectra: null },
    })),
    ...all.map((one) => ({
      ...{ perturbation: plain(one), ...itself, measured: study.measured(target, one), clean: cleanOf() },
      spectra: spectraOf(study, target, one),
    })),
    ...varied.flatMap((one) => [
      ...strengths[study.effort].map((amount) => {
        const id = [one.id, 'scaled', amount].join('.');
        const scaled: DerivedPerturbation = { id, from: one, kind: 'scaled', amount, seed: one.seed };
        const measured = study.measured(target, scaled);
        return { perturbation: plain(one), variant: 'scaled', amount, measured, clean: cleanOf(), spectra: null };
      }),
      ...alterations.map((by) => ({
        ...{ perturbation: plain(one), variant: by.kind, amount: by.amount },
        ...{ measured: study.measured(target, one, by), clean: cleanOf(by), spectra: null },
      })),
    ]),
  ];
};

/** By what perturbations are told apart: which of a kind a network is hardened without. */
const kinds = {
  'attack left out': ({ attack }: StudyPerturbation) => attack,
  'network left out': (one: StudyPerturbation) => surrogateOf(one),
};

/** The network hardened without one attack, and without the perturbations of one network; in a whole study alone. */
function leavingOut(study: StudyJobs, target: HardenedTarget) {
  if (study.effort === 'light') return [];
  const crafted = learnableIn(study);
  return Object.entries(kinds).flatMap(([variant, kindOf]) => {
    const groups = [...Map.groupBy(crafted, kindOf)];
    return (groups.length > 1 ? groups : []).map(([left_out, own]) => {
      const others = crafted.filter((one) => !own.includes(one));
      const without = study.hardenedOn(target, `without.${left_out}`, others);
      const clean = study.measured(without, null);
      const tried = own.map((one) => ({
        ...{ perturbation: plain(one), variant, amount: null, clean, spectra: study.spectra(one) },
        measured: study.measured(without, one),
      }));
      const asTheyAre = {
        perturbation: null,
        variant,
        amount: null,
        measured: clean,
        clean,
        spectra: study.spectra(null),
      };
      return {
        left_out,
        learnt: others.map(({ id }) => id),
        hardened: study.hardening(without),
        clean,
        tried: [asTheyAre, ...tried],
      };
    });
  });
}

const needs = (study: StudyJobs) => ({
  evaluation: study.evaluation,
  classes: study.classes,
  networks: study.hardened.map((target) => ({
    ...{ id: target.id, network: target.network.id, wnids: target.network.wnids, spectra: study.spectra(null) },
    ways: [
      {
        ...{ left_out: null, learnt: target.learnt.map(({ id }) => id), hardened: study.hardening(target) },
        ...{ clean: study.measured(target, null), tried: triedOn(study, target) },
      },
      ...leavingOut(study, target),
    ],
  })),
});

/** What one hardened network makes of the same photos. */
export interface TamperedCell {
  /** As they are. */
  clean: Hardened;
  /** Clean ones that went the same way as those that are looked at: what they are told from. */
  beside: Hardened;
  seen: Hardened;
  /** Whether something was added to what is seen. */
  isPerturbed: boolean;
  /** True class of each photo, null where it is not known. */
  truth: readonly (number | null)[];
  /** Of the detectors beside it. */
  thresholds: OutlierScores;
  /** Scores of a regression on energies of the pictures, of clean ones and of what is seen; left out: not tried. */
  spectrum?: { beside: readonly number[]; seen: readonly number[]; threshold: number };
}

type Counts = Omit<TamperedRow, 'model' | 'network' | 'left_out' | keyof Tried>;
type Tried = Pick<TamperedRow, 'perturbation' | 'surrogate' | 'attack' | 'learnt' | 'variant' | 'amount'>;

export function tamperedCounts({
  clean,
  beside,
  seen,
  isPerturbed,
  truth,
  thresholds,
  spectrum,
}: TamperedCell): Counts {
  const { labels, detection } = seen;
  const photos = labels.length;
  const count = (is: (i: number) => boolean) => Array.from(labels, (_, i) => is(i)).filter(Boolean).length;
  const wins = changedBy(clean, seen);
  const isFlagged = (i: number) => labels[i] === detection.tampered;
  const [tampered, fooled] = [count(isFlagged), count((i) => wins[i])];
  const share = (of: number) => wilson(of, photos);
  const known = truth.filter((label) => label !== null).length;
  const ofKnown = (is: (i: number) => boolean) => (known > 0 ? count((i) => truth[i] !== null && is(i)) : null);
  const scored = (score: 'excess' | keyof OutlierScores) =>
    isPerturbed ? auroc(beside.detection[score], detection[score]) : null;
  const above = (score: keyof OutlierScores) => count((i) => detection[score][i] > thresholds[score]) / photos;
  const [ofTampered, ofFooled] = [share(tampered), share(fooled)];
  return {
    ...{ photos, kept: photos - tampered - fooled, tampered, fooled },
    ...{ tampered_ratio: ofTampered.ratio, tampered_low: ofTampered.low, tampered_high: ofTampered.high },
    ...{ fooled_ratio: ofFooled.ratio, fooled_low: ofFooled.low, fooled_high: ofFooled.high },
    plain_fooled: count((i) => detection.beneath[i] !== clean.detection.beneath[i]),
    right: ofKnown((i) => labels[i] === truth[i]),
    wrong: ofKnown((i) => labels[i] !== truth[i] && !isFlagged(i)),
    plain_right: ofKnown((i) => detection.beneath[i] === truth[i]),
    auroc: scored('excess'),
    ...{ softmax_auroc: scored('softmax'), softmax_ratio: above('softmax') },
    ...{ energy_auroc: scored('energy'), energy_ratio: above('energy') },
    spectrum_auroc: spectrum && isPerturbed ? auroc(spectrum.beside, spectrum.seen) : null,
    spectrum_ratio: spectrum ? spectrum.seen.filter((score) => score > spectrum.threshold).length / photos : null,
  };
}

export const tampered = finding({
  name: 'tampered',
  title: 'What hardened networks call tampered with, and what still fools them',
  source: import.meta.url,
  byDefault: false,
  columns: tamperedColumns,
  needs,
  async rows({ evaluation, classes, networks }) {
    const rows: TamperedRow[] = [];
    for (const { id, network, wnids, spectra, ways } of networks) {
      const truth = truthOf(evaluation.result.names, { wnids }, classes);
      for (const { left_out, learnt, hardened, clean, tried } of ways) {
        const before = await readHardened(clean);
        const { baselines, spectrum } = hardened.result;
        for (const { perturbation, variant, amount, ...outputs } of tried) {
          const scored = spectrum &&
            outputs.spectra && {
              beside: spectrumScores(spectrum, await readSpectra(spectra)),
              seen: spectrumScores(spectrum, await readSpectra(outputs.spectra)),
              threshold: spectrum.threshold,
            };
          const counts = tamperedCounts({
            clean: before,
            beside: await readHardened(outputs.clean),
            seen: await readHardened(outputs.measured),
            ...{
              isPerturbed: perturbation !== null,
              truth,
              thresholds: baselines,
              ...(scored && { spectrum: scored }),
            },
          });
          const added = {
            perturbation: perturbation?.id ?? 'none',
            surrogate: perturbation ? surrogateOf(perturbation) : 'none',
            attack: perturbation?.attack ?? 'none',
            learnt: perturbation && !isPattern(perturbation) ? learnt.includes(perturbation.id) : null,
          };
          rows.push({ model: id, network, ...added, variant, amount, left_out, ...counts });
        }
      }
    }
    return rows;
  },
  says(rows) {
    const said = [...Map.groupBy(rows, ({ model }) => model).values()].flatMap(partOf);
    return said.length > 0 ? sentence(said) : null;
  },
});

function partOf(rows: readonly TamperedRow[]): string[] {
  const asTheyAre = rows.filter(({ variant }) => variant === 'none');
  const clean = asTheyAre.find(({ perturbation }) => perturbation === 'none');
  const held = asTheyAre.filter(({ learnt }) => learnt === false);
  const some = held.length > 0 ? held : asTheyAre.filter(({ learnt }) => learnt === true);
  if (!clean || some.length === 0) return [];
  const share = (of: (row: TamperedRow) => number) =>
    percent(some.reduce((sum, row) => sum + of(row) / row.photos, 0) / some.length);
  const which = held.length > 0 ? 'that it did not learn from' : 'that it learnt from';
  return [
    `with perturbations ${which} ${clean.model} calls ${share((row) => row.tampered)} of photos tampered with and is fooled by ${share((row) => row.fooled)}, ${clean.network} by ${share((row) => row.plain_fooled)}; of clean photos it flags ${percent(clean.tampered_ratio)}`,
  ];
}
