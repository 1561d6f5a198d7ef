/** What is said of a file, on the command line and on the page. */
import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { UsageError } from '#shared/errors';
import { inspect, type Model, readModel, writeModel } from '#shared/graph';
import { describeModel, modelOf } from '#shared/zoo';
import { withExternalWeights } from '../support/external-weights.ts';
import { tinyModel } from '../support/tiny-model.ts';

const caseOf = (name: string) => readModel(new Uint8Array(readFileSync(new URL(`../cases/${name}`, import.meta.url))));
const factsOf = (model: Model) => describeModel(inspect(model), { bytes: 1234, weightFiles: ['w.data'] });

describe('a file in words', () => {
  test('says what it is, and that it can be used', () => {
    const facts = new Map(factsOf(caseOf('gray.onnx')));
    expect(facts.get('file')).toMatch(/^1 kB, weights in w\.data/);
    expect(facts.get('input')).toMatch(/float32 \[.*28, 28\], NCHW, grey, 28 pixels, /);
    expect(facts.get('output')).toMatch(/, 4 classes$/);
    expect(facts.get('preprocessing')).toMatch(
      /^probably \(RGB in 0\.\.1 - \[0\]\) \/ \[1\]: nothing in the file tells/,
    );
    expect([facts.get('can be prepared'), facts.get('can be crafted on')]).toEqual(['yes', 'yes']);
  });

  test('says what must be said of it', () => {
    const facts = new Map(factsOf(caseOf('dynamic-all.onnx')));
    expect(facts.get('can be prepared')).toBe('yes, once it is said how large its input is');
  });

  test('names the nodes in the way, but not all of very many', () => {
    const model = readModel(tinyModel({ hasGradient: false }).bytes);
    const facts = factsOf(model);
    expect(facts.filter(([name]) => name === '')).toEqual([['', 'in the way: Shrink node "shrink"']]);
    expect(new Map(facts).get('can be differentiated')).toMatch(/^no: .*Shrink node "shrink"/);
    const shrink = model.nodes.at(-1)!;
    const chain = Array.from({ length: 25 }, (_, i) => ({
      ...{ ...shrink, name: `s${i}` },
      ...{ inputs: [i === 0 ? 'linear' : `v${i - 1}`], outputs: [i === 24 ? 'logits' : `v${i}`] },
    }));
    const many = factsOf({ ...model, nodes: [...model.nodes.slice(0, -1), ...chain] });
    expect(many.filter(([name]) => name === '')).toHaveLength(21);
    expect(many.at(-1)).toEqual(['', 'and 5 more nodes']);
  });
});

describe('weights in another file', () => {
  const whole = writeModel(caseOf('gray.onnx'));

  test('are joined', () => {
    const { bytes, weights } = withExternalWeights(whole, 'w/gray.data');
    const { model, weightFiles } = modelOf('x.onnx', bytes, () => weights);
    expect(weightFiles).toEqual(['w/gray.data']);
    expect(writeModel(model)).toEqual(whole);
  });

  test.each(['/etc/passwd', 'C:\\weights', '\\\\host\\weights', '../weights', 'a/../../weights'])(
    'that lies at "%s" are asked of no platform',
    (location) => {
      const asked = vi.fn();
      const { bytes } = withExternalWeights(whole, location);
      expect(() => modelOf('x.onnx', bytes, asked)).toThrow(UsageError);
      expect(() => modelOf('x.onnx', bytes, asked)).toThrow(
        /^The model x\.onnx keeps weights in ".*", which .* read from the folder of the model alone/,
      );
      expect(asked).not.toHaveBeenCalled();
    },
  );
});
