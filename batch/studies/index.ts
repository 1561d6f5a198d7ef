/** Studies: from a study file to a plan of jobs, and running it to a release. */
export { type DryRun, dryRun, type PlannedJob } from './dry-run.ts';
export { hardenedOf } from './hardened.ts';
export { type LoadedStudy, loadStudy } from './load.ts';
export { findPhotos, type PhotoFiles } from './photos.ts';
export { plan, sourcesOf } from './plan.ts';
export { rememberProvider, settledProvider } from './provider.ts';
export {
  folderOf,
  type RunOptions,
  resultOf,
  runFindings,
  runStudy,
  type Said,
  type StudyEvent,
  type StudyOptions,
  type StudyResult,
} from './run.ts';
export { tellPhotos } from './tell-photos.ts';
