// Versions of the operator set. GPU providers have kernels for ranges of versions, and are years behind.
// Source: the history of each operator, https://onnx.ai/onnx/operators/, as of ONNX 1.23 (set 28).
import { attribute, type Model, type Node, text, type ValueType } from './model.ts';

/**
 * The newest operator set all of whose versions, of what gradients are made of, the native WebGPU provider has kernels
 * for: it has none for GridSample of set 20, MaxPool, GlobalAveragePool, ConvTranspose, HardSigmoid, Elu and others of
 * 22, Flatten of 23, Pad of 24.
 */
const served = 19;
/** The newest for all of them but GridSample. */
const nearlyServed = 21;
/** Nothing is known here of sets after this one. */
const newest = 28;

/** Operators that are newer than the served set, or meant something else in it. */
const since: Record<string, number> = {
  ...{ AffineGrid: 20, DFT: 20, Gelu: 20, ImageDecoder: 20, RegexFullMatch: 20, StringConcat: 20, StringSplit: 20 },
  ...{ GroupNormalization: 21, Attention: 23, RMSNormalization: 23, RotaryEmbedding: 23, Swish: 24, TensorScatter: 24 },
  ...{ BitCast: 26, CumProd: 26, CausalConvWithState: 27, LinearAttention: 27, SwiGLU: 28 },
};
/** Attributes that operators got later. */
const attributeSince: Record<string, number> = { block_size: 21, output_dtype: 21, precision: 23, round_mode: 24 };

type Types = ReadonlyMap<string, ValueType>;

/** The oldest set, but not older than the served one, in which a node means what it does. */
function oldestFor(node: Node, types: Types): number {
  if (node.domain !== '') return served;
  const { operator, inputs, outputs, attributes } = node;
  let oldest = Object.hasOwn(since, operator) ? since[operator] : served;
  for (const [name, value] of Object.entries(attributes)) {
    if (value.kind === 'graph') return newest;
    if (Object.hasOwn(attributeSince, name)) oldest = Math.max(oldest, attributeSince[name]);
  }
  const typesOf = [...inputs, ...outputs].map((name) => types.get(name));
  // Narrow floats and integers came, operator by operator, to all of them.
  if (typesOf.some((type) => type?.type.startsWith('opaque'))) return newest;
  const [first] = typesOf;
  if (operator === 'GridSample' && first?.shape?.length !== 4) return Math.max(oldest, 20);
  if ((operator === 'ReduceMax' || operator === 'ReduceMin') && first?.type === 'bool') return Math.max(oldest, 20);
  const quantises = operator === 'QuantizeLinear' || operator === 'DequantizeLinear';
  if (quantises && typesOf.some((type) => type?.type === 'int16' || type?.type === 'uint16'))
    return Math.max(oldest, 21);
  return oldest;
}

// The names of set 20, and what they replaced.
const modes: Record<string, string> = { linear: 'bilinear', cubic: 'bicubic' };

const asBefore = (node: Node): Node => {
  if (node.operator !== 'GridSample' || node.domain !== '') return node;
  const mode = attribute(node, 'mode', 'linear');
  return { ...node, attributes: { ...node.attributes, mode: text(modes[mode] ?? mode) } };
};

/**
 * The same model as one of the newest operator set that GPU providers have kernels for, where it is of a newer one that
 * changes none of its operators. Otherwise it stays as it is: right, with parts of it on the CPU.
 */
export function declaredAsServed(model: Model, types: Types): Model {
  if (model.opset <= served || model.opset > newest) return model;
  const oldest = model.nodes.reduce((set, node) => Math.max(set, oldestFor(node, types)), served);
  if (oldest > nearlyServed || oldest >= model.opset) return model;
  if (oldest > served) return { ...model, opset: oldest };
  return { ...model, opset: served, nodes: model.opset < 20 ? model.nodes : model.nodes.map(asBefore) };
}
