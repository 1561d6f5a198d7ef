import type { Builder } from '../builder.ts';

/** What is done to every picture before a network sees it. All of them give whole numbers of 0..255 again. */
export type Defence =
  /** Saved as a JPEG and opened again; 1..100. */
  | { kind: 'jpeg'; quality: number }
  /** Each pixel is the median of the square of 3 x 3 around it, colour by colour; the edge is repeated. */
  | { kind: 'median' }
  /** Gaussian, of this standard deviation in pixels. */
  | { kind: 'blur'; sigma: number }
  /** Colours of so many bits each, evenly spread over 0..255. */
  | { kind: 'bits'; bits: number }
  /** Total variation made smaller; how much, `weight` says, in units of 0..255. */
  | { kind: 'variation'; weight: number }
  /** Made smaller and put somewhere on black. Which of the draws it is, a picture's own pixels decide. */
  | { kind: 'resize'; draws: readonly Placement[] };

/** Where a picture comes to lie on the canvas, in pixels. */
export interface Placement {
  side: number;
  down: number;
  right: number;
}

/** Writes a defence of [N,3,S,S] and returns the name of what it gives, of the same shape. */
export type Write<Kind extends Defence['kind']> = (
  b: Builder,
  canvas: string,
  size: number,
  defence: Extract<Defence, { kind: Kind }>,
) => string;
