import { interpolateCividis, rgb, scaleSequential } from 'd3';

/** Colour of a fooling ratio 0..1: cividis, which the colour-blind read like everybody else. Light is fooled. */
export const ratioColour = scaleSequential(interpolateCividis).domain([0, 1]);

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
