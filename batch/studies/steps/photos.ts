/** Half of the study's photos as canvases. */
import type { z } from 'zod';
import { npyHeader } from '#shared/formats';
import { fingerprintsOf, type Half } from '#shared/photos';
import type { Fit } from '#shared/release';
import { photosResult } from '../../analyses/index.ts';
import { defineStep } from '../../jobs/index.ts';
import { loadPhotos } from '../../photos/index.ts';

interface Inputs {
  canvas: number;
  /** Left out: crop. */
  fit?: Fit;
  half: Half;
  /** Name and SHA-256 of each file. */
  files: readonly (readonly [string, string])[];
}

export const photosStep = defineStep<Inputs, z.infer<typeof photosResult>, { source: string }>({
  name: 'photos',
  source: import.meta.url,
  isLocal: true,
  result: photosResult,
  async run({ signal, report }, { canvas, fit, half }, { source }) {
    const photos = await loadPhotos([source], {
      ...{ canvas, fit, half, signal },
      onProgress: ({ done, total }) => report({ done, total, unit: 'photos' }),
    });
    const { names, skipped, pixels } = photos;
    const header = npyHeader('|u1', [names.length, 3, canvas, canvas]);
    return {
      result: {
        ...{ names, skipped, sha256: photos.sha256(names.map((_, index) => index)) },
        fingerprints: fingerprintsOf(pixels, canvas),
        ...(photos.groups.size > 0 && { groups: Object.fromEntries(photos.groups) }),
      },
      files: { 'canvases.npy': [header, pixels] },
    };
  },
});
