"""An ONNX classifier as a torch.nn.Module, node by node: a second, independent reading of the file, which torch can
differentiate.

It covers plain convolutional networks and what is made of them here; an operator it does not have is an error with its
name. Constants become buffers, whatever depends on constants alone (such as dequantised weights) is computed once.
"""

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import helper, numpy_helper
from torch import nn


class OnnxModule(nn.Module):
    """Maps the model's first input to its first output."""

    def __init__(self, model: onnx.ModelProto) -> None:
        super().__init__()
        graph = model.graph
        self.opset = next(entry.version for entry in model.opset_import if entry.domain in ('', 'ai.onnx'))
        constants = {tensor.name: as_tensor(tensor) for tensor in graph.initializer}
        declared = next(value for value in graph.input if value.name not in constants)
        self.input = declared.name
        self.shape = [dim.dim_value for dim in declared.type.tensor_type.shape.dim]  # 0: open
        self.output = graph.output[0].name
        self.steps = []
        for node in ordered(graph):
            if node.op_type not in OPERATORS:
                raise NotImplementedError(f'{node.op_type} (node {node.name!r}) has no torch counterpart in onnx_module.py')
            attributes = {entry.name: helper.get_attribute_value(entry) for entry in node.attribute}
            attributes = {key: value.decode() if isinstance(value, bytes) else value for key, value in attributes.items()}
            run = OPERATORS[node.op_type](attributes, self.opset)
            if all(name in constants or not name for name in node.input):
                constants[node.output[0]] = run(*(constants[name] if name else None for name in node.input))
            else:
                self.steps.append((run, list(node.input), node.output[0]))
        read = {name for _, inputs, _ in self.steps for name in inputs}
        self.buffer_of = {}
        for name in read & constants.keys():
            self.buffer_of[name] = f'constant{len(self.buffer_of)}'
            self.register_buffer(self.buffer_of[name], constants[name])
        self.last_use = {name: index for index, (_, inputs, _) in enumerate(self.steps) for name in inputs}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values = {name: getattr(self, buffer) for name, buffer in self.buffer_of.items()} | {self.input: x, '': None}
        for index, (run, inputs, output) in enumerate(self.steps):
            values[output] = run(*(values[name] for name in inputs))
            for name in inputs:
                # What autograd does not keep is given back at once, as it would be in a module written by hand.
                if name and self.last_use[name] == index and name != self.output:
                    values.pop(name, None)
        return values[self.output]


def ordered(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Every node after those that it reads: some converters append theirs at the end."""
    waiting, result = list(graph.node), []
    made = {name for node in waiting for name in node.output}
    while waiting:
        ready = [node for node in waiting if not made.intersection(node.input)]
        if not ready:
            raise ValueError('The graph has a cycle.')
        result += ready
        made.difference_update(name for node in ready for name in node.output)
        waiting = [node for node in waiting if made.intersection(node.output)]
    return result


def as_tensor(tensor: onnx.TensorProto) -> torch.Tensor:
    """Weights in float16 are read as float32: narrower floats are about storage, not about the mathematics."""
    array = numpy_helper.to_array(tensor)
    return torch.from_numpy(np.array(array, np.float32 if array.dtype == np.float16 else array.dtype))


def ints(tensor: torch.Tensor) -> list[int]:
    return [int(value) for value in tensor.reshape(-1)]


def padding_of(attributes: dict, size, kernel, strides, dilations) -> list[int]:
    """[begin..., end...], as the attribute `pads`."""
    auto = attributes.get('auto_pad', 'NOTSET')
    if auto == 'NOTSET':
        return list(attributes.get('pads', [0] * 2 * len(kernel)))
    if auto == 'VALID':
        return [0] * 2 * len(kernel)
    total = [
        max(0, (-(-extent // stride) - 1) * stride + (width - 1) * dilation + 1 - extent)
        for extent, width, stride, dilation in zip(size, kernel, strides, dilations)
    ]
    small, large = [t // 2 for t in total], [t - t // 2 for t in total]
    return small + large if auto == 'SAME_UPPER' else large + small


def torch_pads(pads: list[int]) -> list[int]:
    """ONNX's [begin..., end...] in the order of F.pad: last axis first, begin and end side by side."""
    axes = len(pads) // 2
    return [pads[axis + side * axes] for axis in reversed(range(axes)) for side in (0, 1)]


def window(attributes: dict, x: torch.Tensor, kernel, fill: float, widest: bool = False):
    """x padded where torch's own padding cannot do it, and the arguments of the torch function."""
    axes = len(kernel)
    strides = attributes.get('strides', [1] * axes)
    dilations = attributes.get('dilations', [1] * axes)
    pads = padding_of(attributes, x.shape[2:], kernel, strides, dilations)
    begin, end = pads[:axes], pads[axes:]
    narrow = not widest or all(2 * pad <= width for pad, width in zip(begin, kernel))
    if begin == end and narrow:
        return x, strides, dilations, begin
    return F.pad(x, torch_pads(pads), value=fill), strides, dilations, [0] * axes


def conv(attributes, _):
    function = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}

    def run(x, w, b=None):
        x, strides, dilations, padding = window(attributes, x, w.shape[2:], 0)
        return function[w.dim() - 2](x, w, b, strides, padding, dilations, attributes.get('group', 1))

    return run


