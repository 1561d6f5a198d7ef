import { describe, expect, test } from 'vitest';
import { readModel, writeModel } from '#shared/graph';
import { sha256Hex } from '#shared/release';
import { gradientProgram } from '../../shared/attacks/graphs.ts';
import type { Loss, LossKind } from '../../shared/attacks/losses.ts';
import { activationEnergy, activationRatio, crossEntropy, margin } from '../../shared/attacks/objectives.ts';
import { tinyModel } from '../support/tiny-model.ts';

/** The tiny classifier with a second layer: logits = W2 relu(W1 x). */
const surrogate = (() => {
  const { bytes, classes } = tinyModel();
  const model = readModel(bytes);
  const data = Float32Array.from({ length: classes * classes }, (_, i) => ((7 * i) % 5) - 2);
  const node = (operator: string, inputs: string[], output: string) => ({
    ...{ operator, domain: '', name: output, inputs, outputs: [output], attributes: {} },
  });
  const two = writeModel({
    ...model,
    constants: new Map(model.constants).set('more', { type: 'float32', shape: [classes, classes], data }),
    nodes: [
      ...model.nodes.map((one) => ({ ...one, outputs: one.outputs.map((name) => (name === 'logits' ? 'a' : name)) })),
      node('Relu', ['a'], 'b'),
      node('MatMul', ['b', 'more'], 'logits'),
    ],
  });
  return { id: 'two layers', bytes: two, sha256: sha256Hex(two) };
})();

/** Every kind, each in values of every parameter. The compiler says when a kind is missing. */
const variants: { [Kind in LossKind]: Loss<Kind>['parameters'][] } = {
  'cross-entropy': [{}, { clampAt: 9 }, { clampAt: 5 }],
  margin: [{}, { clampAt: 10 }, { clampAt: 5 }],
  cosine: [{}, { evade: 0.1 }, { evade: 1 }],
  'activation energy': [{ depth: 1 }, { depth: 0.5 }, { depth: 1, of: 'linear' }],
  'activation ratio': [
    { depth: 1 },
    { depth: 0.5 },
    { depth: 1, negative: 0 },
    { depth: 1, negative: 0.5 },
    { depth: 1, negativeDepth: 0.5 },
  ],
  'weighted logits': [{}],
};
const all = Object.entries(variants).flatMap(([kind, parameters]) =>
  parameters.map((one) => ({ kind, parameters: one }) as Loss),
);

describe('the gradient graph of a loss', () => {
  test('is another one for another kind and for another value of any parameter', async () => {
    const programs = await Promise.all(all.map((loss) => gradientProgram(surrogate, loss)));
    expect(new Set(programs.map(({ key }) => key)).size).toBe(all.length);
  });

  test('is made once for equal losses of one model, and anew for another model', async () => {
    for (const loss of all) {
      const first = await gradientProgram(surrogate, loss);
      expect(await gradientProgram(surrogate, structuredClone(loss)), loss.kind).toBe(first);
      const other = await gradientProgram(tinyModel(), { kind: 'cosine', parameters: {} });
      expect(other.key).not.toBe(first.key);
    }
  });

  test('is another one for objectives that differ in what their graph depends on, and the same for those that do not', async () => {
    const key = async ({ loss }: { loss: Loss }) => (await gradientProgram(surrogate, loss)).key;
    for (const objective of [crossEntropy, margin]) {
      const three = await key(objective({ clampAt: 3 }));
      expect(three).not.toBe(await key(objective({ clampAt: 4 })));
      expect(three).not.toBe(await key(objective({ clampAt: 3, target: 1 })));
      // A target is fed to the graph and is no part of it.
      expect(await key(objective({ target: 1 }))).toBe(await key(objective({ target: 2 })));
    }
    for (const objective of [activationEnergy, activationRatio])
      expect(await key(objective({ depth: 1 }))).not.toBe(await key(objective({ depth: 0.5 })));
  });
});
