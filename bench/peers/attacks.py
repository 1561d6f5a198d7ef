"""Universal perturbations with other people's tools, on the model and the photos that the Atlas has: a plain PyTorch
loop, and ART.

Called by bench/attacks.ts with one JSON argument; writes the perturbation as .npy and prints {"seconds": ...}. Needs
torch, onnx2torch and adversarial-robustness-toolbox. Seconds are those of crafting alone: loading and converting the
model are not counted.
"""

import json
import math
import sys
import time

import numpy as np
import onnx
import torch
from onnx2torch import convert
from torch import nn


class Classifier(nn.Module):
    """Canvases of 224 x 224 pixels, RGB, 0..255, to logits, as the model's card says."""

    def __init__(self, path: str, preprocessing: dict):
        super().__init__()
        self.network = convert(onnx.load(path)).eval()
        self.size = preprocessing['inputSize']
        self.flip = preprocessing['channelOrder'] == 'BGR'
        self.scale = preprocessing['range'] / 255
        self.register_buffer('mean', torch.tensor(preprocessing['mean']).view(1, 3, 1, 1))
        self.register_buffer('std', torch.tensor(preprocessing['std']).view(1, 3, 1, 1))

    def forward(self, x):
        if self.flip:
            x = x.flip(1)
        if x.shape[-1] != self.size:
            x = nn.functional.interpolate(x, size=self.size, mode='bilinear', align_corners=False)
        return self.network((x * self.scale - self.mean) / self.std)


def loop(model: nn.Module, photos: torch.Tensor, gradients: int, epsilon: float, seed: int, batch: int = 20) -> torch.Tensor:
    """Cosine between clean and perturbed logits, sign of L1-normalised momentum 0.9, steps of epsilon / 10 that decay
    to a tenth, flips."""
    torch.manual_seed(seed)
    with torch.no_grad():
        clean = torch.cat([model(part) for part in photos.split(50)])
    v = (torch.rand_like(photos[:1]) * 2 - 1) * epsilon / 10
    momentum = torch.zeros_like(v)
    steps = gradients // batch
    order = torch.randperm(len(photos))
    at = 0
    for step in range(steps):
        if at + batch > len(order):
            order, at = torch.randperm(len(photos)), 0
        chosen = order[at : at + batch]
        at += batch
        x = photos[chosen]
        mirrored = torch.rand(len(x)) < 0.5
        x = torch.where(mirrored.view(-1, 1, 1, 1), x.flip(3), x)
        v = v.detach().requires_grad_(True)
        loss = nn.functional.cosine_similarity(model((x + v).clamp(0, 255)), clean[chosen]).mean()
        (gradient,) = torch.autograd.grad(loss, v)
        momentum = 0.9 * momentum + gradient / gradient.abs().sum()
        size = epsilon / 10 * (0.1 + 0.9 * (1 + math.cos(math.pi * step / steps)) / 2)
        v = (v.detach() - size * momentum.sign()).clamp(-epsilon, epsilon)
    return v[0].detach()


def art(model: nn.Module, photos: torch.Tensor, epsilon: float, seed: int) -> torch.Tensor:
    """ART's UniversalPerturbation with DeepFool, one pass, with the bound in the units of its input."""
    from art.attacks.evasion import UniversalPerturbation
    from art.estimators.classification import PyTorchClassifier

    np.random.seed(seed)
    classifier = PyTorchClassifier(
        model=model, loss=nn.CrossEntropyLoss(), input_shape=(3, 224, 224), nb_classes=1000, clip_values=(0, 255), device_type='cpu'
    )
    attack = UniversalPerturbation(
        classifier, attacker='deepfool', attacker_params={'max_iter': 10, 'verbose': False}, delta=0.2, max_iter=1, eps=epsilon, norm=np.inf, verbose=False
    )
    attack.generate(photos.numpy())
    return torch.tensor(np.asarray(attack.noise, dtype=np.float32)).reshape(3, 224, 224)


def main() -> None:
    task = json.loads(sys.argv[1])
    model = Classifier(task['onnx'], task['preprocessing'])
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    photos = torch.tensor(np.load(task['canvases'])).float()
    started = time.perf_counter()
    if task['tool'] == 'loop':
        v = loop(model, photos, task['gradients'], task['epsilon'], task['seed'])
    else:
        v = art(model, photos, task['epsilon'], task['seed'])
    seconds = time.perf_counter() - started
    np.save(task['out'], v.clamp(-task['epsilon'], task['epsilon']).numpy().astype(np.float32))
    print(json.dumps({'seconds': seconds}))


main()
