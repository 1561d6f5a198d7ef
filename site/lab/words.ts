/** What the lab says, as text: no DOM in here. */
import { isFooled, type Lab, type Picture, type Progress, type Reading } from './machine.ts';
import { isTampered } from './tampered.ts';

export const percent = (value: number) => `${(value * 100).toFixed(1)}\u202f%`;
const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);

/** What a reading shows, in pieces: plain text, a label, the word with the accent, or a mark that needs no colour. */
export type Piece = string | { label: string } | { fooled: string } | { mark: string };

export function verdictOf(reading: Reading, strength: number): Piece[] {
  const [clean] = reading.clean;
  if (isTampered(reading.perturbed[0]))
    return [
      { mark: 'seen through' },
      strength === 0 ? ': wrongly, this is the photograph as it is' : ': it notices the pattern',
    ];
  if (isFooled(reading))
    return [
      ...[{ fooled: 'fooled' }, ': without the pattern it reads ', { label: clean.label }],
      `, ${percent(clean.probability)}`,
    ];
  return [strength === 0 ? 'this is the photograph as it is' : 'not fooled: the label is that of the photograph'];
}

/** Whose answer it is that stands there while the next one is not there yet. */
export const staleText = ({ model, photo, plate }: { model: string; photo: string; plate: string }, strength: number) =>
  `that was ${model} on ${photo}, ${plate} at ${strength.toFixed(2)}`;

export const distortionText = ({ linf, psnr }: Picture) =>
  psnr === null
    ? 'no pixel is changed'
    : `no pixel differs by more than ${linf} of 255; PSNR ${psnr.toFixed(1)}\u202fdB`;

export const progressText = (progress: Progress | null) =>
  progress && progress.loaded < progress.total
    ? `Loading into this browser: ${megabytes(progress.loaded)} of ${megabytes(progress.total)} MB`
    : '';

/** An answer or a failure as one sentence; "" while there is neither. */
export function saidOf({ phase, reading, failure }: Lab, { model }: { model: string }): string {
  if (phase === 'failed') return failure?.says ?? '';
  if (phase !== 'answered' || !reading) return '';
  const [{ label, probability }] = reading.perturbed;
  const verdict = isFooled(reading) ? `, fooled: the photograph alone is ${reading.clean[0].label}` : '';
  return `${model} reads ${label}, ${Math.round(probability * 100)} percent${verdict}.`;
}
