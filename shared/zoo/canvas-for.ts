import type { Fit, ModelCard } from '#shared/release';

/** Side of the canvas in pixels that perturbations are made for where nobody says another. */
const usualCanvas = 224;

/**
 * The canvas that photos become for these models, and how. What is not said is as all of their cards say it: a card
 * with the fit "exact" wants photos of its own size as they are.
 */
export function canvasFor(
  cards: readonly Pick<ModelCard, 'fit' | 'preprocessing'>[],
  said: { canvas?: number; fit?: Fit },
): { canvas: number; fit: Fit } {
  const sizes = new Set(
    cards.map(({ fit, preprocessing: { inputSize, inputWidth = inputSize } }) =>
      fit === 'exact' && inputWidth === inputSize ? inputSize : null,
    ),
  );
  const [own = null] = sizes.size === 1 ? sizes : [];
  const canvas = said.canvas ?? own ?? usualCanvas;
  return { canvas, fit: said.fit ?? (canvas === own ? 'exact' : 'crop') };
}
