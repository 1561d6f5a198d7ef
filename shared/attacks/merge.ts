/** Several graphs as one. */

import { UsageError } from '#shared/errors';
import type { Model, Node, Tensor } from '#shared/graph';
import { renamedNode } from '#shared/graph';

/**
 * Several prepared models as one whose logits are the mean of theirs. Every name of a model but that of its canvas gets
 * a suffix of its own, so that the graphs lie side by side.
 * @throws UsageError when their operator sets differ in version
 */
export function mergeModels(models: Model[]): Model {
  const [first] = models;
  if (models.some(({ opset }) => opset !== first.opset))
    throw new UsageError(
      'The surrogates are written for different versions of ONNX, so that their logits cannot be averaged. Use the ensemble "loss".',
    );
  const constants = new Map<string, Tensor>();
  const nodes: Node[] = [];
  const logits = models.map((model, index) => {
    const rename = (name: string) => (name === '' || name === 'canvas' ? name : `${name} of model ${index}`);
    for (const [name, tensor] of model.constants) constants.set(rename(name), tensor);
    for (const node of model.nodes) nodes.push({ ...renamedNode(node, rename), name: rename(node.name) });
    return rename('logits');
  });
  const share = 'share of each model';
  constants.set(share, { type: 'float32', shape: [], data: new Float32Array([1 / models.length]) });
  const node = (operator: string, name: string, inputs: string[], output: string): Node => ({
    ...{ operator, domain: '', name, inputs, outputs: [output], attributes: {} },
  });
  const sum = logits.reduce((sum, next, i) => {
    nodes.push(node('Add', `sum of logits ${i}`, [sum, next], `logits up to model ${i}`));
    return `logits up to model ${i}`;
  });
  nodes.push(node('Mul', 'mean of logits', [sum, share], 'logits'));
  return {
    ...first,
    domains: Object.assign({}, ...models.map(({ domains }) => domains)),
    name: 'ensemble',
    constants,
    nodes,
    metadata: {},
  };
}
