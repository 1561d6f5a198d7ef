/** What detectors make of pictures that they have not seen. */
import {
  conformalThreshold,
  energiesOf,
  type FittedDetector,
  fitDetector,
  type Sample,
  scoreOf,
} from '../../batch/harden/index.ts';
import { argmax, auroc, outlierScores } from '../../shared/metrics/index.ts';
import { everyday, type Measured, type Shown } from './pictures.ts';

export interface Figures {
  auroc: number;
  /** Of perturbed pictures, and of clean ones, the share above the threshold. */
  caught: number;
  falseAlarms: number;
}

export interface Row {
  attack: string;
  perturbations: number;
  own: Figures;
  /** The class on pictures that were saved as JPEG; all other figures are of pictures as they are. */
  saved: Figures;
  softmax: Figures;
  energy: Figures;
  dct: Figures;
  /** Of perturbed pictures: the network gives another label than to the clean one; and the class does not win. */
  fooled: number;
  missed: number;
  /** Of clean pictures whose class is known: the network is right; and right still with the class. */
  accuracy: number;
  kept: number;
  /** Share of clean evaluation photos that are flagged, by what happened to them. */
  alarms: Record<string, number>;
}

export interface LeftOut {
  attack: string;
  /** Perturbations that are left out and tried; none: nothing is left out, and all are tried. */
  own: readonly number[];
  /** Neither learnt from nor tried. */
  ignored: readonly number[];
  rate: number;
  /** The class of each evaluation photo, or -1. */
  truth: readonly number[];
}

/**
 * A detector that has never seen the perturbations `own`, tried on them; on all of them where none is left out.
 */
export async function leftOut(shown: Shown, { attack, own, ignored, rate, truth }: LeftOut): Promise<Row> {
  const { crafting, evaluation } = shown;
  const rows = crafting.samples.flatMap(({ tampered }, row) =>
    tampered && [...own, ...ignored].includes(tampered.perturbation) ? [] : [row],
  );
  const common = { samples: crafting.samples, rows, foldOf: crafting.foldOf, rate };
  const fitted = async (statistics: Float32Array, features: number) => {
    const detector = await fitDetector({ ...common, statistics, features });
    if (!detector) throw new Error(`There are too few crafting photos for a rate of ${rate}.`);
    return detector;
  };
  const detector = await fitted(crafting.statistics, crafting.features);
  const dctDetector = await fitted(crafting.spectra, energiesOf);

  const isTried = (index: number) => (own.length === 0 ? !ignored.includes(index) : own.includes(index));
  const tried = (isSaved: boolean) => {
    const rows = evaluation.samples.flatMap((sample, row) => {
      return (sample.quality !== null) === isSaved ? [{ ...sample, row }] : [];
    });
    const clean = rows.filter(({ tampered, change }) => !tampered && change === 'none');
    const bad = rows.filter(({ tampered }) => tampered && isTried(tampered.perturbation));
    return { clean, bad };
  };
  const { clean, bad } = tried(false);
  const figures = (score: (row: number) => number, threshold: number, of = { clean, bad }): Figures => {
    const [below, above] = [of.clean, of.bad].map((some) => some.map(({ row }) => score(row)));
    const share = (scores: number[]) => scores.filter((value) => value > threshold).length / scores.length;
    return { auroc: auroc(below, above), caught: share(above), falseAlarms: share(below) };
  };
  const byLogits = (score: (measured: Measured, row: number) => number): Figures => {
    const calibrating = crafting.samples.flatMap(({ calibrates }, row) => (calibrates ? [score(crafting, row)] : []));
    const threshold = conformalThreshold(calibrating, rate)?.threshold ?? Number.POSITIVE_INFINITY;
    return figures((row) => score(evaluation, row), threshold);
  };
  const ownScore = (row: number) => scoreOf(detector, evaluation.statistics, row * evaluation.features);

  const labels = evaluation.samples.map((_, row) => labelOf(evaluation, row));
  const before = new Map(clean.map(({ source, row }) => [source, labels[row]]));
  const flagged = (row: number) => ownScore(row) > detector.threshold;
  const fooled = bad.filter(({ source, row }) => labels[row] !== before.get(source));
  const known = clean.filter(({ source }) => truth[source] >= 0);
  const right = known.filter(({ source, row }) => labels[row] === truth[source]);
  return {
    attack,
    perturbations: bad.length / clean.length,
    own: figures(ownScore, detector.threshold),
    saved: figures(ownScore, detector.threshold, tried(true)),
    softmax: byLogits((measured, row) => outlierScores(rowOf(measured, row)).softmax),
    energy: byLogits((measured, row) => outlierScores(rowOf(measured, row)).energy),
    dct: figures((row) => scoreOf(dctDetector, evaluation.spectra, energiesOf * row), dctDetector.threshold),
    fooled: fooled.length / bad.length,
    missed: fooled.filter(({ row }) => !flagged(row)).length / bad.length,
    accuracy: right.length / known.length,
    kept: right.filter(({ row }) => !flagged(row)).length / known.length,
    alarms: alarmsOf(shown, detector),
  };
}

/** Means of the columns. */
export function mean(rows: readonly Row[]): Row {
  const over = (value: (row: Row) => number) => rows.reduce((sum, row) => sum + value(row), 0) / rows.length;
  const figures = (which: 'own' | 'saved' | 'softmax' | 'energy' | 'dct'): Figures => ({
    auroc: over((row) => row[which].auroc),
    caught: over((row) => row[which].caught),
    falseAlarms: over((row) => row[which].falseAlarms),
  });
  return {
    ...rows[0],
    attack: 'mean',
    perturbations: rows.reduce((sum, row) => sum + row.perturbations, 0),
    ...{
      own: figures('own'),
      saved: figures('saved'),
      softmax: figures('softmax'),
      energy: figures('energy'),
      dct: figures('dct'),
    },
    ...{ fooled: over((row) => row.fooled), missed: over((row) => row.missed) },
    ...{ accuracy: over((row) => row.accuracy), kept: over((row) => row.kept) },
  };
}

/** The share of clean evaluation photos that a detector flags, as they are, saved as JPEG and in everyday changes. */
function alarmsOf({ evaluation }: Shown, detector: FittedDetector): Record<string, number> {
  const changeOf = ({ change, quality }: Sample) => (quality === null ? change : 'JPEG');
  const share = (change: string) => {
    const scores = evaluation.samples.flatMap((sample, row) =>
      !sample.tampered && changeOf(sample) === change
        ? [scoreOf(detector, evaluation.statistics, row * evaluation.features)]
        : [],
    );
    return scores.filter((score) => score > detector.threshold).length / scores.length;
  };
  return Object.fromEntries(['none', 'JPEG', ...everyday].map((change) => [change, share(change)]));
}

const labelOf = ({ logits, classes }: Measured, row: number) => argmax(logits, row * classes, classes);

const rowOf = ({ logits, classes }: Measured, row: number) => logits.subarray(row * classes, (row + 1) * classes);
