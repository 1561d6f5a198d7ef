"""How many input gradients a second PyTorch makes of an ONNX classifier on the CPU: loss (cross-entropy), logits and
gradient.

    python bench/peers/torch_gradients.py --model model.onnx --batch 32 --layout channels_last

Speaks JSON lines, so that a benchmark can take turns between peers: it prints {"ready": true, ...} once the model is
warm, and answers every {"seconds": s} on standard input with {"images": n, "seconds": t} after about s seconds of work.
Ends with its input.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn.functional as F

from onnx_module import OnnxModule


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--model', type=Path, required=True, help='ONNX classifier from images to logits')
    parser.add_argument('--batch', type=int, default=32)
    parser.add_argument('--layout', choices=['nchw', 'channels_last'], default='channels_last')
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--size', type=int, help='side of the input, where the file leaves it open')
    parser.add_argument('--check', type=Path, metavar='x.npy', help='answer for this input and end: writes x.gradient.npy and x.logits.npy')
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    model = onnx.load(options.model)
    layout = torch.channels_last if options.layout == 'channels_last' else torch.contiguous_format
    network = OnnxModule(model).eval().to(memory_format=layout)

    def step(x: torch.Tensor, labels: torch.Tensor):
        x.requires_grad_(True)
        logits = network(x)
        # The sum, so that every image has the gradient that it would have alone.
        loss = F.cross_entropy(logits.flatten(1), labels, reduction='sum')
        (gradient,) = torch.autograd.grad(loss, x)
        return loss.detach(), logits.detach(), gradient

    if options.check:
        x = torch.from_numpy(np.load(options.check)).contiguous(memory_format=layout)
        _, logits, gradient = step(x, torch.arange(len(x)) % 10)
        np.save(options.check.with_suffix('.logits.npy'), logits.numpy())
        np.save(options.check.with_suffix('.gradient.npy'), gradient.contiguous().numpy())
        return 0

    if network.shape[0] not in (0, options.batch):
        parser.error(f'The file takes batches of {network.shape[0]}, not {options.batch}. Give one with an open batch.')
    shape = [options.batch, *(size or options.size or 0 for size in network.shape[1:])]
    if 0 in shape:
        parser.error(f'The file leaves the input at {network.shape}. Give its side with --size.')
    torch.manual_seed(1)
    x = torch.rand(shape).contiguous(memory_format=layout)
    labels = torch.arange(options.batch) % 10
    step(x, labels)
    say(ready=True, torch=torch.__version__, threads=options.threads, shape=shape, layout=options.layout)
    for line in sys.stdin:
        seconds = json.loads(line)['seconds']
        images, start = 0, time.perf_counter()
        while time.perf_counter() - start < seconds:
            step(x.detach(), labels)
            images += options.batch
        say(images=images, seconds=time.perf_counter() - start)
    return 0


def say(**values) -> None:
    print(json.dumps(values), flush=True)


if __name__ == '__main__':
    sys.exit(main())