def max_pool(attributes, _):
    kernel = attributes['kernel_shape']
    function = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}[len(kernel)]

    def run(x):
        x, strides, dilations, padding = window(attributes, x, kernel, float('-inf'), widest=True)
        return function(x, kernel, strides, padding, dilations, bool(attributes.get('ceil_mode', 0)))

    return run


def average_pool(attributes, _):
    kernel = attributes['kernel_shape']
    function = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}[len(kernel)]
    counted = bool(attributes.get('count_include_pad', 0))
    ceil = bool(attributes.get('ceil_mode', 0))

    def run(x):
        padded, strides, _, padding = window(attributes, x, kernel, 0, widest=True)
        y = function(padded, kernel, strides, padding, ceil, counted)
        if padded is x or counted:
            return y
        # Padding was written out, so torch counted it: divide by the share of each window that lies in the picture.
        share = function(F.pad(torch.ones_like(x), torch_pads(padding_of(attributes, x.shape[2:], kernel, strides, [1] * len(kernel)))), kernel, strides, 0, ceil)  # fmt: skip
        return y / share

    return run


def gemm(attributes, _):
    alpha, beta = attributes.get('alpha', 1.0), attributes.get('beta', 1.0)

    def run(a, b, c=None):
        a = a.t() if attributes.get('transA') else a
        if attributes.get('transB') and alpha == 1 and beta == 1:
            return F.linear(a, b, c)
        y = alpha * (a @ (b.t() if attributes.get('transB') else b))
        return y if c is None else y + beta * c

    return run


def reshape(attributes, _):
    def run(x, target):
        return x.reshape([x.shape[axis] if size == 0 else size for axis, size in enumerate(ints(target))])

    return run


def flatten(attributes, _):
    axis = attributes.get('axis', 1)
    return lambda x: x.reshape(int(np.prod(x.shape[:axis])), -1)


def softmax(function):
    def make(attributes, opset):
        def run(x):
            if opset >= 13:
                return function(x, attributes.get('axis', -1))
            axis = attributes.get('axis', 1)  # before 13: all axes from this one on, together
            return function(x.flatten(axis), -1).reshape(x.shape)

        return run

    return make


def reduction(function):
    def make(attributes, _):
        def run(x, axes=None):
            axes = attributes.get('axes') if axes is None else ints(axes)
            return function(x, tuple(axes or range(x.dim())), keepdim=bool(attributes.get('keepdims', 1)))

        return run

    return make


def squeeze(attributes, _):
    def run(x, axes=None):
        axes = attributes.get('axes') if axes is None else ints(axes)
        return x.squeeze(tuple(axes)) if axes else x.squeeze()

    return run


def unsqueeze(attributes, _):
    def run(x, axes=None):
        axes = attributes.get('axes') if axes is None else ints(axes)
        for axis in sorted(axis % (x.dim() + len(axes)) for axis in axes):
            x = x.unsqueeze(axis)
        return x

    return run


def clip(attributes, _):
    def run(x, low=None, high=None):
        low = attributes.get('min') if low is None else float(low)
        high = attributes.get('max') if high is None else float(high)
        return F.relu(x) if low == 0 and high in (None, float('inf')) else x.clamp(low, high)

    return run


def pad(attributes, _):
    def run(x, pads=None, value=None, axes=None):
        pads = list(attributes['pads']) if pads is None else ints(pads)
        if axes is not None:
            chosen = ints(axes)
            whole = [0] * 2 * x.dim()
            for i, axis in enumerate(chosen):
                whole[axis], whole[axis + x.dim()] = pads[i], pads[i + len(chosen)]
            pads = whole
        mode = attributes.get('mode', 'constant')
        if mode == 'constant':
            return F.pad(x, torch_pads(pads), value=attributes.get('value', 0.0) if value is None else float(value))
        spatial = torch_pads(pads)[: 2 * (x.dim() - 2)]
        return F.pad(x, spatial, mode={'edge': 'replicate', 'reflect': 'reflect'}[mode])

    return run


def batch_normalization(attributes, _):
    epsilon = attributes.get('epsilon', 1e-5)
    return lambda x, scale, bias, mean, variance: F.batch_norm(x, mean, variance, scale, bias, False, 0.0, epsilon)


