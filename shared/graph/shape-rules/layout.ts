import { between, product, quotient } from '../dims.ts';
import { GraphError } from '../errors.ts';
import { positiveAxis, sliceWindows } from '../evaluate.ts';
import { at, attribute, type Dim, describe, intsAttribute, mostAxes } from '../model.ts';
import { mostParts } from '../tensor.ts';
import { broadcastDims, constantInts, type ShapeRule, vectorOf } from './types.ts';

const reshape: ShapeRule = (node, [x, target], facts) => {
  const wanted = vectorOf(node.inputs[1], facts);
  if (!wanted) {
    const rank = target.shape[0];
    return [
      {
        type: x.type,
        shape:
          typeof rank === 'number' && rank <= mostAxes
            ? Array.from({ length: rank }, (_, axis) => `${node.outputs[0]}.${axis}`)
            : undefined,
      },
    ];
  }
  const copies = !attribute(node, 'allowzero', 0);
  const shape = wanted.map((dim, axis) => (dim === 0 && copies ? x.shape[axis] : dim));
  const free = shape.indexOf(-1);
  if (free >= 0) {
    const total = product(x.shape);
    const [ahead, behind] = [product(shape.slice(0, free)), product(shape.slice(free + 1))];
    const rest = between(total, ahead, behind);
    if (rest === undefined && [total, ahead, behind].every((dim) => typeof dim === 'number')) {
      throw new GraphError(
        `${describe(node)} cannot reshape [${x.shape}] to [${wanted}]. The model contradicts itself, or its input shape is wrong.`,
        at(node),
      );
    }
    shape[free] = rest ?? `${node.outputs[0]}.${free}`;
  }
  return [{ type: x.type, shape }];
};

const split: ShapeRule = (node, [x], facts) => {
  const axis = positiveAxis(attribute(node, 'axis', 0), x.shape.length);
  const size = x.shape[axis];
  const parts = constantInts(node, 1, 'split', facts, mostParts);
  const count = node.outputs.length;
  return node.outputs.map((name, i) => {
    const chunk = typeof size === 'number' ? Math.ceil(size / count) : 0;
    const dim = parts ? parts[i] : typeof size === 'number' ? Math.min(chunk, size - i * chunk) : `${name}.${axis}`;
    return { type: x.type, shape: x.shape.map((other, at) => (at === axis ? dim : other)) };
  });
};

const slice: ShapeRule = (node, [x], facts) => {
  const [starts, ends, axes, steps] = ['starts', 'ends', 'axes', 'steps'].map((name, i) =>
    constantInts(node, i + 1, name, facts),
  );
  if (!starts || !ends) return [{ type: x.type, shape: x.shape.map((_, axis) => `${node.outputs[0]}.${axis}`) }];
  const touched = (axes ?? starts.map((_, i) => i)).map((axis) => positiveAxis(axis, x.shape.length));
  const windows = sliceWindows(
    x.shape.map((dim) => (typeof dim === 'number' ? dim : 0)),
    starts,
    ends,
    touched,
    steps,
  );
  // From the start to an end that no axis reaches.
  const whole = (axis: number) => {
    const i = touched.indexOf(axis);
    return starts[i] === 0 && ends[i] >= 2 ** 31 - 1 && (steps?.[i] ?? 1) === 1;
  };
  return [
    {
      type: x.type,
      shape: x.shape.map((dim, axis) =>
        !touched.includes(axis) || whole(axis)
          ? dim
          : typeof dim === 'number'
            ? windows[axis].length
            : `${node.outputs[0]}.${axis}`,
      ),
    },
  ];
};

const unsqueeze: ShapeRule = (node, [x], facts) => {
  const axes = constantInts(node, 1, 'axes', facts);
  if (!axes || x.shape.length + axes.length > mostAxes) return [];
  const shape = x.shape.slice();
  for (const axis of axes.map((value) => positiveAxis(value, x.shape.length + axes.length)).sort((a, b) => a - b))
    shape.splice(axis, 0, 1);
  return [{ type: x.type, shape }];
};

const squeeze: ShapeRule = (node, [x], facts) => {
  const axes = constantInts(node, 1, 'axes', facts)?.map((axis) => positiveAxis(axis, x.shape.length));
  return [{ type: x.type, shape: x.shape.filter((dim, axis) => (axes ? !axes.includes(axis) : dim !== 1)) }];
};

const pad: ShapeRule = (node, [x], facts) => {
  const pads = constantInts(node, 1, 'pads', facts);
  const rank = x.shape.length;
  const axes = node.inputs[3]
    ? constantInts(node, 3, 'axes', facts)?.map((axis) => positiveAxis(axis, rank))
    : x.shape.map((_, i) => i);
  if (!pads || !axes) return [{ type: x.type, shape: x.shape.map((_, axis) => `${node.outputs[0]}.${axis}`) }];
  const shape = x.shape.slice();
  for (const [i, axis] of axes.entries()) {
    const more = pads[i] + pads[i + axes.length];
    const dim = x.shape[axis];
    if (more !== 0) shape[axis] = typeof dim === 'number' ? dim + more : `${node.outputs[0]}.${axis}`;
  }
  return [{ type: x.type, shape }];
};

