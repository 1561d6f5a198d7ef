/** What an attack goes down or up: a loss, its direction, and what it is fed. */
import type { Table } from '#shared/compute';
import type { Loss, LossParameters } from './losses.ts';
import type { SurrogateView } from './types.ts';

interface Inputs {
  tables?: Record<string, Table>;
  constants?: Record<string, Float32Array>;
}

export interface Objective {
  loss: Loss;
  /** The same on a hardened surrogate, where it is another there. */
  onHardened?: Loss;
  /** +1: v goes down the loss; -1: up. */
  direction: 1 | -1;
  /** What the loss is fed for a surrogate; rows as in `SurrogateView.clean`. Left out: nothing but the canvas. */
  inputs?(view: SurrogateView): Inputs;
}

/** Cross-entropy: up, away from the label of the clean photo; towards a target, down. */
export const crossEntropy = ({ clampAt, target }: { clampAt?: number; target?: number }): Objective => ({
  // Towards a target the loss is small where it has been reached, so there is nothing to clamp.
  loss: { kind: 'cross-entropy', parameters: target === undefined ? { clampAt } : {} },
  direction: target === undefined ? -1 : 1,
  inputs: (view) => ({ tables: { labels: labelTable(view, target) } }),
});

/** How far the strongest other class is above the label of the clean photo: up; with a target as the label, down. */
export const margin = ({ clampAt, target }: { clampAt?: number; target?: number }): Objective => ({
  loss: { kind: 'margin', parameters: target === undefined ? { clampAt } : {} },
  direction: target === undefined ? -1 : 1,
  inputs: (view) => ({ tables: { labels: labelTable(view, target) } }),
});

/** What `evade` is where an attack is not told: about the slope of the cosine, on crafting photos. */
export const usualEvade = 0.1;

/**
 * Cosine with the clean logits, both less a share of their mean over the clean photos: down; with the axis of a target
 * class: up. The share may depend on the surrogate. On a hardened surrogate the class "tampered with" has no part in
 * it, and `evade` times how far that class is in front goes down as well.
 */
export const cosine = ({
  evade = usualEvade,
  ...options
}: {
  centred: (view: SurrogateView) => number;
  target?: number;
  evade?: number;
}): Objective => ({
  loss: { kind: 'cosine', parameters: {} },
  onHardened: { kind: 'cosine', parameters: { evade: options.target === undefined ? evade : -evade } },
  direction: options.target === undefined ? 1 : -1,
  inputs(view) {
    const { clean, classes } = view;
    const share = options.centred(view);
    const centre = meanRow(clean, classes).map((value) => share * value);
    if (options.target === undefined)
      return { tables: { reference: { data: clean, width: classes } }, constants: { centre } };
    // The reference less the centre is the axis of the target.
    const axis = Float32Array.from(centre, (value, k) => value + Number(k === options.target));
    return { tables: { reference: everyRow(axis, clean.length / classes) }, constants: { centre } };
  },
});

/** The activations of the first `depth` of the layers; `of` as in `LossParameters`. */
export const activationEnergy = ({ depth, of }: LossParameters['activation energy']): Objective => ({
  loss: { kind: 'activation energy', parameters: of === undefined ? { depth } : { depth, of } },
  direction: 1,
});

/** Positive over negative outputs of the first `depth` of the layers; the rest as in `LossParameters`. */
export const activationRatio = (parameters: LossParameters['activation ratio']): Objective => ({
  loss: { kind: 'activation ratio', parameters },
  direction: 1,
});

function labelTable({ labels }: SurrogateView, target: number | undefined): Table {
  return { data: target === undefined ? labels : labels.map(() => target), width: 1 };
}

function everyRow(row: Float32Array, rows: number): Table {
  const data = new Float32Array(row.length * rows);
  for (let i = 0; i < rows; i++) data.set(row, i * row.length);
  return { data, width: row.length };
}

function meanRow(rows: Float32Array, width: number): Float32Array {
  const sum = new Float64Array(width);
  for (let i = 0; i < rows.length; i++) sum[i % width] += rows[i];
  return Float32Array.from(sum, (value) => (value * width) / rows.length);
}
