/** What `atlas craft` says while it works, and at its end. */
import type { Crafted, CraftProgress } from '#shared/attacks';
import type { Context } from './context.ts';
import { percent } from './craft-options.ts';

/** Milliseconds between two lines of progress in JSON. */
const interval = 500;

/** Tells people and scripts how far a craft is. */
export function progressTo(context: Context): (progress: CraftProgress) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (progress) => {
    context.progress(describe(progress));
    const now = performance.now();
    if (now - last < interval) return;
    last = now;
    context.emit({ event: 'progress', ...progress });
  };
}

function describe(p: CraftProgress): string {
  if (p.stage === 'clean') return `Clean predictions: ${p.done} of ${p.total}`;
  if (p.stage === 'measure') return `Measuring on the crafting photos: ${p.done} of ${p.total}`;
  const parts = [`Crafting: ${p.gradients} gradients`, `${p.gradientsPerSecond.toFixed(0)}/s`];
  if (p.secondsLeft !== null) parts.push(`${Math.ceil(p.secondsLeft)} s left`);
  if (p.loss !== null) parts.push(`loss ${p.loss.toFixed(3)}`);
  // Photos are moved while they craft: what moving alone changes is in it.
  if (p.fooling !== null) parts.push(`labels changed so far ${percent(p.fooling)} of crafting photos, moved ones too`);
  return parts.join(', ');
}

/** The result for people. */
export function summary({ fooling, gradients, seconds, success, each }: Crafted, file: string): string {
  const models = each.fooling.length;
  const lines = [`Perturbation: ${file}`];
  if (gradients > 0) lines.push(`${gradients} gradients in ${seconds.toFixed(1)} s`);
  if (fooling) {
    lines.push(
      `Fooling ratio on the crafting photos${models > 1 ? `, mean over ${models} surrogates` : ''}: ${percent(fooling.ratio)} (${percent(fooling.low)} to ${percent(fooling.high)}, ${fooling.photos} photos)`,
    );
    if (models > 1) lines.push(...each.fooling.map(({ model, ratio }) => `  ${model}: ${percent(ratio)}`));
  }
  if (success) {
    lines.push(
      `Taken for the target, of those that were not before: ${percent(success.ratio)} (${Number(success.fooled.toFixed(1))} of ${success.photos}${models > 1 ? ', mean over the surrogates' : ''})`,
    );
  }
  return lines.join('\n');
}
