/** What a visitor takes along: the picture with what was read in it, as one PNG. */
import type { Lab, Picture } from './machine.ts';
import type { Names } from './view.ts';
import { percent } from './words.ts';

const MARGIN = 16;
const LINE = 22;

/** Before, the pattern amplified, after, and below each what it is; null while there is no answer. */
export function pictureOf(
  { phase, picture, reading, question }: Lab,
  size: number,
  names: Names,
): Promise<Blob> | null {
  if (phase !== 'answered' || !picture || !reading) return null;
  const side = Math.max(size, 224);
  const canvas = Object.assign(document.createElement('canvas'), {
    width: 3 * side + 4 * MARGIN,
    height: side + 3 * LINE + 2 * MARGIN,
  });
  const context = canvas.getContext('2d');
  if (!context) return null;
  context.fillStyle = '#f7f3ea';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = false;
  const [clean] = reading.clean;
  const [perturbed] = reading.perturbed;
  const columns = [
    { pixels: picture.clean, label: clean.label, says: percent(clean.probability) },
    { pixels: amplified(picture), label: `${names.plate}, ${question.strength} times`, says: 'amplified' },
    { pixels: picture.perturbed, label: perturbed.label, says: percent(perturbed.probability) },
  ];
  columns.forEach(({ pixels, label, says }, i) => {
    const left = MARGIN + i * (side + MARGIN);
    const small = Object.assign(document.createElement('canvas'), { width: size, height: size });
    small.getContext('2d')?.putImageData(new ImageData(pixels, size, size), 0, 0);
    context.drawImage(small, left, MARGIN, side, side);
    context.fillStyle = i === 2 && clean.index !== perturbed.index ? '#b5260f' : '#1d1a16';
    context.font = 'italic 18px Georgia, serif';
    context.fillText(label, left, MARGIN + side + LINE, side);
    context.fillStyle = '#5f584b';
    context.font = '14px Georgia, serif';
    context.fillText(says, left, MARGIN + side + 2 * LINE - 2, side);
  });
  context.font = '13px Georgia, serif';
  context.fillText(`Read by ${names.model}. Perturbation Atlas`, MARGIN, canvas.height - MARGIN / 2);
  return new Promise((resolve, reject) =>
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('No PNG was made.'))), 'image/png'),
  );
}

/** What was added, made visible about grey. */
function amplified({ clean, perturbed, linf }: Picture): Picture['clean'] {
  const gain = linf > 0 ? 127 / linf : 0;
  return new Uint8ClampedArray(clean).map((value, i) => (i % 4 === 3 ? 255 : 128 + gain * (perturbed[i] - value)));
}
