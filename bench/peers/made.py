"""Files that PyTorch's exporters do not write: Caffe's style, quantised models, float16 and external weights.

The reference gradient is torch's, through onnx_module.py in float64: an independent reading of the same file.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

import exports
import networks
from families import FAMILIES
from onnx_module import OnnxModule


class Writer:
    """A graph in the making: `add` returns the name of the node's output, `weight` that of an initializer."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, operator: str, *inputs: str, outputs: int = 1, **attributes) -> str:
        names = [f'{operator.lower()}{len(self.nodes)}_{i}' for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names[0]

    def constant(self, array: np.ndarray) -> str:
        name = f'weight_{len(self.weights)}'
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def weight(self, *shape: int) -> str:
        """Random, of the variance that keeps activations in range."""
        fan = int(np.prod(shape[1:])) if len(shape) > 1 else 100
        return self.constant((self.random.standard_normal(shape) * np.sqrt(2 / fan)).astype(np.float32))

    def conv(self, x: str, inputs: int, outputs: int, kernel: int, **attributes) -> str:
        weights = self.weight(outputs, inputs // attributes.get('group', 1), kernel, kernel), self.weight(outputs)
        return self.add('Conv', x, *weights, kernel_shape=[kernel, kernel], **attributes)

    def batch_normalization(self, x: str, channels: int, **attributes) -> str:
        scale, bias, mean, variance = (
            self.constant(values.astype(np.float32))
            for values in (
                self.random.uniform(0.5, 1.5, channels),
                self.random.standard_normal(channels) * 0.3,
                self.random.standard_normal(channels) * 0.3,
                self.random.uniform(0.5, 2, channels),
            )
        )
        return self.add('BatchNormalization', x, scale, bias, mean, variance, **attributes)

    def dense(self, x: str, inputs: int, outputs: int) -> str:
        return self.add('Gemm', x, self.weight(outputs, inputs), self.weight(outputs), transB=1)

    def model(self, y: str, side: int, classes: int, opset: int, batch=1, weights_are_inputs: bool = False) -> onnx.ModelProto:
        inputs = [helper.make_tensor_value_info('data_0', TensorProto.FLOAT, [batch, 3, side, side])]
        if weights_are_inputs:  # as everything before IR version 4 had to
            inputs += [helper.make_tensor_value_info(w.name, w.data_type, list(w.dims)) for w in self.weights]
        outputs = [helper.make_tensor_value_info(y, TensorProto.FLOAT, [batch, classes])]
        graph = helper.make_graph(self.nodes, 'classifier', inputs, outputs, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', opset)])
        model.ir_version = 3 if weights_are_inputs else 8
        return model


def caffenet(opset: int, width: int = 16, side: int = 67, classes: int = 50, seed: int = 1) -> onnx.ModelProto:
    """Krizhevsky's network as converted from Caffe2: batch of one, LRN, groups, Dropout with its mask, Softmax at the
    end."""
    w = Writer(seed)
    x = w.add('Relu', w.conv('data_0', 3, width, 11, strides=[4, 4], pads=[0, 0, 0, 0]))
    x = w.add('LRN', x, size=5, alpha=1e-2, beta=0.75, bias=1.0)
    x = w.add('MaxPool', x, kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 0, 0])
    x = w.add('Relu', w.conv(x, width, 2 * width, 5, pads=[2, 2, 2, 2], group=2))
    x = w.add('LRN', x, size=5, alpha=1e-2, beta=0.75, bias=2.0)
    x = w.add('MaxPool', x, kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 1, 1])  # Caffe rounds up; Caffe2 says so with pads
    x = w.add('Relu', w.conv(x, 2 * width, 3 * width, 3, pads=[1, 1, 1, 1]))
    x = w.add('AveragePool', x, kernel_shape=[2, 2], strides=[1, 1], pads=[0, 0, 1, 1])
    left = ((side - 11) // 4 + 1 - 3) // 2 + 1  # after the first pooling
    features = 3 * width * ((left + 1 - 3) // 2 + 1) ** 2
    x = w.add('Reshape', x, w.constant(np.array([1, features], np.int64)))
    x = w.add('Dropout', w.add('Relu', w.dense(x, features, 4 * width)), outputs=2, ratio=0.5)
    x = w.add('Softmax', w.dense(x, 4 * width, classes))
    return w.model(x, side, classes, opset, weights_are_inputs=True)


def inception(opset: int) -> onnx.ModelProto:
    """BN-Inception as Caffe2 wrote it: BatchNormalization, then the scale as Mul and Add of unsqueezed weights, Sum,
    Concat."""
    w, side = Writer(opset), 49
    x = w.conv('data_0', 3, 16, 7, strides=[2, 2], pads=[3, 3, 3, 3])
    x = w.batch_normalization(x, 16, epsilon=1e-5)
    for operator in ('Mul', 'Add'):
        factor = w.constant(w.random.uniform(0.5, 1.5, 16).astype(np.float32))
        x = w.add(operator, x, w.add('Unsqueeze', factor, axes=[1, 2]))
    x = w.add('Relu', x)
    x = w.add('MaxPool', x, kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 2, 2])
    branches = [
        w.add('Relu', w.conv(x, 16, 8, 1)),
        w.add('Relu', w.conv(w.add('LeakyRelu', w.conv(x, 16, 8, 1), alpha=0.1), 8, 12, 3, pads=[1, 1, 1, 1])),
        w.conv(w.add('AveragePool', x, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1]), 16, 8, 1),
        w.conv(w.add('MaxPool', x, kernel_shape=[3, 3], strides=[1, 1], pads=[1, 1, 1, 1]), 16, 8, 1),
    ]
    x = w.add('Concat', *branches, axis=1)
    x = w.add('Sum', x, w.conv(x, 36, 36, 3, auto_pad='SAME_UPPER'), w.conv(x, 36, 36, 3, dilations=[2, 2], pads=[2, 2, 2, 2]))
    x = w.add('Flatten', w.add('GlobalAveragePool', x))
    x = w.add('Softmax', w.dense(w.add('Dropout', x, ratio=0.4), 36, 50))
    return w.model(x, side, 50, opset, weights_are_inputs=True)


def shallow(seed: int, opset: int, width: int = 16, side: int = 65, classes: int = 50) -> onnx.ModelProto:
    """A few layers to quantise: in a deep random network a single rounding that falls the other way changes everything
    after it. Without MaxPool: on whole numbers it has ties everywhere, of which torch takes the first, and we all."""
    w = Writer(seed)
    x = w.add('Relu', w.conv('data_0', 3, width, 5, strides=[2, 2], pads=[2, 2, 2, 2]))
    x = w.conv(x, width, width, 3, strides=[2, 2], pads=[1, 1, 1, 1])
    y = w.add('Relu', w.conv(x, width, width, 3, pads=[1, 1, 1, 1], group=width))
    y = w.conv(y, width, width, 1)
    x = w.add('Relu', w.add('Add', x, y))
    x = w.add('Concat', x, w.add('AveragePool', y, kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1), axis=1)
    x = w.add('Flatten', w.add('GlobalAveragePool', w.conv(x, 2 * width, 2 * width, 3)))
    return w.model(w.dense(x, 2 * width, classes), side, classes, opset, batch='batch')


def small(seed: int, opset: int, family: str = 'mobilenet2', side: int = 65) -> onnx.ModelProto:
    """A float model to quantise or to store otherwise."""
    torch.manual_seed(seed)
    network = networks.prepare(FAMILIES[family].build(side), (2, 3, side, side), seed)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'model.onnx'
        exports.export(network, torch.randn(2, 3, side, side), file, 'torchscript', opset, dynamic=True)
        return onnx.load(file)


def quantise(model: onnx.ModelProto, file: Path, seed: int, per_channel: bool, activation: str, weight: str) -> None:
    """Saves the model with quantised weights and activations (QuantizeLinear and DequantizeLinear pairs), calibrated on
    noise."""
    from onnxruntime import quantization as q

    declared = model.graph.input[0]
    shape = [dim.dim_value or 2 for dim in declared.type.tensor_type.shape.dim]
    random = np.random.default_rng(seed)

    class Photos(q.CalibrationDataReader):
        left = 8

        def get_next(self):
            self.left -= 1
            return {declared.name: random.standard_normal(shape).astype(np.float32)} if self.left >= 0 else None

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / 'float.onnx'
        onnx.save(model, source)
        types = {'activation_type': getattr(q.QuantType, activation), 'weight_type': getattr(q.QuantType, weight)}
        q.quantize_static(source, file, Photos(), quant_format=q.QuantFormat.QDQ, per_channel=per_channel, **types)


def half_initializers(model: onnx.ModelProto) -> onnx.ModelProto:
    """Weights in float16, each behind a Cast: computation stays in float32."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            name, values = tensor.name, numpy_helper.to_array(tensor)
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f'{name}_half'))
            casts.append(helper.make_node('Cast', [tensor.name], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def half(model: onnx.ModelProto) -> onnx.ModelProto:
    """Computes in float16 between a float32 input and a float32 output, as the usual converters make it."""
    from onnxruntime.transformers.onnx_model import OnnxModel

    converted = OnnxModel(model)
    converted.convert_float_to_float16(keep_io_types=True)
    converted.topological_sort()  # the conversion appends its Casts at the end
    return converted.model


def made_cases() -> Iterator[exports.Case]:
    def case(name: str, opset: int, batch: str, write: Callable[[Path], None]) -> exports.Case:
        def make(folder: Path) -> None:
            torch.manual_seed(opset)
            write(folder)
            module = OnnxModule(onnx.load(folder / 'model.onnx')).eval()
            answer = exports.ask(module, torch.randn([module.shape[0] or 2, *module.shape[1:]]))
            answer.save(folder, family=name, exporter='onnx', opset=opset, batch=batch)

        return exports.Case(f'{name}-onnx-{opset}-{batch}', name, 'onnx', opset, batch, make)

    def saved(build: Callable[[], onnx.ModelProto], **options) -> Callable[[Path], None]:
        return lambda folder: onnx.save(build(), folder / 'model.onnx', **options)

    def quantised(seed: int, per_channel: bool, activation: str) -> Callable[[Path], None]:
        return lambda folder: quantise(shallow(seed, 13), folder / 'model.onnx', seed, per_channel, activation, 'QInt8')

    for opset in (7, 8, 9):
        yield case('caffenet', opset, 'fixed1', saved(lambda opset=opset: caffenet(opset)))
        yield case('inception2', opset, 'fixed1', saved(lambda opset=opset: inception(opset)))
    yield case('qdq-uint8', 13, 'dynamic', quantised(1, False, 'QUInt8'))
    yield case('qdq-int8-channels', 13, 'dynamic', quantised(2, True, 'QInt8'))
    yield case('half-weights', 17, 'dynamic', saved(lambda: half_initializers(small(3, 17))))
    yield case('half', 17, 'dynamic', saved(lambda: half(small(4, 17))))
    external = {'save_as_external_data': True, 'location': 'model.data', 'size_threshold': 0}
    yield case('external', 17, 'dynamic', saved(lambda: small(5, 17), **external))
    yield case('external-many', 12, 'dynamic', saved(lambda: small(6, 12), save_as_external_data=True, all_tensors_to_one_file=False))
