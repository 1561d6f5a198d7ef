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
  surrogateOf,
} from './finding.ts';
import { plain, truthOf } from './grid.ts';
import { changedBy, type Detection, type Measurement } from './measurement.ts';
import { readMeasurement } from './outputs.ts';
import { craftedIn, platesFor } from './plates.ts';
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
    { perturbation: null, ...itself, measured: cleanOf(), clean: cleanOf() },
    ...(varied.length > 0 ? alterations : []).map((by) => ({
      ...{ perturbation: null, variant: by.kind as string, amount: by.amount as number | null },
      ...{ measured: cleanOf(by), clean: cleanOf(by) },
    })),
    ...all.map((one) => ({
      ...{ perturbation: plain(one), ...itself, measured: study.measured(target, one), clean: cleanOf() },
    })),
    ...varied.flatMap((one) => [
      ...strengths[study.effort].map((amount) => {
        const id = [one.id, 'scaled', amount].join('.');
        const scaled: DerivedPerturbation = { id, from: one, kind: 'scaled', amount, seed: one.seed };
        const measured = study.measured(target, scaled);
        return { perturbation: plain(one), variant: 'scaled', amount, measured, clean: cleanOf() };
      }),
      ...alterations.map((by) => ({
        ...{ perturbation: plain(one), variant: by.kind, amount: by.amount },
        ...{ measured: study.measured(target, one, by), clean: cleanOf(by) },
      })),
    ]),
  ];
};

const needs = (study: StudyJobs) => ({
  evaluation: study.evaluation,
  classes: study.classes,
  networks: study.hardened.map((target) => ({
    ...{ id: target.id, network: target.network.id, wnids: target.network.wnids },
    learnt: target.learnt.map(({ id }) => id),
    hardened: study.hardening(target),
    clean: study.measured(target, null),
    tried: triedOn(study, target),
  })),
});

type Hardened = Measurement & { detection: Detection };

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
}

type Counts = Omit<TamperedRow, 'model' | 'network' | keyof Tried>;
type Tried = Pick<TamperedRow, 'perturbation' | 'surrogate' | 'attack' | 'learnt' | 'variant' | 'amount'>;

export function tamperedCounts({ clean, beside, seen, isPerturbed, truth, thresholds }: TamperedCell): Counts {
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
    for (const { id, network, wnids, learnt, hardened, clean, tried } of networks) {
      const truth = truthOf(evaluation.result.names, { wnids }, classes);
      const before = (await readMeasurement(clean)) as Hardened;
      for (const { perturbation, variant, amount, ...outputs } of tried) {
        const counts = tamperedCounts({
          clean: before,
          beside: (await readMeasurement(outputs.clean)) as Hardened,
          seen: (await readMeasurement(outputs.measured)) as Hardened,
          ...{ isPerturbed: perturbation !== null, truth, thresholds: hardened.result.baselines },
        });
        const added = {
          perturbation: perturbation?.id ?? 'none',
          surrogate: perturbation ? surrogateOf(perturbation) : 'none',
          attack: perturbation?.attack ?? 'none',
          learnt: perturbation && !isPattern(perturbation) ? learnt.includes(perturbation.id) : null,
        };
        rows.push({ model: id, network, ...added, variant, amount, ...counts });
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
