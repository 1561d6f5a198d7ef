/** Every photo of a plate before and after, on one network. */
import { z } from 'zod';
import type { Manifest } from '#shared/release';
import { loadAtlas } from '../release.ts';
import { rowsOf } from '../rows.ts';

const prediction = z.object({
  ...{ perturbation: z.string(), target: z.string(), photo: z.string(), fooled: z.boolean() },
  ...{ clean_label: z.string(), clean_probability: z.number() },
  ...{ perturbed_label: z.string(), perturbed_probability: z.number() },
});
export type Prediction = z.output<typeof prediction>;
export type Reading = Prediction & { published: Manifest['photos'][number] | undefined };

const predictions = once(async () => z.array(prediction).safeParse(await rowsOf('predictions')).data ?? []);
const byPair = once(async () =>
  Map.groupBy(await predictions(), ({ perturbation, target }) => `${perturbation}\n${target}`),
);

/** All predictions by the file name of their photo. */
export const predictionsByPhoto = once(async () => Map.groupBy(await predictions(), ({ photo }) => photo));

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

/** The readings of a plate on a network, those of photos that the release shows first. */
export async function readingsOf(perturbation: string, target: string): Promise<Reading[]> {
  const rows = (await byPair()).get(`${perturbation}\n${target}`) ?? [];
  const { photos } = loadAtlas().manifest;
  const published = new Map(photos.map((photo) => [photo.file, photo]));
  return rows
    .map((row) => ({ ...row, published: published.get(row.photo) }))
    .sort((a, b) => Number(b.published !== undefined) - Number(a.published !== undefined));
}
