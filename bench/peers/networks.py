"""Networks with random but not degenerate weights: what they say about a gradient is worth as much as trained ones
would."""

import copy
import unittest.mock

import torch
from torch import nn


def prepare(network: nn.Module, shape: tuple[int, ...], seed: int, lift: float = 0) -> nn.Module:
    """Gives every constant parameter random values and every BatchNorm statistics of its own, in place.

    `lift` is added to BatchNorm's biases: it moves units away from the kink of the ReLU that follows.
    """
    torch.manual_seed(seed)
    revive(network)
    with torch.no_grad():
        for module in normalisations(network):
            if module.affine:
                module.bias.add_(lift)
    network.eval()
    calibrate(network, shape)
    return network


def normalisations(network: nn.Module) -> list[nn.Module]:
    return [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]


@torch.no_grad()
def revive(network: nn.Module) -> None:
    """Layer scales of 1e-6, zeroed residual branches and unit gains would hide errors: whole branches would not
    count."""
    for name, parameter in network.named_parameters():
        if parameter.min() != parameter.max():
            continue
        start = parameter.flatten()[0].item()
        last = name.rsplit('.', 1)[-1]
        if last.endswith('bias') or 'pos' in last or 'token' in last:
            parameter.add_(torch.randn_like(parameter) * 0.1)
        elif abs(start) > 0.1:
            parameter.mul_(torch.empty_like(parameter).uniform_(0.5, 1.5))
        else:
            parameter.uniform_(0.2, 1.0)


@torch.no_grad()
def calibrate(network: nn.Module, shape: tuple[int, ...], passes: int = 2) -> None:
    modules = normalisations(network)
    for module in modules:
        module.train()
        module.reset_running_stats()
        module.momentum = None  # a plain mean over the passes
    if modules:
        for _ in range(passes):
            network(torch.randn(4, *shape[1:]))
    for module in modules:
        module.eval()


def affine(x, mean, variance, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """BatchNorm in evaluation, written out: PyTorch 2.15's own backward is wrong for a batch of one whose gradient is a
    transposed view.

    LeViT has that: there torch.autograd disagrees with central differences in float64 by more than their size, and with
    this in place of F.batch_norm it agrees.
    """
    assert not training
    scale = torch.rsqrt(variance + eps) * (1 if weight is None else weight)
    shift = (0 if bias is None else bias) - mean * scale
    shape = [1, -1] + [1] * (x.dim() - 2)
    return x * scale.view(shape) + shift.view(shape)


def gradient(network: nn.Module, x: torch.Tensor, cotangent: torch.Tensor, dtype: torch.dtype):
    """The output, and the gradient of sum(cotangent * output) with respect to x, computed in `dtype`."""
    network = copy.deepcopy(network).to(dtype)
    x = x.detach().clone().to(dtype).requires_grad_(True)
    with unittest.mock.patch('torch.nn.functional.batch_norm', affine):
        y = network(x)
    (g,) = torch.autograd.grad(y, x, cotangent.to(dtype))
    return y.detach(), g.detach()