def lrn(attributes, _):
    size, alpha, beta, bias = attributes['size'], attributes.get('alpha', 1e-4), attributes.get('beta', 0.75), attributes.get('bias', 1.0)

    def run(x):
        before, after = (size - 1) // 2, size - 1 - (size - 1) // 2
        squares = F.pad(x * x, (0, 0, 0, 0, before, after))
        total = sum(squares[:, i : i + x.shape[1]] for i in range(size))
        return x / (bias + alpha / size * total) ** beta

    return run


def along(x: torch.Tensor, parameter: torch.Tensor, axis: int) -> torch.Tensor:
    """A scale or zero point of one axis, so that it broadcasts against x."""
    if parameter.numel() == 1:
        return parameter.reshape(())
    return parameter.reshape([-1 if i == axis % x.dim() else 1 for i in range(x.dim())])


class StraightThrough(torch.autograd.Function):
    """Rounds to the grid of an integer type. The gradient passes unless the rounded value had to be clipped."""

    @staticmethod
    def forward(context, x, low, high):
        rounded = x.round()
        context.save_for_backward((rounded >= low) & (rounded <= high))
        return rounded.clamp(low, high)

    @staticmethod
    def backward(context, gradient):
        (inside,) = context.saved_tensors
        return gradient * inside, None, None


RANGES = {torch.int8: (-128, 127), torch.uint8: (0, 255), torch.int16: (-32768, 32767), torch.uint16: (0, 65535)}


def quantize(attributes, _):
    axis = attributes.get('axis', 1)

    def run(x, scale, zero=None):
        low, high = RANGES[torch.uint8 if zero is None else zero.dtype]
        shift = 0 if zero is None else along(x, zero, axis).to(x.dtype)
        # Stays a float tensor on the integer grid: integers would cut the gradient.
        return StraightThrough.apply(x / along(x, scale, axis).to(x.dtype), low - shift, high - shift) + shift

    return run


def dequantize(attributes, _):
    axis = attributes.get('axis', 1)

    def run(x, scale, zero=None):
        shift = 0 if zero is None else along(x, zero, axis).to(scale.dtype)
        return (x.to(scale.dtype) - shift) * along(x, scale, axis)

    return run


def cast(attributes, _):
    kind = helper.tensor_dtype_to_np_dtype(attributes['to'])
    target = torch.from_numpy(np.zeros(0, kind)).dtype

    return lambda x: x if x.dtype.is_floating_point and target.is_floating_point else x.to(target)


def constant(attributes, _):
    (value,) = attributes.values()
    return lambda: as_tensor(value) if isinstance(value, onnx.TensorProto) else torch.tensor(value)




def simple(function):
    return lambda attributes, opset: function


OPERATORS = {
    'Add': simple(torch.add),
    'AveragePool': average_pool,
    'BatchNormalization': batch_normalization,
    'Cast': cast,
    'Clip': clip,
    'Concat': lambda attributes, _: lambda *parts: torch.cat(parts, attributes['axis']),
    'Constant': constant,
    'Conv': conv,
    'DequantizeLinear': dequantize,
    'Div': simple(torch.div),
    'Dropout': simple(lambda x, *_: x),
    'Flatten': flatten,
    'Gather': lambda attributes, _: lambda x, indices: x.index_select(attributes.get('axis', 0), indices.flatten()),
    'Gemm': gemm,
    'GlobalAveragePool': simple(lambda x: x.mean(tuple(range(2, x.dim())), keepdim=True)),
    'GlobalMaxPool': simple(lambda x: x.amax(tuple(range(2, x.dim())), keepdim=True)),
    'HardSigmoid': lambda attributes, _: lambda x: (
        attributes.get('alpha', 0.2) * x + attributes.get('beta', 0.5)
    ).clamp(0, 1),
    'HardSwish': simple(F.hardswish),
    'Identity': simple(lambda x: x),
    'LRN': lrn,
    'LeakyRelu': lambda attributes, _: lambda x: F.leaky_relu(x, attributes.get('alpha', 0.01)),
    'LogSoftmax': softmax(F.log_softmax),
    'MatMul': simple(torch.matmul),
    'MaxPool': max_pool,
    'Mul': simple(torch.mul),
    'Pad': pad,
    'QuantizeLinear': quantize,
    'ReduceMean': reduction(torch.mean),
    'ReduceSum': reduction(torch.sum),
    'Relu': simple(F.relu),
    'Reshape': reshape,
    'Sigmoid': simple(torch.sigmoid),
    'Softmax': softmax(F.softmax),
    'Squeeze': squeeze,
    'Sub': simple(torch.sub),
    'Sum': simple(lambda *parts: sum(parts[1:], parts[0])),
    'Tanh': simple(torch.tanh),
    'Transpose': lambda attributes, _: lambda x: x.permute(attributes['perm']),
    'Unsqueeze': unsqueeze,
}
