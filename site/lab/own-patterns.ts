/** Patterns that the visitor crafted and keeps in this browser, as patterns of the lab. */
import { isKeptId, type KeptPattern, keptPatterns } from '../craft/kept.ts';
import { usesNoCompiler } from '../craft/lazy.ts';
import type { LabData } from './data.ts';

type Pattern = LabData['perturbations'][number];

/** Whether that is the id of a pattern of the visitor's own. */
export const isOwnPattern = isKeptId;

/** Those that fit the lab's canvases; the files of each are blob: addresses of this page. */
export async function ownPatterns({ size, fit }: Pick<LabData, 'size' | 'fit'>): Promise<Pattern[]> {
  const fitting = (await keptPatterns()).filter((kept) => kept.canvas === size && kept.fit === fit);
  return Promise.all(fitting.map(patternOf));
}

async function patternOf(kept: KeptPattern): Promise<Pattern> {
  await usesNoCompiler();
  const [{ fileOf }, { linfNorm }] = await Promise.all([import('../craft/files.ts'), import('#shared/images')]);
  const [npy, preview] = await Promise.all([fileOf('npy', kept), fileOf('preview', kept)]);
  return {
    ...{ id: kept.id, number: 0, name: `${kept.network.title}, ${kept.made}`, page: '/craft/' },
    ...{ npy: URL.createObjectURL(npy), preview: URL.createObjectURL(preview), linf: linfNorm(kept.v) },
  };
}
