import { suggestion, UsageError } from '#shared/errors';
import { isSynthetic, type SyntheticKind, syntheticKinds, syntheticPictures } from '#shared/synthetic';
import type { Canvases } from './canvases.ts';

const usualCount = 240;
/** What crafting without photos did best with: see docs/algorithms.md. */
const usualKinds: readonly SyntheticKind[] = ['patterns'];

export const isSyntheticSource = (source: string): boolean => /^synthetic(:|$)/.test(source);

/**
 * Pictures drawn from a seed: `synthetic[:kind,kind…][:count]`, such as "synthetic:dead-leaves:500". Left out: 240
 * patterns.
 * @throws UsageError for a kind or a count that is none.
 */
export function syntheticCanvases(source: string, size: number, seed: number): Canvases {
  const parts = source.split(':').slice(1);
  const last = parts.at(-1);
  const hasCount = last !== undefined && /^\d+$/.test(last);
  const count = hasCount ? Number(parts.pop()) : usualCount;
  const wanted = parts.length > 0 ? parts.join(':').split(',') : usualKinds;
  const unknown = wanted.find((kind) => !isSynthetic(kind));
  if (unknown !== undefined) {
    throw new UsageError(
      `There are no synthetic pictures of the kind "${unknown}".${suggestion(unknown, syntheticKinds)} The kinds are ${syntheticKinds.join(', ')}; for example synthetic:dead-leaves,jigsaw:300.`,
    );
  }
  if (count < 1) throw new UsageError(`${source} asks for no pictures. Ask for 1 or more.`);
  const kinds = wanted as SyntheticKind[];
  const names = Array.from({ length: count }, (_, i) => `${kinds[i % kinds.length]}-${String(i).padStart(6, '0')}`);
  return { names, data: syntheticPictures({ kinds, count, size, seed }) };
}
