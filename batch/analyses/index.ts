/** Findings: what models say of photos with and without a perturbation, and what follows from it. */
export { controls } from './controls.ts';
export { type DominanceRow, dominance } from './dominance.ts';
export {
  type Control,
  type DerivedPerturbation,
  type Finding,
  type FindingResult,
  findingJob,
  isPattern,
  readRows,
  type StudyJobs,
  type StudyPerturbation,
  type Swept,
  type TableRow,
  type Target,
} from './finding.ts';
export { findFindings, findings } from './findings.ts';
export { type Measurement, type MeasureTask, measure } from './measure.ts';
export {
  type CraftedResult,
  craftedResult,
  type DistortionResult,
  distortionResult,
  type MeasuredResult,
  measuredResult,
  type PerturbationResult,
  type PhotosResult,
  type PreparedResult,
  perturbationResult,
  photosResult,
  preparedResult,
  readCanvases,
  readMeasurement,
  readPerturbation,
  readPrepared,
} from './outputs.ts';
export { type ShowcaseResult, type SweptResult, type SweptRow, sweptResult } from './swept.ts';
export { transfer } from './transfer.ts';
