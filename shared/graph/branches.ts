// Exporters write If where a shape decides; once shapes are known, only one branch is left.
import type { Budget } from './budget.ts';
import type { Facts } from './facts.ts';
import type { Model, Node, Subgraph } from './model.ts';
import { renamedNode } from './names.ts';

/** The model with the branch taken in place of every If whose condition is known, or undefined where there is none. */
export function takeBranches(model: Model, { constants, budget }: Facts): Model | undefined {
  const added = new Map(model.constants);
  let taken = 0;
  const nodes = model.nodes.flatMap((node) => {
    const condition = node.operator === 'If' ? constants.get(node.inputs[0]) : undefined;
    const branch = condition && node.attributes[condition.data[0] ? 'then_branch' : 'else_branch'];
    if (branch?.kind !== 'graph') return [node];
    taken++;
    return branchNodes(node, branch.value, added, budget);
  });
  return taken > 0 ? { ...model, nodes, constants: added } : undefined;
}

/** The nodes of a branch under names of their own, since both branches of an If, and other Ifs, may use the same. */
function branchNodes(node: Node, branch: Subgraph, constants: Model['constants'], budget: Budget): Node[] {
  const prefix = `${node.outputs[0]}/`;
  const own = new Set([...branch.constants.keys(), ...branch.nodes.flatMap(({ outputs }) => outputs)]);
  const rename = (name: string) => {
    if (!own.has(name)) return name;
    budget.name(prefix + name);
    return prefix + name;
  };
  for (const [name, tensor] of branch.constants) constants.set(rename(name), tensor);
  const inner = branch.nodes.map((each) => ({
    ...renamedNode(each, rename),
    name: prefix + (each.name || each.outputs[0]),
  }));
  // The results pass under the names of the If, which other nodes read.
  const results = branch.outputs.map(
    ({ name }, i): Node => ({
      operator: 'Identity',
      domain: '',
      name: `${prefix}result${i}`,
      inputs: [rename(name)],
      outputs: [node.outputs[i]],
      attributes: {},
    }),
  );
  return [...inner, ...results.filter(({ outputs }) => outputs[0])];
}
