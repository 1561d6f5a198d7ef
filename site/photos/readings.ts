/** What every network reads in a photo, clean and under every plate. */
import { type Prediction, predictionsByPhoto } from '../plates/readings.ts';
import type { Atlas } from '../release.ts';

export interface PhotoReadings {
  /** Networks that read it. */
  targets: string[];
  /** By network: its reading without a plate. */
  clean: Map<string, { label: string; probability: number }>;
  /** By plate, then network. */
  under: Map<string, Map<string, Prediction>>;
  /** Of the pairs of a plate and a network that it was crafted on: how many there are, and in how many it is fooled. */
  own: { tried: number; fooled: number };
}

/** Null for a photo that nothing was measured on. */
export async function photoReadings({ plates, targets }: Atlas, file: string): Promise<PhotoReadings | null> {
  const rows = (await predictionsByPhoto()).get(file) ?? [];
  if (rows.length === 0) return null;
  const clean = new Map(
    rows.map((row) => [row.target, { label: row.clean_label, probability: row.clean_probability }]),
  );
  const under = new Map(
    [...Map.groupBy(rows, ({ perturbation }) => perturbation)].map(([plate, of]) => [
      plate,
      new Map(of.map((row) => [row.target, row])),
    ]),
  );
  const own = plates.flatMap(({ id, entry }) => entry.surrogates.flatMap((target) => under.get(id)?.get(target) ?? []));
  return {
    ...{ targets: targets.filter((target) => clean.has(target)), clean, under },
    own: { tried: own.length, fooled: own.filter(({ fooled }) => fooled).length },
  };
}

/** What happens to it, in a sentence: each plate on each network that it was made on counts once. */
export function fate({ tried, fooled }: PhotoReadings['own']): string {
  if (tried === 0) return 'No plate was tried on it on the network that it was made on.';
  if (fooled === 0)
    return `It resists: on the networks that plates were made on, its label never changes in ${tried} tries.`;
  const times = fooled === tried ? `every time, ${tried} of ${tried}` : `${fooled} times of ${tried}`;
  return `On the networks that plates were made on, its label changes ${times}.`;
}