const tile: ShapeRule = (node, [x], facts) => {
  const repeats = vectorOf(node.inputs[1], facts);
  return repeats ? [{ type: x.type, shape: x.shape.map((dim, i) => product([dim, repeats[i]])) }] : [];
};

const expand: ShapeRule = (node, [x], facts) => {
  const target = vectorOf(node.inputs[1], facts);
  return target ? [{ type: x.type, shape: broadcastDims(x.shape, target) }] : [];
};

/** Moves size between depth and space, by whole factors where they are known. */
const blocks =
  (deeper: boolean): ShapeRule =>
  (node, [x]) => {
    const block = attribute(node, 'blocksize', 1);
    const scaled = (dim: Dim, axis: number, up: boolean, by: number): Dim =>
      (up ? product([dim, by]) : quotient(dim, by)) ?? `${node.outputs[0]}.${axis}`;
    const shape = x.shape.map((dim, axis) =>
      axis === 0 ? dim : axis === 1 ? scaled(dim, axis, deeper, block ** 2) : scaled(dim, axis, !deeper, block),
    );
    return [{ type: x.type, shape }];
  };

const topK: ShapeRule = (node, [x], facts) => {
  const axis = positiveAxis(attribute(node, 'axis', -1), x.shape.length);
  const count = vectorOf(node.inputs[1], facts)?.[0] ?? `${node.outputs[0]}.${axis}`;
  const shape = x.shape.with(axis, count);
  return [
    { type: x.type, shape },
    { type: 'int64', shape },
  ];
};

/** Moving, repeating and picking elements. */
export const layout: Record<string, ShapeRule> = {
  Reshape: reshape,
  Flatten: (node, [x]) => {
    const axis = positiveAxis(attribute(node, 'axis', 1), x.shape.length);
    return [{ type: x.type, shape: [product(x.shape.slice(0, axis)), product(x.shape.slice(axis))] }];
  },
  Transpose: (node, [x]) => [
    {
      type: x.type,
      shape: (intsAttribute(node, 'perm') ?? x.shape.map((_, i) => x.shape.length - 1 - i)).map(
        (axis) => x.shape[axis],
      ),
    },
  ],
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Concat: (node, inputs) => {
    const axis = positiveAxis(attribute(node, 'axis', 0), inputs[0].shape.length);
    const dims = inputs.map(({ shape }) => shape[axis]);
    const total = dims.every((dim) => typeof dim === 'number')
      ? dims.reduce((sum, dim) => sum + dim, 0)
      : `${node.outputs[0]}.${axis}`;
    // Every part has the same size along the other axes: one that knows it speaks for all.
    const shape = inputs[0].shape.map(
      (dim, i) => inputs.map((input) => input.shape[i]).find((other) => typeof other === 'number') ?? dim,
    );
    return [{ type: inputs[0].type, shape: shape.with(axis, total) }];
  },
  Split: split,
  Slice: slice,
  Gather: (node, [x, indices]) => {
    const axis = positiveAxis(attribute(node, 'axis', 0), x.shape.length);
    return [{ type: x.type, shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)] }];
  },
  GatherElements: (_, [x, indices]) => [{ type: x.type, shape: indices.shape }],
  GatherND: (node, [x, indices]) => {
    const depth = indices.shape.at(-1);
    if (typeof depth !== 'number') return [];
    const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(attribute(node, 'batch_dims', 0) + depth)];
    return [{ type: x.type, shape }];
  },
  ScatterElements: (_, [x]) => [x],
  ScatterND: (_, [x]) => [x],
  Trilu: (_, [x]) => [x],
  Pad: pad,
  Expand: expand,
  ConstantOfShape: (node, _, facts) => {
    const value = node.attributes.value;
    const type = value?.kind === 'tensor' ? value.value.type : 'float32';
    return [{ type, shape: vectorOf(node.inputs[0], facts) }];
  },
  Shape: (node, [x]) => [
    {
      type: 'int64',
      shape: [x.shape.slice(attribute(node, 'start', 0), attribute(node, 'end', x.shape.length)).length],
    },
  ],
  Size: () => [{ type: 'int64', shape: [] }],
  NonZero: (node, [x]) => [{ type: 'int64', shape: [x.shape.length, `${node.outputs[0]}.1`] }],
  Range: (node, [start]) => [{ type: start.type, shape: [`${node.outputs[0]}.0`] }],
  OneHot: (node, [indices, , values]) => {
    const axis = positiveAxis(attribute(node, 'axis', -1), indices.shape.length + 1);
    return [{ type: values.type, shape: indices.shape.toSpliced(axis, 0, `${node.outputs[0]}.${axis}`) }];
  },
  TopK: topK,
  Tile: tile,
  DepthToSpace: blocks(false),
  SpaceToDepth: blocks(true),
};
