// Graphs that do their harm by what they are made of: functions in functions, many nodes, many inputs, long names,
// deep nesting, symbols that multiply.
import { classifier, floats, graph, ints, type Kind, node, procedure, side, type Value, value } from './file.ts';

const one = floats('one', [1], [1]);
const count = (length: number) => Array.from({ length }, (_, i) => i);
/** Names that an object has from birth. */
const inherited = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__'];

export const structure: Record<string, Kind> = {
  'functions that call functions': ({ draw, size }) => {
    const [depth, width] = [1 + draw.below(12), 1 + draw.below(Math.min(size, 64))];
    const functions = count(depth).map((level) =>
      procedure(
        `F${level}`,
        ['a'],
        ['b'],
        count(width).map((i) =>
          node(
            level + 1 < depth ? `F${level + 1}` : 'Neg',
            [i === 0 ? 'a' : `t${i - 1}`],
            [i + 1 === width ? 'b' : `t${i}`],
            {},
            level + 1 < depth ? 'f' : '',
          ),
        ),
      ),
    );
    return classifier({ nodes: [node('F0', [draw.of(['one', 'x'])], ['c'], {}, 'f')], constants: [one], functions });
  },
  'functions in a circle, or with long names': ({ draw, size, length }) => {
    const name = 'n'.repeat(draw.below(2) ? size : 1);
    const inner = draw.below(2)
      ? [node('F', ['a'], ['b'], {}, 'f')]
      : count(length).map((i) =>
          node('Neg', [i === 0 ? 'a' : `${name}${i - 1}`], [i + 1 === length ? 'b' : `${name}${i}`]),
        );
    return classifier({
      nodes: [node('F', ['one'], ['d'], {}, 'f'), node('F', ['d'], ['c'], {}, 'f')],
      constants: [one],
      functions: [procedure('F', ['a'], ['b'], inner)],
    });
  },
  'a function with a weight that is called often': ({ size, length }) =>
    classifier({
      nodes: [
        ...count(length).map((i) => node('F', [i === 0 ? 'one' : `m${i - 1}`], [`m${i}`], {}, 'f')),
        node('Identity', [`m${length - 1}`], ['c']),
      ],
      constants: [one],
      functions: [
        procedure(
          'F',
          ['a'],
          ['b'],
          [
            node('Constant', [], ['k'], { value: floats('', [size % 65_536], new Float32Array(size % 65_536)) }),
            node('ReduceSum', ['k'], ['r']),
            node('Add', ['a', 'r'], ['b']),
          ],
        ),
      ],
    }),
  'a node of many inputs': ({ draw, size }) => {
    const operator = draw.of(['Concat', 'Sum', 'Max', 'Mean', 'Einsum', 'Identity', 'Add']);
    const names = [draw.of(['x', 'one']), draw.of(['x', 'one'])];
    const inputs = count(size).map((i) => names[i % 2]);
    return classifier({
      nodes: [node(operator, inputs, ['c'], operator === 'Concat' ? { axis: 0 } : {})],
      constants: [one],
    });
  },
  'a node of many outputs': ({ size }) =>
    classifier({
      nodes: [
        node(
          'Split',
          ['x'],
          count(size).map((i) => `p${i}`),
        ),
        node('Identity', ['p0'], ['c']),
      ],
    }),
  'a chain of many nodes on the image': ({ draw, length }) => {
    const operator = draw.of([
      'Identity',
      'Relu',
      'Add',
      'Mul',
      'Transpose',
      'Dropout',
      'MaxPool',
      'Softmax',
      'Concat',
    ]);
    const attributes: Record<string, Value> =
      operator === 'MaxPool' ? { kernel_shape: [1, 1] } : operator === 'Concat' ? { axis: 0 } : {};
    return classifier({
      nodes: [
        ...count(length).map((i) => {
          const from = i === 0 ? 'x' : `m${i - 1}`;
          return node(operator, draw.below(2) ? [from, from] : [from], [`m${i}`], attributes);
        }),
        node('Identity', [`m${length - 1}`], ['c']),
      ],
    });
  },
  'one value that many nodes read': ({ draw, length }) => {
    const operator = draw.of(['Relu', 'Conv', 'PRelu', 'MaxPool', 'Neg']);
    const attributes: Record<string, Value> = operator === 'MaxPool' ? { kernel_shape: [1, 1] } : {};
    const readers = count(length).map((i) =>
      node(operator, ['x', operator === 'Conv' ? 'w' : 'one'], [`m${i}`], attributes),
    );
    return classifier({
      nodes: [
        ...readers,
        node(
          'Sum',
          readers.map(({ output }) => output[0]),
          ['c'],
        ),
      ],
      constants: [one],
    });
  },
  'graphs in graphs': ({ draw, length }) => {
    let inner = graph([node('Identity', ['one'], ['i0'])], ['i0']);
    for (let level = 1; level < Math.min(length, 400); level++)
      inner = graph(
        [
          node('If', ['yes'], [`i${level}`], {
            then_branch: inner,
            else_branch: graph([node('Neg', ['one'], [`e${level}`])], [`e${level}`]),
          }),
        ],
        [`i${level}`],
      );
    const then = draw.of(['then_branch', 'body']);
    return classifier({ nodes: [node('If', ['yes'], ['c'], { [then]: inner })], constants: [one, ints('yes', [1])] });
  },
  'many branches': ({ length }) =>
    classifier({
      nodes: [
        ...count(length).map((i) =>
          node('If', ['yes'], [`m${i}`], {
            then_branch: graph([node('Identity', [i === 0 ? 'one' : `m${i - 1}`], ['a'])], ['a']),
            else_branch: graph([node('Neg', ['one'], ['a'])], ['a']),
          }),
        ),
        node('Identity', [`m${length - 1}`], ['c']),
      ],
      constants: [one, ints('yes', [1])],
    }),
  'symbols that multiply': ({ draw, length }) => {
    const operator = draw.of(['Mul', 'Concat', 'Add', 'Div']);
    const steps = Math.min(length, 200);
    const dims = ['N', 'C', 'H', draw.of(['W', 'N*N', 'N'.repeat(5000), '__proto__'])];
    return classifier({
      input: value('x', dims),
      nodes: [
        node('Shape', ['x'], ['m0']),
        ...count(steps).map((i) =>
          node(operator, [`m${i}`, `m${i}`], [`m${i + 1}`], operator === 'Concat' ? { axis: 0 } : {}),
        ),
        node('ConstantOfShape', [`m${steps}`], ['r']),
        draw.below(2) ? node('Identity', ['r'], ['c']) : node('Reshape', ['x', `m${steps}`], ['c']),
      ],
    });
  },
  'long names': ({ draw, size, length }) => {
    const name = 'n'.repeat(Math.min(size, 2 ** 20));
    const steps = Math.min(length, Math.ceil(2 ** 22 / name.length));
    return classifier({
      nodes: [
        ...count(steps).map((i) => node('Relu', [i === 0 ? 'x' : `${name}${i - 1}`], [`${name}${i}`])),
        node('Identity', [`${name}${steps - 1}`], ['c']),
      ],
      producer: draw.of(['torch', name]),
      metadata: { [name]: name },
    });
  },
  'names that objects inherit': ({ draw }) => {
    const [a, b, c] = [draw.of(inherited), draw.of(inherited), draw.of(inherited)];
    return classifier({
      nodes: [
        node(
          draw.of([a, 'Resize', 'Cast', 'Relu', 'Einsum']),
          ['x'],
          [b],
          {
            [c]: 1,
            mode: a,
            to: 3,
            coordinate_transformation_mode: b,
            equation: c,
          },
          draw.of(['', a]),
        ),
        node('Relu', [b], ['c']),
      ],
      metadata: { [a]: b },
      producer: c,
    });
  },
  'windows of any size': ({ draw, size }) => {
    const operator = draw.of(['MaxPool', 'AveragePool', 'Conv', 'ConvTranspose', 'LRN', 'Resize', 'Pad', 'LpPool']);
    const sides = [1 + draw.below(size), 1 + draw.below(size)];
    const [kernel, stride] = [1 + draw.below(size), 1 + draw.below(size)];
    const attributes = {
      kernel_shape: [kernel, 1 + draw.below(kernel)],
      strides: [stride, 1 + draw.below(stride)],
      pads: [0, 0, 0, 0].map(() => draw.below(kernel)),
      count_include_pad: draw.below(2),
      ceil_mode: draw.below(2),
      size: kernel,
      output_shape: sides,
    };
    const third = operator === 'Resize' ? ['x', '', '', 's'] : ['x', operator === 'Pad' ? 'p' : 'w'];
    return classifier({
      input: value('x', draw.below(2) ? [1, 3, side, side] : [1, 3, ...sides]),
      nodes: [node(operator, operator.endsWith('Pool') || operator === 'LRN' ? ['x'] : third, ['c'], attributes)],
      constants: [ints('s', [1, 3, ...sides]), ints('p', [0, 0, kernel, stride, 0, 0, stride, kernel])],
    });
  },
  'an input or outputs of any kind': ({ draw, size }) => {
    const dims = count(draw.of([0, 1, 2, 3, 4, 4, 4, 5, size % 5000])).map(() =>
      draw.of([1n, 3n, 8n, -1n, BigInt(size), 2n ** 62n]),
    );
    return classifier({
      input: value('x', dims, draw.below(20)),
      outputs: draw.below(2) ? [value('y')] : count(Math.min(size, 5000)).map(() => value('y', dims.slice(0, 40))),
      nodes: [node('Relu', ['x'], ['c'])],
      opset: draw.of([7, 9, 11, 13, 17, 21, 99]),
    });
  },
};
