/** The files of a perturbation, as `atlas craft` writes them. */
import { writeNpy, writeSafetensors } from '#shared/formats';
import { type Norm, perturbationMetadata, sha256OfParts } from '#shared/release';
import { drawPattern } from './draw.ts';
import type { KeptPattern } from './kept.ts';

/** What is handed out, by the name that it has in a folder. */
export const fileNames = {
  npy: 'perturbation.npy',
  safetensors: 'perturbation.safetensors',
  preview: 'preview.png',
  record: 'record.json',
} as const;
export type FileKind = keyof typeof fileNames;

type Pattern = Pick<KeptPattern, 'name' | 'canvas' | 'v' | 'record'>;

export async function fileOf(kind: FileKind, { name, canvas, v, record }: Pattern): Promise<Blob> {
  const shape = [3, canvas, canvas];
  if (kind === 'npy') return new Blob([writeNpy(v, shape)], { type: 'application/octet-stream' });
  if (kind === 'record') return new Blob([`${JSON.stringify(record, null, 2)}\n`], { type: 'application/json' });
  if (kind === 'preview') return previewOf(v, canvas);
  const { attack, norm, epsilon, seed } = record as { attack: string; norm: Norm; epsilon: number; seed: number };
  const metadata = perturbationMetadata({ id: name, attack, norm, epsilon, seed });
  return new Blob([writeSafetensors({ perturbation: { data: v, shape } }, metadata)], {
    type: 'application/octet-stream',
  });
}

/** The pattern amplified, as a PNG. */
export function previewOf(v: Float32Array, size: number): Promise<Blob> {
  const canvas = document.createElement('canvas');
  drawPattern(canvas, v, size);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('No PNG was made.'))), 'image/png'),
  );
}

/** The id under which a pattern is kept: the same values have the same. */
export const patternId = (v: Float32Array): string =>
  `own.${sha256OfParts([new Uint8Array(v.buffer, v.byteOffset, v.byteLength)]).slice(0, 8)}`;
