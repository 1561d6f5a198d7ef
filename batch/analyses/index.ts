/** Findings: what models say of photos with and without a perturbation, and what follows from it. */
export { controls } from './controls.ts';
export { type DominanceRow, dominance } from './dominance.ts';
export {
  type Control,
  type DerivedPerturbation,
  type Finding,
  type FindingResult,
  findingJob,
  type HardenedTarget,
  isPattern,
  readRows,
  type StudyJobs,
  type StudyPerturbation,
  type Swept,
  type TableRow,
  type Target,
} from './finding.ts';
export { findFindings, findings } from './findings.ts';
export { type MeasureTask, measure } from './measure.ts';
export { changedBy, foolingOf, type Measurement, tamperedIn } from './measurement.ts';
export {
  type CraftedResult,
  craftedResult,
  type DistortionResult,
  distortionResult,
  type HardenedResult,
  hardenedResult,
  type LookedResult,
  lookedResult,
  type MeasuredResult,
  measuredResult,
  measurementFiles,
  type PerturbationResult,
  type PhotosResult,
  type PreparedResult,
  perturbationResult,
  photosResult,
  preparedResult,
  readCanvases,
  readGrowth,
  readLooked,
  readMeasurement,
  readPerturbation,
  readPrepared,
  type SpectraResult,
  spectraResult,
} from './outputs.ts';
export {
  type ComparedResult,
  comparedResult,
  type LabelledResult,
  labelledResult,
  type NormalsResult,
  normalsResult,
  type Probes,
  readDirections,
  type SpannedOptions,
  type SpannedResult,
  someOf,
  spannedResult,
  type ThresholdsResult,
  thresholdKinds,
  thresholdsResult,
} from './probes.ts';
export { singular, singularValues } from './singular.ts';
export { type ShowcaseResult, type SweptResult, type SweptRow, sweptResult } from './swept.ts';
export { transfer } from './transfer.ts';
