"""Exports of Keras applications through tf2onnx, in the folders that gradients.py compares. Needs an environment of its
own (README.md).

    <python with tensorflow> bench/peers/keras_exports.py --work /tmp/peers
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
os.environ.setdefault('CUDA_VISIBLE_DEVICES', '-1')

import keras
import numpy as np
import tensorflow as tf
import tf2onnx

import store

A = keras.applications
L = keras.layers


def tiny(weights, input_shape, classifier_activation) -> keras.Model:
    """In miniature what Keras networks are made of: 'same' padding at odd sizes, depthwise, squeeze and excitation,
    pooling."""
    image = L.Input(input_shape)
    x = L.ReLU(6.0)(L.BatchNormalization()(L.Conv2D(8, 3, 2, 'same', use_bias=False)(L.Rescaling(0.5, 0.25)(image))))
    y = L.Activation('hard_silu')(L.BatchNormalization()(L.DepthwiseConv2D(5, padding='same', use_bias=False)(x)))
    gate = L.Conv2D(8, 1, activation='hard_sigmoid')(L.Conv2D(4, 1, activation='relu')(L.GlobalAveragePooling2D(keepdims=True)(y)))
    x = L.Add()([x, L.Multiply()([y, gate])])
    x = L.Concatenate()([L.MaxPooling2D(3, 2, 'same')(x), L.AveragePooling2D(3, 2, 'same')(x)])
    x = L.SeparableConv2D(12, 3, padding='same', activation='swish')(L.ZeroPadding2D(((0, 1), (1, 0)))(x))
    return keras.Model(image, L.Dense(5, activation=classifier_activation)(L.GlobalAveragePooling2D()(x)))


# Name: constructor, side, options.
NETWORKS = {
    'mobilenet1': (A.MobileNet, 128, {'alpha': 0.25}),
    'mobilenet2': (A.MobileNetV2, 97, {'alpha': 0.35}),
    'mobilenet3': (A.MobileNetV3Small, 128, {'alpha': 0.75}),
    'efficientnet1': (A.EfficientNetB0, 97, {}),
    'efficientnet2': (A.EfficientNetV2B0, 96, {}),
    'inception3': (A.InceptionV3, 139, {}),
    'xception': (A.Xception, 97, {}),
    'resnet2': (A.ResNet50V2, 97, {}),
    'densenet': (A.DenseNet121, 97, {}),
    'nasnet': (A.NASNetMobile, 97, {}),
    'tiny': (tiny, 19, {}),
}
OPSETS = (11, 13, 15, 17, 18)
CALM = 5e-3
BATCHES = ('dynamic', 'fixed1', 'fixed3')


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--work', type=Path, required=True, help='folder for exported files')
    parser.add_argument('--only', action='append', default=[], help='only cases whose name holds this; repeatable')
    options = parser.parse_args()
    failures = 0
    for index, name in enumerate(NETWORKS):
        opset, batch = OPSETS[index % len(OPSETS)], BATCHES[index % len(BATCHES)]
        # The exporter's own option to put Transposes round a channels-first input.
        first = index % 4 == 3
        case = f'{name}-keras-{opset}-{batch}-{NETWORKS[name][1]}{"-nchw" if first else ""}'
        folder = options.work / case
        if store.exists(folder) or (options.only and not any(part in case for part in options.only)):
            continue
        store.clear(folder)
        keras.backend.clear_session()
        try:
            export(folder, name, opset, batch, first, index)
        except Exception as error:  # noqa: BLE001 - the others go on
            print(f'{case}: {type(error).__name__}: {error}', file=sys.stderr)
            failures += 1
    return 1 if failures else 0


def export(folder: Path, name: str, opset: int, batch: str, channels_first: bool, seed: int) -> None:
    side = NETWORKS[name][1]
    images = {'fixed3': 3}.get(batch, 2)
    # As in exports.py: chaotic networks are drawn again, ever calmer.
    for attempt in range(4):
        keras.utils.set_random_seed(seed + 100 * attempt)
        random = np.random.default_rng(seed + 100 * attempt)
        network = build(name, 'float32')
        revive(network, random, lift=0.5 * attempt)
        calibrate(network, random, (images, side, side, 3))
        x = random.standard_normal((images, side, side, 3)).astype(np.float32)
        cotangent = random.standard_normal((images, network.output_shape[1])).astype(np.float32)
        _, single = gradient(network, x, cotangent)
        double = build(name, 'float64')
        double.set_weights([weight.astype(np.float64) for weight in network.get_weights()])
        logits, exact = gradient(double, x.astype(np.float64), cotangent.astype(np.float64))
        if store.relative(single, exact) < CALM:
            break

    count = {'dynamic': None, 'fixed1': 1, 'fixed3': 3}[batch]
    signature = [tf.TensorSpec((count, side, side, 3), tf.float32, name='input')]
    names = {'inputs_as_nchw': ['input']} if channels_first else {}
    tf2onnx.convert.from_keras(network, signature, opset=opset, output_path=str(folder / 'model.onnx'), **names)

    order = (0, 3, 1, 2) if channels_first else (0, 1, 2, 3)
    x, exact, single = (array.transpose(order) for array in (x, exact, single))
    versions = f'tensorflow {tf.__version__}, tf2onnx {tf2onnx.__version__}'
    facts = {'family': name, 'exporter': 'keras', 'opset': opset, 'batch': batch, 'side': side, 'peer': versions}
    store.save(folder, x, cotangent, logits, exact, single, **facts)


def build(name: str, precision: str) -> keras.Model:
    keras.config.set_floatx(precision)
    keras.config.set_dtype_policy(precision)
    make, side, options = NETWORKS[name]
    return make(weights=None, input_shape=(side, side, 3), classifier_activation=None, **options)


def revive(network: keras.Model, random, lift: float) -> None:
    """Layer scales of 1e-6 and unit gains would hide errors; see networks.py."""
    for variable in network.trainable_variables:
        value = variable.numpy()
        if value.min() != value.max():
            continue
        start = value.flat[0]
        if 'bias' in variable.name or 'beta' in variable.name:
            raised = lift if 'beta' in variable.name else 0
            variable.assign(value + raised + 0.1 * random.standard_normal(value.shape))
        elif abs(start) > 0.1:
            variable.assign(value * random.uniform(0.5, 1.5, value.shape))
        else:
            variable.assign(random.uniform(0.2, 1.0, value.shape))


def calibrate(network: keras.Model, random, shape) -> None:
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    network(random.standard_normal((4, *shape[1:])).astype(np.float32), training=True)


def gradient(network: keras.Model, x: np.ndarray, cotangent: np.ndarray):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        logits = network(x, training=False)
        total = tf.reduce_sum(logits * cotangent)
    assert logits.dtype == x.dtype
    return logits.numpy(), tape.gradient(total, x).numpy()


if __name__ == '__main__':
    sys.exit(main())
