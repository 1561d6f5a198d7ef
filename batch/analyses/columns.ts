/** Columns that several tables have. */
import type { TableColumn } from '#shared/release';

export const common = {
  perturbation: { name: 'perturbation', type: 'STRING', description: 'Id of the perturbation' },
  predicts: { name: 'target', type: 'STRING', description: 'Model that predicts' },
  surrogate: {
    name: 'surrogate',
    type: 'STRING',
    description: 'Model it was crafted on; several joined by "+"; "none" for noise, "unknown" where others made it',
  },
  attack: { name: 'attack', type: 'STRING', description: 'Algorithm that crafted it; "given" where others made it' },
  norm: { name: 'norm', type: 'STRING', description: 'Norm of the bound: "inf" or "2"' },
  epsilon: { name: 'epsilon', type: 'DOUBLE', description: 'The bound, in units of 0..255' },
  seed: { name: 'seed', type: 'INT64', description: 'Seed of every random draw' },
  photos: { name: 'photos', type: 'INT32', description: 'Evaluation photos' },
} as const satisfies Record<string, TableColumn>;

/** The ends of a proportion's 95 % Wilson interval. */
export const interval = <Low extends string, High extends string>(low: Low, high: High) =>
  [
    { name: low, type: 'DOUBLE', description: 'Lower end of its 95 % Wilson interval' },
    { name: high, type: 'DOUBLE', description: 'Upper end of its 95 % Wilson interval' },
  ] as const;

/** The same, of one that is not always known. */
export function intervalWhereKnown<Low extends string, High extends string>(low: Low, high: High) {
  const [first, last] = interval(low, high);
  return [
    { ...first, nullable: true },
    { ...last, nullable: true },
  ] as const;
}
