/** Several surrogates as one whose logits are the mean of theirs. */

import { UsageError } from '#shared/errors';
import { argmax } from '#shared/metrics';
import { sha256Hex } from '#shared/release';
import { type Graphs, here } from './graphs.ts';
import type { SurrogateView } from './types.ts';

/** @throws UsageError when their classes differ in number, or their operator sets in version. */
export async function mergeByLogits(views: readonly SurrogateView[], graphs: Graphs = here): Promise<SurrogateView> {
  const [first, ...others] = views;
  const odd = others.find(({ classes }) => classes !== first.classes);
  if (odd) {
    throw new UsageError(
      `${first.surrogate.id} has ${first.classes} classes and ${odd.surrogate.id} has ${odd.classes}: their logits have no mean. Use the ensemble "loss", or models of the same classes.`,
    );
  }
  const id = views.map(({ surrogate }) => surrogate.id).join('+');
  const bytes = await graphs.mean(
    { id },
    views.map(({ surrogate }) => surrogate.bytes),
  );
  const clean = new Float32Array(first.clean.length);
  for (const view of views) for (let i = 0; i < clean.length; i++) clean[i] += view.clean[i] / views.length;
  const { classes } = first;
  const { tampered } = first.surrogate;
  const labels = Int32Array.from({ length: clean.length / classes }, (_, row) => {
    const logits = clean.subarray(row * classes, (row + 1) * classes);
    return argmax(logits, 0, tampered);
  });
  const models = views.reduce((sum, view) => sum + view.models, 0);
  return { surrogate: { id, bytes, sha256: sha256Hex(bytes), tampered }, models, classes, clean, labels };
}
