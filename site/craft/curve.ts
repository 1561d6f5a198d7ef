/** The curve of fooling, as it grows: photos that craft as a line, those that are held out as points in intervals. */
import { percents, place, type Scale } from '../charts/kinds.ts';
import type { Craft } from './machine.ts';
import { curveText, ticksTo } from './words.ts';

const SVG = 'http://www.w3.org/2000/svg';
/** Of the drawing of the line, whose width and height are those of the plot. */
const UNITS = 1000;

export function drawCurve(svg: SVGSVGElement, craft: Craft): void {
  const { curve, looks, progress } = craft;
  const total = Math.max(1, progress?.total ?? 0, curve.at(-1)?.gradients ?? 0, looks.at(-1)?.gradients ?? 0);
  const x: Scale = { from: 0, to: total, ticks: ticksTo(total) };
  const up = (value: number) => place({ ...percents, from: 1, to: 0 }, value);
  const grid = [
    ...percents.ticks.flatMap(({ at, text }) => [
      shape('line', { class: 'grid', x1: 0, x2: '100%', y1: up(at), y2: up(at) }),
      shape('text', { x: 0, dx: -8, y: up(at), dy: '0.32em', 'text-anchor': 'end' }, text),
    ]),
    ...x.ticks.flatMap(({ at, text }) => [
      shape('line', { class: 'grid', x1: place(x, at), x2: place(x, at), y1: '100%', y2: '101.5%' }),
      shape('text', { x: place(x, at), y: '100%', dy: 20, 'text-anchor': at === total ? 'end' : 'middle' }, text),
    ]),
  ];
  const line = shape('svg', {
    ...{ viewBox: `0 0 ${UNITS} ${UNITS}`, preserveAspectRatio: 'none', width: '100%', height: '100%' },
  });
  const points = curve.map(({ gradients, fooling }) =>
    [(gradients / total) * UNITS, (1 - fooling) * UNITS].map((value) => value.toFixed(1)).join(),
  );
  line.append(shape('polyline', { class: 'crafting', points: points.join(' ') }));
  const marks = looks.flatMap(({ gradients, heldOut }) => {
    if (!heldOut) return [];
    const at = place(x, gradients);
    return [
      shape('line', { class: 'whisker', x1: at, x2: at, y1: up(heldOut.low), y2: up(heldOut.high) }),
      shape('circle', { class: 'value', cx: at, cy: up(heldOut.ratio), r: 3.5 }),
    ];
  });
  svg.setAttribute('aria-label', curveText(craft));
  svg.replaceChildren(...grid, line, ...marks);
}

function shape(name: string, attributes: Record<string, string | number>, text = ''): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.textContent = text;
  return element;
}
