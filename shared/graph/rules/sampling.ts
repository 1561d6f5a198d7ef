// Reading an image between its pixels: M. Jaderberg et al., "Spatial Transformer Networks", 2015, arXiv 1506.02025.
// Each output is the mean of the four pixels around its position, weighted by their distance along each axis.
import type { Builder } from '../builder.ts';
import { GraphError } from '../errors.ts';
import { at, attribute, describe, int, type Node, text } from '../model.ts';
import { type Rule, type Step, simple } from './types.ts';

/** Positions along one axis of `size` pixels, [N, points]. */
interface Axis {
  size: number;
  /** Pixels for each unit of the grid. */
  step: number;
  /** The pixel at or before the position. */
  first: string;
  /** From there to the position, 0..1. */
  rest: string;
  /** 0 where the position was moved to the border, and so does not change with the grid; undefined where none is. */
  free: string | undefined;
}

function axisOf(b: Builder, node: Node, coordinate: string, size: number): Axis {
  const corners = attribute(node, 'align_corners', 0) !== 0;
  // -1 and 1 are the centres of the outermost pixels, or their outer edges.
  const step = corners ? (size - 1) / 2 : size / 2;
  const position = b.add('Add', [b.mul(coordinate, b.scalar(step)), b.scalar((size - 1) / 2)]);
  const border = attribute(node, 'padding_mode', 'zeros') === 'border';
  // Beyond two pixels outside nothing changes any more, and whole numbers stay small.
  const [low, high] = border ? [0, size - 1] : [-2, size + 1];
  const held = b.add('Clip', [position, b.scalar(low), b.scalar(high)]);
  const first = b.add('Floor', [held]);
  return {
    size,
    step,
    first,
    rest: b.add('Sub', [held, first]),
    free: border ? b.mask(b.add('Equal', [held, position])) : undefined,
  };
}

/** One of the two pixels that a position lies between: where, whether it is in the image, and its weight. */
function neighbour(b: Builder, { size, first, rest }: Axis, second: boolean) {
  const pixel = second ? b.add('Add', [first, b.scalar(1)]) : first;
  const inside = b.add('Clip', [pixel, b.scalar(0), b.scalar(size - 1)]);
  return {
    pixel: inside,
    exists: b.mask(b.add('Equal', [inside, pixel])),
    weight: second ? rest : b.add('Sub', [b.scalar(1), rest]),
    slope: second ? 1 : -1,
  };
}

const gridSample: Rule = simple((gradient, step) => {
  const { node, b, needs } = step;
  const [image, grid] = node.inputs;
  const [batch, channels, height, width] = sizesOf(step);
  const points = b
    .shape(grid)
    .slice(1, 3)
    .reduce<number>((product, dim) => product * Number(dim), 1);
  const along = (index: number, size: number) => {
    const coordinate = b.add('Gather', [grid, b.ints([index])], { axis: int(3) });
    return axisOf(b, node, b.add('Reshape', [coordinate, b.shapeVector([b.shape(grid)[0], points], grid)]), size);
  };
  const [x, y] = [along(0, width), along(1, height)];
  const flat = (name: string, length: number) =>
    b.add('Reshape', [name, b.shapeVector([batch, channels, length], name)]);
  const pixels = flat(image, height * width);
  const g = flat(gradient, points);
  const unsqueezed = (name: string) => b.add('Unsqueeze', [name, b.ints([1])]);
  let toImage: string | undefined;
  const slopes: Record<'x' | 'y', string[]> = { x: [], y: [] };
  for (const below of [false, true])
    for (const right of [false, true]) {
      const [column, row] = [neighbour(b, x, right), neighbour(b, y, below)];
      const number = b.add('Add', [b.mul(row.pixel, b.scalar(width)), column.pixel]);
      // Whole numbers as floats until here: GPU providers repeat no int64.
      const repeated = b.add('Expand', [unsqueezed(number), b.ints([1, channels, 1])]);
      const index = b.add('Cast', [repeated], { to: int(7) });
      const exists = b.mul(row.exists, column.exists);
      if (needs(0)) {
        const weight = unsqueezed(b.mul(exists, b.mul(row.weight, column.weight)));
        toImage ??= b.zerosLike(pixels);
        toImage = b.add('ScatterElements', [toImage, index, b.mul(g, weight)], {
          axis: int(2),
          reduction: text('add'),
        });
      }
      if (needs(1)) {
        const values = b.add('GatherElements', [pixels, index], { axis: int(2) });
        const pull = b.mul(b.sum(b.mul(g, values), [1], false), exists);
        slopes.x.push(b.mul(b.mul(pull, row.weight), b.scalar(column.slope * x.step)));
        slopes.y.push(b.mul(b.mul(pull, column.weight), b.scalar(row.slope * y.step)));
      }
    }
  const toGrid = () => {
    const both = (
      [
        ['x', x],
        ['y', y],
      ] as const
    ).map(([name, { free }]) => {
      const sum = slopes[name].reduce((total, part) => b.add('Add', [total, part]));
      return b.add('Unsqueeze', [free ? b.mul(sum, free) : sum, b.ints([2])]);
    });
    return b.reshapeLike(b.add('Concat', both, { axis: int(2) }), grid);
  };
  return [toImage && b.reshapeLike(toImage, image), needs(1) ? toGrid() : undefined];
});

function sizesOf({ node, b }: Step): [batch: number | string, channels: number, height: number, width: number] {
  const mode = attribute(node, 'mode', 'linear');
  const padding = attribute(node, 'padding_mode', 'zeros');
  const [image, grid] = node.inputs.map((name) => b.shape(name));
  if (!['linear', 'bilinear'].includes(mode) || !['zeros', 'border'].includes(padding) || image.length !== 4)
    throw new GraphError(
      `The ${describe(node)} samples [${image}] by ${mode}, with ${padding} beyond its border, which has no gradient rule. Export it bilinear, with zeros or border.`,
      at(node),
    );
  if ([...image.slice(1), ...grid.slice(1)].some((dim) => typeof dim === 'string'))
    throw new GraphError(
      `The ${describe(node)} samples [${image}] at [${grid}], of which not every size is known. Give the model's input a fixed height and width.`,
      at(node),
    );
  return image as [number | string, number, number, number];
}

export const sampling: Record<string, Rule> = { GridSample: gridSample };
