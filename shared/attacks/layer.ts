/** A graph up to one of its layers. */

import { inferShapes, layersOf, type Model, type Node, setAside } from '#shared/graph';

/**
 * A model whose logits are the flattened outputs of one of its layers.
 * @param depth the layer's position as a share of all layers
 */
export function upToLayer(model: Model, depth: number): Model {
  const layers = layersOf(model);
  const { activated } = layers[Math.round(depth * (layers.length - 1))];
  const shape = inferShapes(model).get(activated)?.shape ?? [];
  const width = shape.slice(1).reduce<number>((product, dim) => product * Number(dim), 1);
  const { model: free, names } = setAside(model, ['logits', 'hidden layer']);
  const inputs = [names.get(activated) ?? activated];
  const flat: Node = {
    ...{ operator: 'Flatten', domain: '', name: 'hidden layer', inputs, outputs: ['logits'], attributes: {} },
  };
  return { ...free, nodes: [...free.nodes, flat], outputs: [{ name: 'logits', type: 'float32', shape: ['N', width] }] };
}
