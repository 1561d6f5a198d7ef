/** Several surrogates as one whose logits are the mean of theirs. */

import { UsageError } from '#shared/errors';
import { type Model, type Node, readModel, renamedNode, type Tensor, writeModel } from '#shared/graph';
import { argmax } from '#shared/metrics';
import { sha256Hex } from '#shared/release';
import type { SurrogateView } from './types.ts';

/** @throws UsageError when their classes differ in number, or their operator sets in version. */
export function mergeByLogits(views: readonly SurrogateView[]): SurrogateView {
  const [first, ...others] = views;
  const odd = others.find(({ classes }) => classes !== first.classes);
  if (odd) {
    throw new UsageError(
      `${first.surrogate.id} has ${first.classes} classes and ${odd.surrogate.id} has ${odd.classes}: their logits have no mean. Use the ensemble "loss", or models of the same classes.`,
    );
  }
  const bytes = writeModel(mergeModels(views.map(({ surrogate }) => readModel(surrogate.bytes))));
  const clean = new Float32Array(first.clean.length);
  for (const view of views) for (let i = 0; i < clean.length; i++) clean[i] += view.clean[i] / views.length;
  const { classes } = first;
  const { tampered } = first.surrogate;
  const labels = Int32Array.from({ length: clean.length / classes }, (_, row) => {
    const logits = clean.subarray(row * classes, (row + 1) * classes);
    return argmax(logits, 0, tampered);
  });
  const id = views.map(({ surrogate }) => surrogate.id).join('+');
  const models = views.reduce((sum, view) => sum + view.models, 0);
  return { surrogate: { id, bytes, sha256: sha256Hex(bytes), tampered }, models, classes, clean, labels };
}

/** Every name of a model but that of its canvas gets a suffix of its own, so that the graphs lie side by side. */
function mergeModels(models: Model[]): Model {
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
