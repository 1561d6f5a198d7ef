/** Which perturbation is on a picture, how strong and where: matched filters, with the chance of a false alarm. */
export { Lineup, type Match, NAMED_BELOW, REACH } from './lineup.ts';
export { type Pattern, patternOf } from './search.ts';
