// Which pictures a detector learns from, as data; and how each is made.
import { applyPerturbation } from '#shared/images';
import { type Random, random } from '#shared/synthetic';
import { throughJpeg } from '../photos/index.ts';
import { type Change, changed, changes } from './changes.ts';

/** One picture that a network is shown. */
export interface Sample {
  /** Which of the photos, or of the synthetic pictures after them. */
  source: number;
  change: Change;
  /**
   * Index of what is added, at which strength: of a perturbation, or of a pattern after them that no attack made; null
   * for a clean picture.
   */
  tampered: { perturbation: number; strength: number; isPattern: boolean } | null;
  /** Of the JPEG that it is saved as at last; null where it is kept as it is. */
  quality: number | null;
  /** Whether the threshold is set by it: one clean picture of each photo, changed by nothing but its JPEG. */
  calibrates: boolean;
  /** Of its own random numbers. */
  seed: number;
}

/** Two of five pictures are kept as they are. */
const qualities = [null, null, 90, 75, 50] as const;
/** A perturbation at half of its strength fools some photos still; of a faint pattern there is nothing to learn. */
const strengths = { perturbation: [1, 0.7, 0.5], pattern: [1, 0.7] } as const;
/** How often each photo is shown clean: once in each way. */
export const usualLooks: number = changes.length;
/** How often each photo is shown with a pattern that no attack made, of so many looks. */
export const patternLooks = (looks: number): number => Math.ceil((2 * looks) / 3);

/**
 * Every photo is shown clean `looks` times: once as it is, then changed in ways that take turns. It is shown perturbed
 * as many times, alternately as it is and changed in one of those ways; each perturbation is shown as often as any
 * other, and as often at each strength. It is shown with patterns two thirds as many times, in the same way. Synthetic
 * pictures are shown clean.
 */
export function planSamples(
  {
    photos,
    synthetic,
    perturbations,
    patterns = 0,
    looks = usualLooks,
  }: { photos: number; synthetic: number; perturbations: number; patterns?: number; looks?: number },
  seed: number,
): Sample[] {
  const draw = random(seed, 'harden');
  const samples: Sample[] = [];
  const add = (sample: Omit<Sample, 'quality' | 'seed'>) =>
    samples.push({ ...sample, quality: qualities[draw.below(qualities.length)], seed: draw.bits() });
  const nextPerturbation = inTurn(perturbations, strengths.perturbation, draw);
  const nextPattern = inTurn(patterns, strengths.pattern, draw);
  for (let source = 0; source < photos; source++) {
    const turns = changesOf(source, looks);
    for (const change of turns) add({ source, change, tampered: null, calibrates: change === 'none' });
    // Alternately the photo as it is, and changed in a way in which it was also shown clean.
    const under = (i: number) =>
      ({ source, change: i % 2 ? turns[(source + i) % turns.length] : 'none', calibrates: false }) as const;
    for (let i = 0; i < looks && perturbations > 0; i++)
      add({ ...under(i), tampered: { ...nextPerturbation(), isPattern: false } });
    for (let i = 0; i < patternLooks(looks) && patterns > 0; i++) {
      const { perturbation, strength } = nextPattern();
      add({ ...under(i), tampered: { perturbation: perturbations + perturbation, strength, isPattern: true } });
    }
  }
  for (let i = 0; i < synthetic; i++) add({ source: photos + i, change: 'none', tampered: null, calibrates: false });
  return samples;
}

/** One after the other in an order that is drawn anew after each has been shown at each strength. */
function inTurn(
  count: number,
  strengths: readonly number[],
  draw: Random,
): () => { perturbation: number; strength: number } {
  let order: number[] = [];
  return () => {
    if (order.length === 0) order = draw.order(strengths.length * count);
    const next = order.pop() as number;
    return { perturbation: Math.floor(next / strengths.length), strength: strengths[next % strengths.length] };
  };
}

/** None, and so many others that follow each other from photo to photo. */
function changesOf(source: number, looks: number): Change[] {
  const [none, ...others] = changes;
  const turns = Array.from({ length: looks - 1 }, (_, i) => others[(source * (looks - 1) + i) % others.length]);
  return [none, ...turns];
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
