import { describe, expect, test } from 'vitest';
import { differentiate, GraphError } from '#shared/graph';
import { rules } from '../../shared/graph/rules/index.ts';
import { cases, image, shownElsewhere } from './rule-cases.ts';
import { derivativeError, modelOf } from './support.ts';

describe('a gradient agrees with central differences', () => {
  for (const [operator, operations] of Object.entries(cases)) {
    for (const [i, operation] of operations.entries()) {
      test(`${operator} ${i + 1}`, async () => {
        // Steps far below the distance to the next kink; smooth operators stand a step that float32 resolves well.
        const step = operation.x === image ? 4e-3 : 1e-2;
        expect(await derivativeError(modelOf(operation), operation.x, { step })).toBeLessThan(1e-3);
      });
    }
  }
});

test('every rule is tested', () => {
  expect(Object.keys(rules).sort()).toEqual([...Object.keys(cases), ...shownElsewhere].sort());
});

test('a missing rule names operator, node and what is supported', () => {
  const model = modelOf({ operator: 'Asinh', x: image });
  model.outputs[0].shape = ['N', 3, 6, 5];
  const attempt = () => differentiate(model, { of: 'y', wrt: 'x' });
  expect(attempt).toThrow(GraphError);
  expect(attempt).toThrow(/Asinh node "node".*Supported are: .*Conv.*Relu/);
});
