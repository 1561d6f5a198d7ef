/** What a model says of canvases, and what is said about that: logits, probabilities, rankings, intervals. */
export { logitsOf } from './logits.ts';
export { argmax, predictionsOf, softmax, topK } from './predictions.ts';
export { type Interval, wilson } from './wilson.ts';
