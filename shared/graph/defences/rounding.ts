// Rounding that gradients pass through as if it were not there. A. Athalye, N. Carlini, D. Wagner, "Obfuscated
// Gradients Give a False Sense of Security", ICML 2018, arXiv 1802.00420: that is how a defence that rounds has to be
// attacked. QuantizeLinear and DequantizeLinear would do it in two nodes, but the runtime makes one of two pairs of
// them that follow each other, whatever their steps.
import type { Builder } from '../builder.ts';

/** With so many binary digits before the point a fraction is a whole number: of 24 digits none is beyond. */
const shift = 2 ** 100;

/**
 * To the nearest whole number, halves to the even one: x + (round(x) - x). The addend goes through another rounding,
 * which changes nothing of it but that it has no gradient.
 */
export function rounded(b: Builder, x: string): string {
  const rest = b.mul(b.add('Sub', [b.add('Round', [x]), x]), b.scalar(shift));
  return b.add('Add', [x, b.mul(b.add('Round', [rest]), b.scalar(1 / shift))]);
}

/** To the nearest whole number in 0..255. Beyond the ends there is no gradient, at them there is. */
export const toPixels = (b: Builder, x: string): string =>
  rounded(b, b.add('Clip', [x, b.scalar(-0.49), b.scalar(255.49)]));

/** To the nearest multiple of a step. */
export const toSteps = (b: Builder, x: string, step: number): string =>
  b.mul(rounded(b, b.mul(x, b.scalar(1 / step))), b.scalar(step));
