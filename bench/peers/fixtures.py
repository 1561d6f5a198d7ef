"""Writes test/fixtures/exported: families of classifiers in miniature, as exporters write them, with float64 gradients
beside them.

    python bench/peers/fixtures.py [--only swin] [--keras <folder that keras_exports.py filled>]
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import timm
import torch
import torchvision
from safetensors.numpy import save_file
from timm.models import byobnet, edgenext, ghostnet, levit, mobilevit, nfnet
from torch import nn
from torchvision.models import mobilenetv3

import exports
import made
import networks
from onnx_module import OnnxModule

FOLDER = exports.HERE.parents[1] / 'test/fixtures/exported'
CLASSES = 5


@dataclass(frozen=True)
class Fixture:
    build: Callable[[], nn.Module]
    exporter: str
    opset: int
    shape: tuple[int, ...]  # batch first; only a batch of two is left open
    dynamic: bool = True


def vit() -> nn.Module:
    return timm.models.VisionTransformer(
        img_size=16, patch_size=4, embed_dim=16, depth=2, num_heads=2, mlp_ratio=2, num_classes=CLASSES
    )


def swin() -> nn.Module:
    return timm.models.SwinTransformer(
        img_size=24, patch_size=4, window_size=3, embed_dim=8, depths=(2,), num_heads=(2,), mlp_ratio=2, num_classes=CLASSES
    )


def swin2() -> nn.Module:
    return torchvision.models.SwinTransformer(
        patch_size=[4, 4], embed_dim=8, depths=[2], num_heads=[2], window_size=[2, 2], mlp_ratio=1, num_classes=CLASSES,
        block=torchvision.models.swin_transformer.SwinTransformerBlockV2,
    )  # fmt: skip


def shufflenet() -> nn.Module:
    return torchvision.models.ShuffleNetV2([2, 1, 1], [4, 8, 8, 12, 16], num_classes=CLASSES)


def ghost() -> nn.Module:
    stages = [[[3, 16, 16, 0, 1]], [[3, 48, 24, 0, 2]], [[5, 72, 40, 0.25, 2]]]
    network = ghostnet.GhostNet(stages, num_classes=CLASSES, width=0.2, version='v2')
    network.conv_head = nn.Conv2d(network.conv_head.in_channels, 16, 1)  # 1280 whatever the width
    network.classifier = nn.Linear(16, CLASSES)
    return network


def mobilenet3() -> nn.Module:
    def block(*settings) -> mobilenetv3.InvertedResidualConfig:
        return mobilenetv3.InvertedResidualConfig(*settings, dilation=1, width_mult=1)

    stages = [block(8, 3, 16, 8, True, 'RE', 1), block(8, 5, 24, 16, True, 'HS', 2)]
    return torchvision.models.MobileNetV3(stages, last_channel=24, num_classes=CLASSES)


def convnext2() -> nn.Module:
    return timm.models.ConvNeXt(
        depths=(1, 1, 1, 1), dims=(8, 8, 8, 12), num_classes=CLASSES, kernel_sizes=5, conv_mlp=True, use_grn=True, ls_init_value=None
    )


def mobilevit_small() -> nn.Module:
    settings = byobnet.ByoModelCfg(
        blocks=(
            mobilevit._inverted_residual_block(d=1, c=8, s=2, br=2.0),
            mobilevit._mobilevit_block(d=1, c=8, s=1, transformer_dim=8, transformer_depth=1, patch_size=2, br=1.0),
        ),
        stem_chs=8, stem_type='3x3', stem_pool='', downsample='', act_layer='silu', num_features=16,
    )  # fmt: skip
    return byobnet.ByobNet(settings, num_classes=CLASSES)


def nf() -> nn.Module:
    settings = nfnet.NfCfg(
        depths=(1, 1, 1, 1), channels=(8, 8, 8, 16), stem_type='deep_quad', stem_chs=8, group_size=4, bottle_ratio=0.5,
        extra_conv=True, num_features=16, act_layer='gelu', attn_layer='se', attn_kwargs={'rd_ratio': 0.5}, same_padding=True,
    )  # fmt: skip
    return nfnet.NormFreeNet(settings, num_classes=CLASSES)


class Inception(nn.Module):
    """Branches as in Inception 3 and 4: factorised 1x7 and 7x1, average pooling that leaves padding out, pooling that
    rounds up."""

    def __init__(self) -> None:
        super().__init__()

        def unit(inputs: int, outputs: int, kernel, **options) -> nn.Sequential:
            return nn.Sequential(nn.Conv2d(inputs, outputs, kernel, bias=False, **options), nn.BatchNorm2d(outputs), nn.ReLU())

        self.stem = nn.Sequential(unit(3, 8, 3, stride=2), nn.MaxPool2d(3, 2, ceil_mode=True))
        self.one = unit(8, 6, 1)
        self.seven = nn.Sequential(unit(8, 6, (1, 7), padding=(0, 3)), unit(6, 6, (7, 1), padding=(3, 0)))
        self.average = nn.Sequential(nn.AvgPool2d(3, 1, 1, count_include_pad=False), unit(8, 6, 1))
        self.reduction = nn.ModuleList([unit(18, 8, 3, stride=2), nn.MaxPool2d(3, 2), nn.AvgPool2d(3, 2)])
        self.dilated = unit(44, 16, 3, padding=2, dilation=2)
        self.head = nn.Linear(16, CLASSES)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.stem(x)
        x = torch.cat([self.one(x), self.seven(x), self.average(x)], 1)
        x = torch.cat([branch(x) for branch in self.reduction], 1)
        return self.head(self.dilated(x).mean((2, 3)))


def levit_small() -> nn.Module:
    return levit.Levit(
        img_size=32, num_classes=CLASSES, embed_dim=(16, 24), key_dim=4, depth=(1, 1), num_heads=(2, 3), attn_ratio=2, mlp_ratio=1,
        stem_type='s8',
    )  # fmt: skip


def edge() -> nn.Module:
    return edgenext.EdgeNeXt(
        num_classes=CLASSES, dims=(8, 8, 12, 12), depths=(1, 2, 1, 1), global_block_counts=(0, 1, 0, 0), kernel_sizes=(3, 5, 3, 3),
        heads=(2, 2, 2, 2), d2_scales=(2, 2, 2, 2), use_pos_emb=(False, True, False, False), expand_ratio=1,
    )  # fmt: skip


TORCH = {
    'vit': Fixture(vit, 'dynamo', 20, (2, 3, 16, 16)),
    'swin': Fixture(swin, 'torchscript', 16, (1, 3, 24, 24), dynamic=False),
    'swin2': Fixture(swin2, 'dynamo', 21, (1, 3, 18, 16), dynamic=False),
    'shufflenet': Fixture(shufflenet, 'torchscript', 11, (2, 3, 17, 19)),
    'ghostnet2': Fixture(ghost, 'dynamo', 18, (2, 3, 19, 16)),
    'mobilenet3': Fixture(mobilenet3, 'torchscript', 13, (2, 3, 17, 19)),
    'convnext2': Fixture(convnext2, 'dynamo', 20, (1, 3, 35, 32), dynamic=False),
    'mobilevit': Fixture(mobilevit_small, 'torchscript', 17, (1, 3, 20, 26), dynamic=False),
    'nfnet': Fixture(nf, 'dynamo', 19, (1, 3, 27, 27), dynamic=False),
    'inception': Fixture(Inception, 'torchscript', 12, (2, 3, 23, 21)),
    'levit': Fixture(levit_small, 'dynamo', 18, (1, 3, 32, 32), dynamic=False),
    'edgenext': Fixture(edge, 'dynamo', 21, (1, 3, 35, 32), dynamic=False),
}


def export(fixture: Fixture, seed: int, file: Path):
    # Without it attention is written in single steps, as operator sets before 14 need.
    timm.layers.set_fused_attn(fixture.exporter == 'dynamo')
    torch.manual_seed(seed)
    network = networks.prepare(fixture.build(), fixture.shape, seed)
    x = torch.randn(fixture.shape)
    exports.export(network, x, file, fixture.exporter, fixture.opset, fixture.dynamic)
    return network, x


def shallow(seed: int, opset: int) -> onnx.ModelProto:
    return made.shallow(seed, opset, width=8, side=19, classes=CLASSES)


def write_quantised(file: Path, seed: int) -> None:
    made.quantise(shallow(seed, 13), file, seed, per_channel=True, activation='QInt8', weight='QInt8')


def write_half(file: Path, seed: int) -> None:
    onnx.save(made.half_initializers(shallow(seed, 17)), file)


def write_external(file: Path, seed: int) -> None:
    onnx.save(shallow(seed, 12), file, save_as_external_data=True, location=f'{file.stem}.data', size_threshold=0)


def write_caffenet(file: Path, seed: int) -> None:
    onnx.save(made.caffenet(7, width=4, side=35, classes=CLASSES, seed=seed), file)


MADE = {
    'caffenet': write_caffenet,
    'quantised': write_quantised,
    'half': write_half,
    'external': write_external,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--only', action='append', default=[], help='only this fixture; repeatable')
    parser.add_argument('--keras', type=Path, help='the work folder of keras_exports.py: its "tiny" network becomes a fixture too')
    options = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in [*TORCH, *MADE]:
        if not options.only or name in options.only:
            smooth(name)
    if options.keras:
        (folder,) = options.keras.glob('tiny-keras-*')
        strip(onnx.load(folder / 'model.onnx'), FOLDER / 'keras.onnx')
        names = {'input': 'input', 'cotangent': 'cotangent', 'logits': 'expected-logits', 'gradient': 'expected-gradient'}
        keep('keras', **{name: np.load(folder / f'{file}.npy') for name, file in names.items()})
    return 0


def smooth(name: str) -> None:
    """The first seed whose kinks no rounding error crosses, so that the test can be strict."""
    for seed in range(1, 50):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f'{name}.onnx'
            if name in TORCH:
                network, x = export(TORCH[name], seed, file)
            else:
                torch.manual_seed(seed)
                MADE[name](file, seed)
                network = OnnxModule(onnx.load(file)).eval()
                x = torch.randn([network.shape[0] or 2, *network.shape[1:]])
            answer = exports.ask(network, x)
            if answer.noise < 5e-6:
                strip(onnx.load(file, load_external_data=False), FOLDER / file.name)
                for other in file.parent.glob('*.data'):
                    shutil.copy(other, FOLDER)
                keep(name, input=x, cotangent=answer.cotangent, logits=answer.logits, gradient=answer.gradient)
                return
    raise SystemExit(f'{name}: no seed without a kink.')


def strip(model: onnx.ModelProto, file: Path) -> None:
    """Saves without the stack traces that exporters leave on every node: they are long, and name the exporting
    machine's folders."""
    functions = [(function.node, function.value_info) for function in model.functions]
    del model.metadata_props[:]
    for nodes, values in [(model.graph.node, model.graph.value_info), *functions]:
        for entry in [*nodes, *values, model.graph, *model.graph.input, *model.graph.output, *model.graph.initializer, *model.functions]:
            entry.ClearField('metadata_props')
            entry.ClearField('doc_string')
    model.ClearField('doc_string')
    onnx.save(model, file)


def keep(name: str, **arrays) -> None:
    tensors = {key: np.ascontiguousarray(array, np.float32) for key, array in arrays.items()}
    save_file(tensors, FOLDER / f'{name}.safetensors')
    sizes = ', '.join(f'{file.name} {file.stat().st_size // 1024} KB' for file in sorted(FOLDER.glob(f'{name}.*')))
    print(sizes, f"gradient of length {np.linalg.norm(tensors['gradient']):.3g}", flush=True)


if __name__ == '__main__':
    sys.exit(main())
