// A node's further inputs, such as scales, bounds and weights, may depend on the image as its first one does. Whatever
// is left out of a gradient counts as zero, so for each the gradient is right, or there is none.
import { describe, expect, test } from 'vitest';
import { differentiate, type Model, withCotangent } from '#shared/graph';
import { int, type Node, text } from '../../shared/graph/model.ts';
import { rules } from '../../shared/graph/rules/index.ts';
import { floats, int64s, type Tensor } from '../../shared/graph/tensor.ts';
import { cases } from './rule-cases.ts';
import { derivativeError, flattened, modelFromRow, noise, type Operation, sizeOf } from './support.ts';

/** Inputs whose sizes decide how large the result is: their rules refuse. */
const refused: Record<string, number[]> = { Resize: [2] };
/** Inputs that the result does not depend on. */
const unread = ({ operator }: Operation): number[] => (operator === 'Dropout' || operator === 'CastLike' ? [1] : []);

function floatInputs({ x, position = 0, constants = [] }: Operation): number[] {
  const all: (Tensor | undefined)[] = [...constants].toSpliced(position, 0, { type: 'float32', ...x });
  return all.flatMap((tensor, i) => (tensor?.type === 'float32' ? [i] : []));
}

const derivative = (model: Model, length = 1) =>
  differentiate(withCotangent(flattened(model, length)), { of: 'loss', wrt: 'x' });

const several = Object.values(cases)
  .flatMap((operations) => operations.map((operation, i) => ({ name: `${operation.operator} ${i + 1}`, operation })))
  .filter(({ operation }) => floatInputs(operation).length > 1);

describe.each(several)('$name', ({ operation }) => {
  const inputs = floatInputs(operation);
  test.each([...inputs.map((i) => [i]), inputs].map((chosen) => ({ chosen })))(
    'has the gradient of its inputs $chosen where they come from the image, or says which has none',
    async ({ chosen }) => {
      const { model, x } = modelFromRow(operation, chosen);
      const name = `${operation.operator} node "node"`;
      if (chosen.some((i) => refused[operation.operator]?.includes(i)))
        expect(() => derivative(model)).toThrow(new RegExp(`${name}.*its input 3 as well, "c1 of the image"`));
      else if (chosen.every((i) => unread(operation).includes(i)))
        expect(() => derivative(model, sizeOf(operation.x.shape))).toThrow(/does not depend on the input/);
      else expect(await derivativeError(model, x, { step: 4e-3 })).toBeLessThan(2e-3);
    },
  );
});

describe('an input that has no gradient is named', () => {
  const zeroPoint: Tensor = { type: 'uint8', shape: [], data: Uint8Array.of(7) };
  const scale = { shape: [], data: Float32Array.of(0.1) };
  const says = (operator: string) =>
    new RegExp(`The ${operator} node "node" has a scale \\("the x of the image"\\) .* not constant`);

  test('the scale of a quantisation', () => {
    const { model } = modelFromRow(
      { operator: 'QuantizeLinear', x: scale, position: 1, constants: [floats(noise(6)), zeroPoint] },
      [1],
    );
    model.nodes.at(-1)!.outputs = ['q'];
    model.nodes.push(plain('Cast', ['q'], 'y', { to: int(1) }));
    expect(() => derivative(model, 6)).toThrow(says('QuantizeLinear'));
  });

  test('the scale of the way back', () => {
    const stored: Tensor = { type: 'uint8', shape: [3], data: Uint8Array.of(1, 2, 3) };
    const operation = { operator: 'DequantizeLinear', x: scale, position: 1, constants: [stored, zeroPoint] };
    expect(() => derivative(modelFromRow(operation, [1]).model, 3)).toThrow(says('DequantizeLinear'));
  });

  test('whichever rule leaves it out', () => {
    const known = rules.PRelu;
    const { model } = modelFromRow(cases.PRelu[0], [0, 1]);
    try {
      rules.PRelu = (step) => known(step).slice(0, 1);
      expect(() => derivative(model, 96)).toThrow(
        /The PRelu node "node" depends on the image through its input 2 as well, "c0 of the image"/,
      );
    } finally {
      rules.PRelu = known;
    }
  });

  test('and so is an output, where a rule knows the first alone', () => {
    const { model } = modelFromRow(cases.LayerNormalization[0], [0]);
    model.nodes.at(-1)!.outputs = ['normalised', 'mean'];
    model.nodes.push(plain('Add', ['normalised', 'mean'], 'y'));
    model.outputs[0].shape = [2, 3, 6, 5];
    expect(() => differentiate(model, { of: 'y', wrt: 'x' })).toThrow(
      /goes on with output 2 of the LayerNormalization node "node", "mean", which has no gradient rule/,
    );
  });

  test('a Dropout that draws lots is refused by its name', () => {
    const on: Tensor = { type: 'bool', shape: [], data: Uint8Array.of(1) };
    const operation = { operator: 'Dropout', x: cases.Dropout[0].x, constants: [floats([0.5], []), on] };
    expect(() => derivative(modelFromRow(operation, [0]).model, 180)).toThrow(
      /Dropout node "node" is in training mode/,
    );
  });
});

const plain = (operator: string, inputs: string[], output: string, attributes: Node['attributes'] = {}): Node => ({
  ...{ operator, domain: '', name: '', inputs, outputs: [output], attributes },
});

describe('a BatchNormalization in training mode', () => {
  const [usual] = cases.BatchNormalization;
  const operation: Operation = { ...usual, attributes: { training_mode: int(1) }, unread: 2 };

  test('has the gradient of the statistics of the whole batch, whatever the given ones are', async () => {
    const { model, x } = modelFromRow(operation, [0, 1, 2, 3, 4]);
    expect(await derivativeError(model, x, { step: 4e-3 })).toBeLessThan(1e-3);
  });

  test('is refused where the runtime writes over its constants', () => {
    const { model } = modelFromRow(operation, [0]);
    expect(() => derivative(model, 12)).toThrow(/BatchNormalization node "node" is in training mode .* constant/);
  });
});

test('the value that no mode of padding but constant looks at has the gradient zero', async () => {
  const operation: Operation = {
    operator: 'Pad',
    x: { shape: [2, 5], data: noise(10) },
    constants: [int64s([0, 1, 0, 2]), floats([0.5], [])],
    attributes: { mode: text('reflect') },
  };
  const { model, x } = modelFromRow(operation, [0, 2]);
  expect(await derivativeError(model, x)).toBeLessThan(1e-3);
});
