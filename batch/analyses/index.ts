/** Findings: what models say of photos with and without a perturbation, and what follows from it. */
export { noiseControl } from '../attacks/index.ts';
export { dominantLabels } from './dominance.ts';
export { foolingShare, type Measurement, type MeasureTask, measure } from './measure.ts';
export { type TransferCell, transferRow } from './transfer.ts';
