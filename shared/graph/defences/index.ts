// What is done to pictures before a network sees them, as part of its graph: so a network behind a defence is measured,
// served and attacked like any other.
import { Builder } from '../builder.ts';
import { GraphError } from '../errors.ts';
import { type Model, type Node, reads } from '../model.ts';
import { namesOf, renamedNode } from '../names.ts';
import type { Defence } from './defence.ts';
import { bits, blur, median } from './filters.ts';
import { jpeg } from './jpeg.ts';
import { resize } from './resize.ts';
import { variation } from './variation.ts';

export type { Defence, Placement } from './defence.ts';

const kinds = { bits, blur, jpeg, median, resize, variation };

/**
 * A prepared model behind a defence: `canvas` [N,3,S,S] goes through it and then into the model. Gradients pass
 * straight through what rounds, so that `differentiate` gives those that an attacker who knows of the defence would
 * take.
 *
 * @throws GraphError for a model that is not prepared
 */
export function withDefence(model: Model, defence: Defence): Model {
  const [input] = model.inputs;
  const size = input?.shape?.[2];
  if (input?.shape?.length !== 4 || input.shape[1] !== 3 || typeof size !== 'number' || input.shape[3] !== size)
    throw new GraphError(
      `The input "${input?.name}" has shape [${input?.shape}], not [N,3,S,S]. Prepare the model first.`,
    );
  const b = new Builder({ ...model, outputs: [], nodes: [], constants: new Map() }, namesOf(model));
  b.scope = 'defence';
  const write = kinds[defence.kind] as (b: Builder, canvas: string, size: number, defence: Defence) => string;
  const shown = write(b, input.name, size, defence);
  const before = b.finish({});
  const behind = (node: Node) =>
    reads(node).includes(input.name) ? renamedNode(node, (name) => (name === input.name ? shown : name)) : node;
  return {
    ...model,
    constants: new Map([...before.constants, ...model.constants]),
    nodes: [...before.nodes, ...model.nodes.map(behind)],
  };
}
