/** What the findings on hardened networks have in common. */
import type { Output } from '../jobs/index.ts';
import type { HardenedTarget, StudyJobs, StudyPerturbation } from './finding.ts';
import type { Detection, Measurement } from './measurement.ts';
import { type HardenedResult, type MeasuredResult, readMeasurement } from './outputs.ts';
import { isHeldOut } from './plates.ts';

/** What a hardened network says of some photos. */
export type Hardened = Measurement & { detection: Detection };

/** @param output of a hardened network */
export const readHardened = async (output: Output<MeasuredResult>): Promise<Hardened> =>
  (await readMeasurement(output)) as Hardened;

/** Which network a row is about. */
export const hardenedColumns = [
  { name: 'model', type: 'STRING', description: 'The hardened network' },
  { name: 'network', type: 'STRING', description: 'The plain network that it was made from' },
] as const;

/**
 * The energies of photos with a perturbation. They take longer than the rest: in a light study they are of what was
 * held out alone, and null for others.
 */
export const spectraOf = (study: StudyJobs, target: HardenedTarget, one: StudyPerturbation) =>
  study.effort === 'whole' || isHeldOut(target, one) ? study.spectra(one) : null;

/** Scores of a regression on [photos, F]: above its threshold is tampered with. */
export function spectrumScores(
  { weights, bias }: NonNullable<HardenedResult['spectrum']>,
  spectra: Float32Array,
): number[] {
  return Array.from({ length: spectra.length / weights.length }, (_, photo) =>
    weights.reduce((sum, weight, i) => sum + weight * spectra[photo * weights.length + i], bias),
  );
}
