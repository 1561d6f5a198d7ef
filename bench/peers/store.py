"""One folder per exported file: model.onnx, the input and cotangent it is asked with, and what a framework answers in
float64.

Needs numpy alone, so that every exporter can have an environment of its own.
"""

import json
from pathlib import Path

import numpy as np

TAG = 'reference.json'  # written last: a folder without it is half-written, and made anew


def relative(got: np.ndarray, expected: np.ndarray) -> float:
    """Relative L2 difference; infinite where the shapes differ."""
    if got.shape != expected.shape:
        return float('inf')
    got, expected = got.astype(np.float64), expected.astype(np.float64)
    return float(np.linalg.norm(got - expected) / max(np.linalg.norm(expected), 1e-30))


def exists(folder: Path) -> bool:
    return (folder / TAG).exists()


def clear(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        file.unlink()


def save(folder: Path, x, cotangent, logits, gradient, single, **facts) -> None:
    """`logits` and `gradient` in float64, `single` the gradient that the same framework computes in float32."""
    arrays = {'input': x, 'cotangent': cotangent, 'logits': logits, 'gradient': gradient}
    arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    np.save(folder / 'input.npy', arrays['input'].astype(np.float32))
    np.save(folder / 'cotangent.npy', arrays['cotangent'].astype(np.float32))
    np.save(folder / 'expected-logits.npy', arrays['logits'])
    np.save(folder / 'expected-gradient.npy', arrays['gradient'])
    facts |= {
        'single': relative(np.asarray(single), arrays['gradient']),
        'size': float(np.linalg.norm(arrays['gradient'])),
        'forward': forward(folder, arrays['input'].astype(np.float32), arrays['logits']),
    }
    (folder / TAG).write_text(json.dumps(facts, indent=2))


def forward(folder: Path, x: np.ndarray, logits: np.ndarray) -> float | str | None:
    """How far onnxruntime's own run of the file is from the framework: large where the exporter, not the gradient, is
    wrong."""
    try:
        import onnxruntime
    except ImportError:
        return None
    try:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(folder / 'model.onnx', options, providers=['CPUExecutionProvider'])
        first = session.get_inputs()[0]
        step = first.shape[0] if isinstance(first.shape[0], int) else len(x)
        parts = [session.run(None, {first.name: x[i : i + step]})[0] for i in range(0, len(x), step)]
        return relative(np.concatenate(parts), logits)
    except Exception as error:  # noqa: BLE001 - whatever the file does to onnxruntime is a finding about the file
        return f'{type(error).__name__}: {error}'[:300]


def facts(folder: Path) -> dict:
    return json.loads((folder / TAG).read_text())


def save_result(folder: Path, result: dict) -> None:
    (folder / 'result.json').write_text(json.dumps(result, indent=2))


def result(folder: Path) -> dict:
    """What the last comparison found; empty before the first."""
    file = folder / 'result.json'
    return json.loads(file.read_text()) if file.exists() else {}
