/** What is said about predictions: intervals, probabilities, rankings. */
export { argmax, softmax, topK } from './predictions.ts';
export { changedShare, targetShare } from './shares.ts';
export { type Interval, wilson } from './wilson.ts';
