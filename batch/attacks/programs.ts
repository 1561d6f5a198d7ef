import { differentiate, type Model, readModel, withCosine, withCrossEntropy, writeModel } from '#shared/graph';
import { sha256Hex } from '#shared/release';
import type { Program, Surrogate } from './types.ts';

/** A loss that can be written into a model's graph. */
export type Loss = { kind: 'cosine' } | { kind: 'cross-entropy'; clampAt: number };

// The last few gradient graphs of this process: seeds and settings of one surrogate follow each other, and each graph takes half a second to make.
const recent = new Map<string, Program>();
const kept = 4;

/** The gradient graph of a surrogate for a loss: outputs `logits`, `loss` [N] and `gradient` [N,3,S,S]. */
export function gradientProgram(surrogate: Surrogate, loss: Loss): Program {
  const name = `${surrogate.sha256} ${JSON.stringify(loss)}`;
  let program = recent.get(name);
  recent.delete(name);
  if (!program) {
    const prepared = readModel(surrogate.bytes);
    const bytes = writeModel(differentiate(compose(prepared, loss), { of: 'loss', wrt: 'canvas' }));
    program = { key: sha256Hex(bytes), bytes };
  }
  recent.set(name, program);
  if (recent.size > kept) recent.delete(recent.keys().next().value as string);
  return program;
}

function compose(prepared: Model, loss: Loss): Model {
  return loss.kind === 'cosine' ? withCosine(prepared) : withCrossEntropy(prepared, { clampAt: loss.clampAt });
}
