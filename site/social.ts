/** What others show beside a link to a page: paper, and on it what the page is about. No letters: titles go with it. */
import { rgb } from 'd3';
import type { Rgba } from '#shared/images';

/** What networks and messengers show whole. */
const SOCIAL = { width: 800, height: 420 };
const PAPER = '#f7f3ea';
const INK = '#1d1a16';
/** As many pixels as a canvas has, most of the time. */
const SIDE = 224;

/** Squares in a row on paper, with + and = between them: a photograph, a plate, and the photograph with it. */
export function socialPicture(squares: readonly Rgba[]): Rgba {
  const { width, height } = SOCIAL;
  const picture = { data: new Uint8ClampedArray(4 * width * height), width, height };
  fill(picture, 0, 0, width, height, PAPER);
  const gap = squares.length > 1 ? 36 : 0;
  const side = squares[0]?.width ?? SIDE;
  const top = Math.floor((height - side) / 2);
  let left = Math.floor((width - squares.length * side - (squares.length - 1) * gap) / 2);
  for (const [i, square] of squares.entries()) {
    if (i > 0) sign(picture, left - gap / 2, height / 2, i === squares.length - 1 ? '=' : '+');
    copy(square, picture, left, top);
    left += side + gap;
  }
  return picture;
}

/** The side of one square, of so many. */
export const sideOf = (squares: number) => (squares > 1 ? SIDE : 336);

function copy(from: Rgba, to: Rgba, left: number, top: number) {
  for (let y = 0; y < from.height; y++) {
    const row = from.data.subarray(4 * y * from.width, 4 * (y + 1) * from.width);
    to.data.set(row, 4 * ((y + top) * to.width + left));
  }
}

function fill(to: Rgba, left: number, top: number, width: number, height: number, colour: string) {
  const { r, g, b } = rgb(colour);
  for (let y = top; y < top + height; y++)
    for (let x = left; x < left + width; x++) to.data.set([r, g, b, 255], 4 * (y * to.width + x));
}

function sign(to: Rgba, x: number, y: number, which: '+' | '=') {
  const [arm, pen] = [8, 2];
  const bars = which === '+' ? [0] : [-5, 5];
  for (const shift of bars) fill(to, x - arm, y + shift - pen / 2, 2 * arm, pen, INK);
  if (which === '+') fill(to, x - pen / 2, y - arm, pen, 2 * arm, INK);
}

/** The mark of the Atlas, as site/public/favicon.svg draws it: three by three squares, one of them changed. */
export function icon(side: number): Rgba {
  const picture = { data: new Uint8ClampedArray(4 * side * side), width: side, height: side };
  fill(picture, 0, 0, side, side, PAPER);
  const unit = side / 20;
  for (let row = 0; row < 3; row++)
    for (let column = 0; column < 3; column++) {
      const isMiddle = row === 1 && column === 1;
      const colour = isMiddle ? '#b5260f' : (row + column) % 2 ? '#a09c94' : INK;
      const [left, top] = [column, row].map((at) => Math.round((3 + 5 * at) * unit));
      fill(picture, left, top, Math.round(4 * unit), Math.round(4 * unit), colour);
    }
  return picture;
}
