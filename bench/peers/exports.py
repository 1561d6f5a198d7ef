"""Exports of the families by PyTorch's two exporters, with the gradient that torch.autograd computes in float64."""

import contextlib
import io
import logging
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import timm
import torch

import networks
import store
from families import FAMILIES, Family

HERE = Path(__file__).resolve().parent

# Taken in turn by the families; every family is written at two operator sets by each exporter.
TORCHSCRIPT_OPSETS = (11, 13, 17, 14, 16, 12, 15)
DYNAMO_OPSETS = (18, 20, 21, 19)
CALM = 5e-3  # the relative difference of float32's gradient that a network may have
BATCHES = ('dynamic', 'fixed1', 'fixed3')


@dataclass(frozen=True)
class Case:
    name: str
    family: str
    exporter: str
    opset: int
    batch: str
    make: Callable[[Path], None]  # fills an empty folder as store.py says


def torch_cases() -> Iterator[Case]:
    """Round by round, so that a run that is cut short has seen every family."""
    for turn in range(2):
        for exporter, opsets in (('torchscript', TORCHSCRIPT_OPSETS), ('dynamo', DYNAMO_OPSETS)):
            for index, (name, family) in enumerate(FAMILIES.items()):
                at = index + turn * (len(opsets) // 2)
                opset = opsets[at % len(opsets)]
                if exporter == 'torchscript':
                    opset = max(opset, family.oldest)
                batch = BATCHES[(index + turn + (exporter == 'dynamo')) % len(BATCHES)]
                side = family.sizes[turn % len(family.sizes)]
                yield torch_case(name, family, exporter, opset, batch, side, index)


def torch_case(name: str, family: Family, exporter: str, opset: int, batch: str, side: int, seed: int) -> Case:
    def make(folder: Path) -> None:
        images = 3 if batch == 'fixed3' else 2
        # Before 14 there is no way to write the fused attention.
        timm.layers.set_fused_attn(opset >= 14)
        # Random networks can be chaotic, so that float32 itself says nothing: then others are drawn, ever calmer.
        for attempt in range(4):
            torch.manual_seed(seed + 100 * attempt)
            network = family.build(side)
            networks.prepare(network, (images, 3, side, side), seed + 100 * attempt, lift=0.5 * attempt)
            answer = ask(network, torch.randn(images, 3, side, side))
            if answer.noise < CALM:
                break
        x = answer.x[:1] if batch == 'fixed1' else answer.x
        export(network, x, folder / 'model.onnx', exporter, opset, batch == 'dynamic')
        answer.save(folder, side=side, family=name, exporter=exporter, opset=opset, batch=batch)

    label = f'{name}-{exporter}-{opset}-{batch}-{side}'
    return Case(label, name, exporter, opset, batch, make)


@dataclass(frozen=True)
class Answer:
    """What torch says about one input: output and gradient in float64, and the gradient in float32."""

    x: torch.Tensor
    cotangent: torch.Tensor
    logits: torch.Tensor
    gradient: torch.Tensor
    single: torch.Tensor

    @property
    def noise(self) -> float:
        return store.relative(self.single.numpy(), self.gradient.numpy())

    def save(self, folder: Path, **facts) -> None:
        arrays = [tensor.numpy() for tensor in (self.x, self.cotangent, self.logits, self.gradient, self.single)]
        store.save(folder, *arrays, peer=f'torch {torch.__version__}', **facts)


def ask(network: torch.nn.Module, x: torch.Tensor) -> Answer:
    with torch.no_grad():
        cotangent = torch.randn_like(network(x))
    logits, gradient = networks.gradient(network, x, cotangent, torch.float64)
    _, single = networks.gradient(network, x, cotangent, torch.float32)
    return Answer(x, cotangent, logits, gradient, single)


def export(network, x: torch.Tensor, file: Path, exporter: str, opset: int, dynamic: bool) -> None:
    common = {'input_names': ['input'], 'output_names': ['logits'], 'opset_version': opset}
    noise = io.StringIO()  # both exporters talk a lot
    logging.getLogger('torch.onnx').setLevel(logging.ERROR)
    with warnings.catch_warnings(), contextlib.redirect_stdout(noise), contextlib.redirect_stderr(noise):
        warnings.simplefilter('ignore')
        if exporter == 'torchscript':
            axes = {'input': {0: 'batch'}, 'logits': {0: 'batch'}} if dynamic else None
            torch.onnx.export(network, (x,), str(file), dynamo=False, dynamic_axes=axes, **common)
        else:
            shapes = ({0: torch.export.Dim('batch')},) if dynamic else None
            torch.onnx.export(
                network, (x,), str(file), dynamo=True, dynamic_shapes=shapes, external_data=False, **common
            )
