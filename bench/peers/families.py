"""The families of image classifiers that people export, each by its smallest member: name -> how to build it, and at
which sizes."""

from collections.abc import Callable
from dataclasses import dataclass

import timm
import torch
import torchvision
from torch import nn


@dataclass(frozen=True)
class Family:
    build: Callable[[int], nn.Module]  # from the side of the input
    sizes: tuple[int, ...]  # sides to export at, taken in turn; odd ones wherever the network allows
    oldest: int = 11  # the first operator set that the TorchScript exporter can write it in


def of_timm(name: str, *sizes: int, oldest: int = 11, **options) -> Family:
    return Family(lambda side: timm.create_model(name, **options), sizes, oldest)


def of_timm_sized(name: str, *sizes: int, oldest: int = 11, **options) -> Family:
    return Family(lambda side: timm.create_model(name, img_size=side, **options), sizes, oldest)


def of_torchvision(name: str, *sizes: int, oldest: int = 11, **options) -> Family:
    return Family(lambda side: torchvision.models.get_model(name, weights=None, **options), sizes, oldest)


class CaffeNet(nn.Sequential):
    """Krizhevsky's network as Caffe has it (pooling before the normalisation, groups of two), a quarter as wide."""

    def __init__(self) -> None:
        def stage(inputs: int, outputs: int, kernel: int, stride: int, padding: int, groups: int) -> list[nn.Module]:
            return [nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups), nn.ReLU()]

        def reduction() -> list[nn.Module]:
            return [nn.MaxPool2d(3, 2, ceil_mode=True), nn.LocalResponseNorm(5, alpha=1e-2, beta=0.75)]

        super().__init__(
            *stage(3, 24, 11, 4, 0, 1),
            *reduction(),
            *stage(24, 64, 5, 1, 2, 2),
            *reduction(),
            *stage(64, 96, 3, 1, 1, 1),
            *stage(96, 96, 3, 1, 1, 2),
            *stage(96, 64, 3, 1, 1, 2),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.Flatten(),
            nn.LazyLinear(256),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(256, 100),
            nn.Softmax(1),
        )


def caffenet(side: int) -> nn.Module:
    network = CaffeNet().eval()
    with torch.no_grad():
        network(torch.zeros(1, 3, side, side))  # gives the lazy layer its size
    return network


def vgg(normalised: bool) -> Family:
    """VGG-11 with a head of 256 instead of 4096 units: the head alone would weigh 470 MB."""

    def build(side: int) -> nn.Module:
        network = torchvision.models.get_model('vgg11_bn' if normalised else 'vgg11', weights=None)
        network.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 256), nn.ReLU(), nn.Dropout(), nn.Linear(256, 1000)
        )
        return network

    return Family(build, (224,))


def fused(name: str, *sizes: int) -> Family:
    """A network trained with parallel branches, as it is deployed: folded into one convolution each."""
    return Family(lambda side: timm.utils.reparameterize_model(timm.create_model(name).eval()), sizes)


FAMILIES: dict[str, Family] = {
    'alexnet': of_torchvision('alexnet', 224),
    'caffenet': Family(caffenet, (131, 227)),
    'vgg': vgg(False),
    'vgg-bn': vgg(True),
    'squeezenet': of_torchvision('squeezenet1_1', 193, 224),
    'googlenet': of_torchvision('googlenet', 193, 224, init_weights=False),
    'inception3': of_torchvision('inception_v3', 193, 299, init_weights=False),
    'inception4': of_timm('inception_v4', 161),
    'resnet': of_timm('resnet18', 193, 225),
    'resnet-t': of_timm('resnet14t', 161, 176),
    'resnext': of_timm('resnext50_32x4d', 129, 160),
    'res2net': of_timm('res2net50_14w_8s', 129, 160),
    'densenet': of_torchvision('densenet121', 129, 224),
    'dla': of_timm('dla46x_c', 192, 224),
    'hrnet': of_timm('hrnet_w18_small', 128, 160),
    'mobilenet1': of_timm('mobilenetv1_100', 193, 225),
    'mobilenet2': of_timm('mobilenetv2_035', 193, 225),
    'mobilenet2-tv': of_torchvision('mobilenet_v2', 161),
    'mobilenet3': of_timm('mobilenetv3_small_050', 193, 225),
    'mobilenet3-tv': of_torchvision('mobilenet_v3_small', 193, 224),
    'mobilenet4': of_timm('mobilenetv4_conv_small_035', 193, 224),
    'mnasnet': of_timm('mnasnet_small', 193, 224),
    'efficientnet1': of_timm('efficientnet_b0', 161, 225),
    'efficientnet2': of_timm('tf_efficientnetv2_b0', 161, 192),
    'efficientnet-lite': of_timm('tf_efficientnet_lite0', 193, 224),
    'ghostnet': of_timm('ghostnet_050', 193, 224),
    'ghostnet2': of_timm('ghostnetv2_100', 224),
    'regnet-x': of_timm('regnetx_002', 193, 224),
    'regnet-y': of_timm('regnety_002', 193, 225),
    'shufflenet': of_torchvision('shufflenet_v2_x0_5', 193, 224),
    'nfnet': of_timm('nfnet_l0', 129, 160),
    'nf-regnet': of_timm('nf_regnet_b0', 161, 192),
    'nf-resnet': of_timm('nf_resnet26', 129, 160),
    'repvgg': of_timm('repvgg_a0', 161, 224),
    'repvgg-fused': fused('repvgg_a0', 161),
    'mobileone': of_timm('mobileone_s0', 161, 224),
    'mobileone-fused': fused('mobileone_s0', 193),
    'convnext1': of_timm('convnext_atto', 161, 224),
    'convnext1-tv': of_torchvision('convnext_tiny', 97),
    'convnext2': of_timm('convnextv2_atto', 161, 224),
    'mixer': of_timm('mixer_s32_224', 224),
    'resmlp': of_timm('resmlp_12_224', 224),
    'vit': of_timm_sized('vit_tiny_patch16_224', 112, 224),
    'vit-tv': of_torchvision('vit_b_32', 224, oldest=14),
    'deit': of_timm_sized('deit_tiny_distilled_patch16_224', 112, 224),
    'swin1': of_timm_sized('swin_tiny_patch4_window7_224', 112, 224),
    'swin1-tv': of_torchvision('swin_t', 161, 224),
    'swin2': of_timm('swinv2_cr_tiny_224', 224),
    'swin2-tv': of_torchvision('swin_v2_t', 128),
    'levit': of_timm('levit_128s', 224),
    'pit': of_timm('pit_ti_224', 224),
    'poolformer': of_timm('poolformer_s12', 161, 224),
    'poolformer2': of_timm('poolformerv2_s12', 161),
    'edgenext': of_timm('edgenext_xx_small', 161, 224),
    'fastvit': of_timm('fastvit_t8', 161, 224),
    'fastvit-attention': of_timm('fastvit_sa12', 128),
    'fastvit-fused': fused('fastvit_t8', 160),
    'mobilevit1': of_timm('mobilevit_xxs', 160, 224),
    'mobilevit2': of_timm('mobilevitv2_050', 161, 224),
    'efficientformer1': of_timm('efficientformer_l1', 224),
    'efficientformer2': of_timm('efficientformerv2_s0', 224),
}
