/** What a model says of canvases, and what is said about that: logits, probabilities, rankings, shares, intervals. */
export { atLeast, pairedTest } from './binomial.ts';
export { type ControlSpread, type ControlSummary, summariseControls } from './controls.ts';
export { logitsOf } from './logits.ts';
export { argmax, labelOf, predictionsOf, softmax, topK } from './predictions.ts';
export { changedShare, meanShare, targetShare } from './shares.ts';
export { type Interval, wilson } from './wilson.ts';
