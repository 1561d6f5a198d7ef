import type { Norm } from '../release/bounds.ts';
import { type Rgba, round8 } from './pixels.ts';

/**
 * round(clip(canvas + strength * v, 0, 255)): whole numbers, since that is what an image file can carry. All are
 * [3,S,S].
 */
export function applyPerturbation(
  canvas: ArrayLike<number>,
  v: ArrayLike<number>,
  strength = 1,
): Float32Array<ArrayBuffer> {
  if (canvas.length !== v.length) {
    throw new RangeError(
      `A perturbation of ${v.length} values does not fit a canvas of ${canvas.length}: their sizes differ.`,
    );
  }
  const result = new Float32Array(canvas.length);
  perturb(canvas, v, result, strength);
  return result;
}

/** The same into `out`, which may be the canvas itself. */
export function perturb(canvas: ArrayLike<number>, v: ArrayLike<number>, out: Float32Array, strength = 1): void {
  for (let i = 0; i < out.length; i++) out[i] = round8(canvas[i] + strength * v[i]);
}

/** max |v|. */
export function linfNorm(v: ArrayLike<number>): number {
  let largest = 0;
  for (let i = 0; i < v.length; i++) largest = Math.max(largest, Math.abs(v[i]));
  return largest;
}

/** Euclidean length. */
export function l2Norm(v: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < v.length; i++) sum += v[i] * v[i];
  return Math.sqrt(sum);
}

/**
 * Moves v, in place, to the nearest point of the ball |v| <= epsilon: to the last bit in norm inf, to 1e-6 relative in
 * norm 2.
 */
export function project(v: Float32Array, norm: Norm, epsilon: number): void {
  if (norm === 'inf') {
    // float32 may round epsilon up: the bound that is kept is the largest float32 that does not exceed it.
    let bound = Math.fround(epsilon);
    if (bound > epsilon) bound = Math.fround(epsilon * (1 - 2 ** -24));
    for (let i = 0; i < v.length; i++) v[i] = Math.min(bound, Math.max(-bound, v[i]));
    return;
  }
  const length = l2Norm(v);
  if (length <= epsilon) return;
  const scale = epsilon / length;
  for (let i = 0; i < v.length; i++) v[i] *= scale;
}

/** A perturbation made visible: 128 + 127 * v / max |v|, opaque. */
export function amplifyToRgba(v: ArrayLike<number>, size: number, epsilon?: number): Rgba {
  const plane = size * size;
  const largest = linfNorm(v) || epsilon || 1;
  const data = new Uint8ClampedArray(plane * 4);
  for (let i = 0; i < plane; i++) {
    for (let channel = 0; channel < 3; channel++)
      data[4 * i + channel] = round8(128 + (127 * v[channel * plane + i]) / largest);
    data[4 * i + 3] = 255;
  }
  return { data, width: size, height: size };
}
