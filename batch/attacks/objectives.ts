/** What an attack goes down or up: losses that are written into a model's graph, and what each is fed. */
import {
  differentiate,
  type Layer,
  layersOf,
  type Model,
  readModel,
  withActivationEnergy,
  withActivationRatio,
  withCosine,
  withCotangent,
  withCrossEntropy,
  withMargin,
  writeModel,
} from '#shared/graph';
import { sha256Hex } from '#shared/release';
import type { Compute, Table } from '../compute/index.ts';
import type { Program, Side, Surrogate } from './types.ts';

export interface Inputs {
  tables?: Record<string, Table>;
  constants?: Record<string, Float32Array>;
}

export interface Objective {
  /** Tells two graphs of one model apart. */
  name: string;
  /** +1: v goes down the loss; -1: up. */
  direction: 1 | -1;
  compose(model: Model): Model;
  /** What the loss is fed for a surrogate; rows as in `Side.clean`. Left out: nothing but the canvas. */
  inputs?(side: Side): Inputs;
}

/** Cross-entropy: up, away from the label of the clean photo; towards a target, down. */
export const crossEntropy = ({ clampAt, target }: { clampAt?: number; target?: number }): Objective => ({
  name: `cross-entropy ${target === undefined ? clampAt : 'target'}`,
  direction: target === undefined ? -1 : 1,
  // Towards a target the loss is small where it has been reached, so there is nothing to clamp.
  compose: (model) => withCrossEntropy(model, target === undefined ? { clampAt } : {}),
  inputs: (side) => ({ tables: { labels: labelTable(side, target) } }),
});

/** How far the strongest other class is above the label of the clean photo: up; with a target as the label, down. */
export const margin = ({ clampAt, target }: { clampAt?: number; target?: number }): Objective => ({
  name: `margin ${target === undefined ? clampAt : 'target'}`,
  direction: target === undefined ? -1 : 1,
  compose: (model) => withMargin(model, target === undefined ? { clampAt } : {}),
  inputs: (side) => ({ tables: { labels: labelTable(side, target) } }),
});

/**
 * Cosine with the clean logits, both less a share of their mean over the clean photos: down; with the axis of a target
 * class: up. The share may depend on the surrogate.
 */
export const cosine = (of: { centred: (side: Side) => number; target?: number }): Objective => ({
  name: 'cosine',
  direction: of.target === undefined ? 1 : -1,
  compose: withCosine,
  inputs(side) {
    const { clean, classes } = side;
    const share = of.centred(side);
    const centre = meanRow(clean, classes).map((value) => share * value);
    if (of.target === undefined)
      return { tables: { reference: { data: clean, width: classes } }, constants: { centre } };
    // The reference less the centre is the axis of the target.
    const axis = Float32Array.from(centre, (value, k) => value + Number(k === of.target));
    return { tables: { reference: everyRow(axis, clean.length / classes) }, constants: { centre } };
  },
});

/** Which layers a loss looks at: the first `share` of them. */
function layers(model: Model, share: number, of: keyof Layer): string[] {
  const all = layersOf(model);
  return all.slice(0, Math.max(1, Math.round(share * all.length))).map((layer) => layer[of]);
}

export const activationEnergy = ({ depth }: { depth: number }): Objective => ({
  name: `energy ${depth}`,
  direction: 1,
  compose: (model) => withActivationEnergy(model, layers(model, depth, 'activated')),
});

export const activationRatio = ({ depth }: { depth: number }): Objective => ({
  name: `ratio ${depth}`,
  direction: 1,
  compose: (model) => withActivationRatio(model, layers(model, depth, 'linear')),
});

/** For `Compute.classGradients`. */
export const weightedLogits: Objective = { name: 'cotangent', direction: 1, compose: withCotangent };

// The last few gradient graphs of this process: seeds and settings of one surrogate follow each other, and each graph
// takes half a second to make.
const recent = new Map<string, Program>();
const kept = 4;

/** The gradient graph of a surrogate for an objective: outputs `logits`, `loss` [N] and `gradient` [N,3,S,S]. */
export function gradientProgram(
  surrogate: Surrogate,
  { name, compose }: Pick<Objective, 'name' | 'compose'>,
  profile: Compute['profile'] = 'cpu',
): Program {
  const key = `${surrogate.sha256} ${name} ${profile}`;
  const program =
    recent.get(key) ??
    programOf(differentiate(compose(readModel(surrogate.bytes)), { of: 'loss', wrt: 'canvas', profile }));
  recent.delete(key);
  recent.set(key, program);
  if (recent.size > kept) recent.delete(recent.keys().next().value as string);
  return program;
}

export function programOf(model: Model): Program {
  const bytes = writeModel(model);
  return { key: sha256Hex(bytes), bytes };
}

function labelTable({ labels }: Side, target: number | undefined): Table {
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
