// Models that take whole numbers as a picture's file has them: TensorFlow exports begin with uint8 and a Cast.
import { GraphError } from './errors.ts';
import { castType } from './evaluate.ts';
import { at, describe, type Model, type Node, reads } from './model.ts';
import { type ElementType, floats, numbers, type Tensor } from './tensor.ts';

const whole = new Set<ElementType>(['uint8', 'uint16', 'int16', 'uint32', 'int32', 'uint64', 'int64']);

/** Whether an input of this type holds pixel values 0..255 as whole numbers. */
export const isWhole = (type: ElementType): boolean => whole.has(type);

/** What gives the same pixels in another place or shape, and reads no other values. */
const moving = new Set([
  ...['Identity', 'Transpose', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Expand', 'Tile'],
  ...['Slice', 'Gather', 'Split', 'Concat', 'Resize', 'DepthToSpace', 'SpaceToDepth'],
]);
/** What looks at the shape alone. */
const measuring = new Set(['Shape', 'Size']);

/**
 * The model with a float32 input in place of one of whole numbers; any other model as it is. The Cast to float, or the
 * DequantizeLinear, takes floats as they are: on whole numbers the results are those of the file, and in between there
 * is a gradient, as if rounding had been passed straight through.
 *
 * @throws GraphError where a node computes with the whole numbers themselves
 */
export function withFloatInput(model: Model): Model {
  const [input, ...others] = model.inputs;
  if (!input || !isWhole(input.type)) return model;
  const pixels = new Set([input.name]);
  const constants = new Map(model.constants);
  const nodes = model.nodes.flatMap((node): Node[] => {
    if (!reads(node).some((name) => pixels.has(name)) || (node.domain === '' && measuring.has(node.operator)))
      return [node];
    const changed = node.domain === '' ? floating(node, pixels, constants) : undefined;
    if (changed) return changed;
    throw new GraphError(
      `The model's input "${input.name}" is ${input.type}, and the ${describe(node)} computes with its whole numbers before they become floats, which has no gradient. Export the model for float32.`,
      at(node),
    );
  });
  return { ...model, inputs: [{ ...input, type: 'float32' }, ...others], nodes, constants };
}

/** A node that reads whole pixels, for floats; undefined where it is none that can be. */
function floating(node: Node, pixels: Set<string>, constants: Map<string, Tensor>): Node[] | undefined {
  const [x, scale, zero] = node.inputs;
  const [output] = node.outputs;
  if (moving.has(node.operator)) {
    const values = node.operator === 'Concat' ? node.inputs : [x];
    if (!values.every((name) => pixels.has(name))) return undefined;
    for (const name of node.outputs) pixels.add(name);
    return [node];
  }
  if (node.operator === 'Cast') {
    const type = castType(node);
    if (type === 'float64') return [node];
    if (type !== 'float32' && !(type && isWhole(type))) return undefined;
    if (type !== 'float32') pixels.add(output);
    return [{ ...node, operator: 'Identity', attributes: {} }];
  }
  if (node.operator !== 'DequantizeLinear') return undefined;
  const [factor, offset] = [scale, zero].map((name) => (name ? constants.get(name) : floats([0])));
  if (factor?.data.length !== 1 || offset?.data.length !== 1) return undefined;
  const [centred, shift] = [`${output}/float`, `${output}/float/zero`];
  constants.set(shift, floats(numbers(offset), []));
  return [
    { ...node, name: centred, operator: 'Sub', inputs: [x, shift], outputs: [centred], attributes: {} },
    { ...node, operator: 'Mul', inputs: [centred, scale], attributes: {} },
  ];
}
