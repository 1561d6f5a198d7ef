/** A release: build its folder, verify it anywhere, upload it, point a bucket at it, fetch it back. */
export { type Built, buildRelease } from './build.ts';
export {
  assertNumberSays,
  type Changes,
  describeChanges,
  type Snapshot,
  snapshotOf,
} from './changes.ts';
export type { ContentModel, ContentPerturbation, ContentPhoto, ContentTable, ReleaseContent } from './content.ts';
export { type Promoted, promoteRelease, rollbackRelease } from './promote.ts';
export { type PrunePlan, planPrune, prune } from './prune.ts';
export { type Pulled, type PullOptions, pullRelease } from './pull.ts';
export { type Bucket, openBucket } from './s3.ts';
export { folderSource, latestOf, openSource, type ReleaseSource } from './source.ts';
export { type RenderedTable, renderTable } from './tables.ts';
export { type PlannedFile, type Published, publishRelease } from './upload.ts';
export { type Problem, readManifest, type Verification, verifyRelease } from './verify.ts';
