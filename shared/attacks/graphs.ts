/**
 * What crafting makes of the graphs of its surrogates, and asks of them: from plain data to plain data, so that whoever
 * crafts on models from strangers can have it done in a place that is ended at any moment.
 */
import type { Compute, Program } from '#shared/compute';
import {
  differentiate,
  keepsBatchApart,
  type Model,
  readModel,
  whereImagesMix,
  withCotangent,
  writeModel,
} from '#shared/graph';
import { canonicalJson, sha256Hex } from '#shared/release';
import { upToLayer } from './layer.ts';
import { type Loss, withLoss } from './losses.ts';
import { mergeModels } from './merge.ts';

/** A prepared graph, and what its model is called. */
export interface Graph {
  id: string;
  bytes: Uint8Array;
}

type Profile = Compute['profile'];

const gradientOf = (model: Model, profile: Profile): Uint8Array =>
  writeModel(differentiate(model, { of: 'loss', wrt: 'canvas', profile }));

export const surrogateWork = {
  /** The gradient graph of a loss: outputs `logits`, `loss` [N] and `gradient` [N,3,S,S]. */
  gradient: ({ bytes }: Graph, loss: Loss, profile: Profile): Uint8Array =>
    gradientOf(withLoss(readModel(bytes), loss), profile),
  /** A model whose logits are the flattened outputs of a layer, and the gradient graph of their sums. */
  layer({ bytes }: Graph, depth: number, profile: Profile): { forward: Uint8Array; backward: Uint8Array } {
    const hidden = upToLayer(readModel(bytes), depth);
    return { forward: writeModel(hidden), backward: gradientOf(withCotangent(hidden), profile) };
  },
  /** Models of the same classes as one whose logits are the mean of theirs. @throws UsageError as `mergeModels` */
  mean: (_all: { id: string }, models: Uint8Array[]): Uint8Array =>
    writeModel(mergeModels(models.map((bytes) => readModel(bytes)))),
  /** Where photos of a batch influence each other, in words, and whether several cotangents can go through at once. */
  batch({ bytes }: Graph): { mixing: string | null; isApart: boolean } {
    const model = readModel(bytes);
    return { mixing: whereImagesMix(model)?.message ?? null, isApart: keepsBatchApart(model) };
  },
};

type Work = typeof surrogateWork;

/** Where the work is done. A call fails with what the work throws, and with whatever ends it. */
export type Graphs = { [Name in keyof Work]: (...args: Parameters<Work[Name]>) => Promise<ReturnType<Work[Name]>> };

/** Done where it is asked for. */
export const here: Graphs = {
  gradient: async (...args) => surrogateWork.gradient(...args),
  layer: async (...args) => surrogateWork.layer(...args),
  mean: async (...args) => surrogateWork.mean(...args),
  batch: async (...args) => surrogateWork.batch(...args),
};

export const programOf = (bytes: Uint8Array): Program => ({ key: sha256Hex(bytes), bytes });

// The last few gradient graphs of this process: seeds and settings of one surrogate follow each other, and each graph
// takes half a second to make.
const recent = new Map<string, Program>();
const kept = 4;

/** The gradient graph of a surrogate for a loss: outputs `logits`, `loss` [N] and `gradient` [N,3,S,S]. */
export async function gradientProgram(
  { id, bytes, sha256 }: Graph & { sha256: string },
  loss: Loss,
  profile: Profile = 'cpu',
  graphs: Graphs = here,
): Promise<Program> {
  const key = canonicalJson({ model: sha256, loss, profile });
  const program = recent.get(key) ?? programOf(await graphs.gradient({ id, bytes }, loss, profile));
  recent.delete(key);
  recent.set(key, program);
  if (recent.size > kept) recent.delete(recent.keys().next().value as string);
  return program;
}

/** Asked again for every seed and setting, and a few bytes for each surrogate. */
const asked = new Map<string, ReturnType<Work['batch']>>();

/** What a surrogate does with the photos of a batch. */
export async function batchOf({ id, bytes, sha256 }: Graph & { sha256: string }, graphs: Graphs = here) {
  const found = asked.get(sha256) ?? (await graphs.batch({ id, bytes }));
  asked.set(sha256, found);
  return found;
}
