import { GraphError } from './errors.ts';
import { at, attribute, type Dim, describe, intsAttribute, type Node } from './model.ts';

/** The geometry of a convolution or pooling window, one entry per spatial axis. */
export interface Window {
  kernel: number[];
  strides: number[];
  dilations: number[];
  /** Padding before and after; negative values crop. `auto_pad` is resolved where the input's size is known. */
  before: number[];
  after: number[];
  outputs: Dim[];
}

/** No window of any network comes near this; work and memory grow with it. */
const largest = 2 ** 14;

/** Kernel, strides, dilations and written padding; `outputs` is left empty. */
function written(node: Node, input: readonly Dim[], weights?: readonly Dim[]): Window {
  const rank = input.length - 2;
  const kernel = (intsAttribute(node, 'kernel_shape') ?? weights)?.map((size) => {
    if (typeof size !== 'number')
      throw new GraphError(
        `The kernel of ${describe(node)} has no fixed size. Only constant kernels are supported.`,
        at(node),
      );
    return size;
  });
  if (!kernel || kernel.length !== rank)
    throw new GraphError(
      `${describe(node)} needs a kernel of ${rank} dimensions for its input [${input}]. The node is not valid ONNX.`,
      at(node),
    );
  const strides = intsAttribute(node, 'strides') ?? kernel.map(() => 1);
  const dilations = intsAttribute(node, 'dilations') ?? kernel.map(() => 1);
  const pads = intsAttribute(node, 'pads') ?? [...kernel, ...kernel].map(() => 0);
  const sound =
    [kernel, strides, dilations].every((list) => list.length === rank && list.every((size) => size >= 1)) &&
    [...kernel, ...strides, ...dilations, ...pads].every((size) => Math.abs(size) <= largest) &&
    pads.length === 2 * rank;
  if (!sound)
    throw new GraphError(
      `${describe(node)} has kernel [${kernel}], strides [${strides}], dilations [${dilations}] and pads [${pads}]. The node is not valid ONNX.`,
      at(node),
    );
  return { kernel, strides, dilations, before: pads.slice(0, rank), after: pads.slice(rank), outputs: [] };
}

const reachOf = ({ kernel, dilations }: Window, i: number): number => dilations[i] * (kernel[i] - 1) + 1;

/** Reads the window of Conv, MaxPool, AveragePool, and computes the output size. */
export function windowOf(node: Node, input: readonly Dim[], weights?: readonly Dim[]): Window {
  const window = written(node, input, weights);
  const { kernel, strides, before, after } = window;
  const auto = attribute(node, 'auto_pad', 'NOTSET');
  const ceil = attribute(node, 'ceil_mode', 0) === 1;
  window.outputs = kernel.map((_, i): Dim => {
    const length = input[i + 2];
    const reach = reachOf(window, i);
    if (auto === 'VALID') before[i] = after[i] = 0;
    if (typeof length !== 'number') return `${node.outputs[0]}.${i + 2}`;
    if (auto === 'SAME_UPPER' || auto === 'SAME_LOWER') {
      const output = Math.ceil(length / strides[i]);
      const total = Math.max(0, (output - 1) * strides[i] + reach - length);
      before[i] = auto === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
      after[i] = total - before[i];
      return output;
    }
    const steps = (length + before[i] + after[i] - reach) / strides[i];
    let output = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // A window that would start in the padding after the input is dropped.
    if (ceil && (output - 1) * strides[i] >= length + before[i]) output--;
    if (!(output >= 1))
      throw new GraphError(
        `${describe(node)} has a window larger than its input [${input}]. The model's input is too small.`,
        at(node),
      );
    return output;
  });
  return window;
}

/**
 * Reads the window of ConvTranspose: the output size is that of an input from which Conv with this window would make
 * `input`.
 */
export function transposedWindowOf(node: Node, input: readonly Dim[], weights: readonly Dim[]): Window {
  const window = written(node, input, weights);
  const { kernel, strides, before, after } = window;
  const auto = attribute(node, 'auto_pad', 'NOTSET');
  const more = intsAttribute(node, 'output_padding') ?? kernel.map(() => 0);
  const wanted = intsAttribute(node, 'output_shape')?.slice(-kernel.length);
  window.outputs = kernel.map((_, i): Dim => {
    const length = input[i + 2];
    if (typeof length !== 'number') return `${node.outputs[0]}.${i + 2}`;
    const full = strides[i] * (length - 1) + more[i] + reachOf(window, i);
    const same = auto === 'SAME_UPPER' || auto === 'SAME_LOWER';
    const size = wanted?.[i] ?? (same ? length * strides[i] : undefined);
    if (size !== undefined) {
      const total = Math.max(0, full - size);
      before[i] = auto === 'SAME_UPPER' ? Math.floor(total / 2) : Math.ceil(total / 2);
      after[i] = total - before[i];
    } else if (auto === 'VALID') before[i] = after[i] = 0;
    return full - before[i] - after[i];
  });
  return window;
}
