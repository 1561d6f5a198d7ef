/** What a model says of canvases, and what is said about that: logits, probabilities, rankings, shares, intervals. */

export { auroc } from './auroc.ts';
export { type ControlSpread, type ControlSummary, summariseControls } from './controls.ts';
export { imageNetGroups } from './imagenet-groups.ts';
export { logitsOf } from './logits.ts';
export { type OutlierScores, outlierScores } from './outliers.ts';
export { atLeast, pairedTest } from './paired.ts';
export { argmax, labelOf, predictionsOf, softmax, topK } from './predictions.ts';
export { type RocPoint, rocPoints } from './roc.ts';
export { changedShare, isFooled, meanShare, targetShare } from './shares.ts';
export { entropy, holm, meanAndDeviation, overlap, rankCorrelation } from './statistics.ts';
export { type Interval, wilson } from './wilson.ts';
