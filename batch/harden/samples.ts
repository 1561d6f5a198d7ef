// Which pictures a detector learns from, as data; and how each is made.
import { applyPerturbation } from '#shared/images';
import { throughJpeg } from '../photos/index.ts';
import { random } from '../synthetic/index.ts';
import { type Change, changed, changes } from './changes.ts';

/** One picture that a network is shown. */
export interface Sample {
  /** Which of the photos, or of the synthetic pictures after them. */
  source: number;
  change: Change;
  /** Index of what is added at which strength; null for a clean picture. */
  tampered: { perturbation: number; strength: number } | null;
  /** Of the JPEG that it is saved as at last; null where it is kept as it is. */
  quality: number | null;
  /** Whether the threshold is set by it: one clean picture of each photo, changed by nothing but its JPEG. */
  calibrates: boolean;
  /** Of its own random numbers. */
  seed: number;
}

/** Two of five pictures are kept as they are. */
const qualities = [null, null, 90, 75, 50] as const;
/** A perturbation at half of its strength fools some photos still. */
const strengths = [1, 0.5] as const;
/** Perturbed pictures of each photo: as many as there are clean ones. */
const tamperedEach = changes.length;

/**
 * Every photo is shown clean in each way, and as many times perturbed, every perturbation as often as any other and as
 * often at half as at full strength; synthetic pictures are shown clean.
 */
export function planSamples(
  { photos, synthetic, perturbations }: { photos: number; synthetic: number; perturbations: number },
  seed: number,
): Sample[] {
  const draw = random(seed, 'harden');
  const samples: Sample[] = [];
  const add = (sample: Omit<Sample, 'quality' | 'seed'>) =>
    samples.push({ ...sample, quality: qualities[draw.below(qualities.length)], seed: draw.bits() });
  let order: number[] = [];
  for (let source = 0; source < photos; source++) {
    for (const change of changes) add({ source, change, tampered: null, calibrates: change === 'none' });
    for (let i = 0; i < tamperedEach && perturbations > 0; i++) {
      if (order.length === 0) order = draw.order(strengths.length * perturbations);
      const next = order.pop() as number;
      const strength = strengths[next % strengths.length];
      const tampered = { perturbation: Math.floor(next / strengths.length), strength };
      add({ source, change: 'none', tampered, calibrates: false });
    }
  }
  for (let i = 0; i < synthetic; i++) add({ source: photos + i, change: 'none', tampered: null, calibrates: false });
  return samples;
}

/** The canvas [3,size,size] of a sample. */
export async function render(
  { change, tampered, quality, seed }: Sample,
  source: Uint8Array,
  size: number,
  perturbations: readonly Float32Array[],
): Promise<Uint8Array> {
  const shown = changed(source, size, change, random(seed, 'change'));
  const added = tampered
    ? Uint8Array.from(applyPerturbation(shown, perturbations[tampered.perturbation], tampered.strength))
    : shown;
  return quality === null ? added : throughJpeg(added, size, quality);
}
