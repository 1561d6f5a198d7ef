import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { splitPhotos } from '#shared/photos';
import { loadPhotos } from '../../batch/photos/index.ts';
import type { Photos } from './cells.ts';

/** What settings are chosen by: some crafting photos craft, others judge. */
export interface HeldOut {
  shown: Photos;
  heldOut: Photos;
}

/**
 * Seven tenths of the crafting photos craft; the rest of them, and the crafting half of the starter pack as a whole,
 * judge. No evaluation photo is among them.
 *
 * @param beside Pictures to craft on beside the photos, such as synthetic:150.
 */
export async function splitCrafting(data: string, beside?: string): Promise<HeldOut> {
  const set = await loadPhotos([join(data, 'images'), 'starter', ...(beside ? [beside] : [])], { canvas: 224 });
  const isDrawn = (index: number) => /-\d{6}$/.test(set.names[index]);
  const crafting = splitPhotos(set.names, set.groups).crafting.filter((index) => !isDrawn(index));
  const isHeldOut = (index: number) =>
    !/^n\d{8}/.test(set.names[index]) ||
    createHash('sha256').update(`held out ${set.names[index]}`).digest()[0] < 0.3 * 256;
  const shown = [...crafting.filter((index) => !isHeldOut(index)), ...[...set.names.keys()].filter(isDrawn)];
  return {
    shown: { name: 'shown', set, indices: shown },
    heldOut: { name: 'held out and starter', set, indices: crafting.filter(isHeldOut) },
  };
}
