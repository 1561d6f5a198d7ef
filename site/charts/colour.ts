import { interpolateLab, piecewise, rgb } from 'd3';

/**
 * Colours of a share 0..1 by day and by night: from paper to the red that means "fooled", lighter or darker all the
 * way, so that the colour-blind read them like everybody else.
 */
const day = piecewise(interpolateLab, ['#f3ecdd', '#efb9a3', '#d4553c', '#a01f0c', '#5f0f05']);
const night = piecewise(interpolateLab, ['#20252e', '#5b2a26', '#a53a2a', '#f0705a', '#ffcabb']);
/** What is no share of fooled photographs: from paper to ink. */
const plainDay = piecewise(interpolateLab, ['#f3ecdd', '#b9b09f', '#5f584b']);
const plainNight = piecewise(interpolateLab, ['#20252e', '#676a70', '#cfc8b8']);

/** A cell's colours: of the paper below and the ink on it, by day and by night. */
export function cellColours(share: number, isFooled = true): { paper: string; ink: string } {
  const at = Math.min(1, Math.max(0, share));
  const [light, dark] = isFooled ? [day(at), night(at)] : [plainDay(at), plainNight(at)];
  return { paper: `light-dark(${light}, ${dark})`, ink: `light-dark(${inkOn(light)}, ${inkOn(dark)})` };
}

/** The name of a cell's colours in a palette: many cells share them, to a hundredth. */
export const shadeOf = (share: number, isFooled = true): string =>
  `${isFooled ? 'f' : 'p'}${Math.round(100 * Math.min(1, Math.max(0, share)))}`;

/** The colours of shades as custom properties, of what is around the cells. */
export const paletteOf = (shades: Iterable<string>): string =>
  [...new Set(shades)]
    .map((shade) => {
      const { paper, ink } = cellColours(Number(shade.slice(1)) / 100, shade.startsWith('f'));
      return `--${shade}:${paper};--${shade}-on:${ink}`;
    })
    .join(';');

/** Black or white, whichever is read better on the colour: one of them always has a contrast of 4.5 or more. */
export function inkOn(colour: string): '#000' | '#fff' {
  const luminance = relativeLuminance(colour);
  return (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) ? '#000' : '#fff';
}

/** WCAG 2.2 relative luminance. */
function relativeLuminance(colour: string): number {
  const { r, g, b } = rgb(colour);
  const [lr, lg, lb] = [r, g, b].map((channel) => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * lr + 0.7152 * lg + 0.0722 * lb;
}
