"""Compares `atlas gradients vjp` with other frameworks' gradients in float64, file by exported file. README.md says
what it needs.

    python bench/peers/gradients.py --work /tmp/peers --only resnet --only swin
    python bench/peers/gradients.py --work /tmp/peers --failed      # again, whatever did not pass the last time
"""

import argparse
import json
import multiprocessing
import subprocess
import sys
import time
import traceback
from pathlib import Path

import numpy as np

import store

GOAL = {'gradient': 1e-2, 'logits': 1e-3}
KINK_FREE = 1e-4  # of the best image of a batch
CHECKOUT = Path(__file__).resolve().parents[2]


def main() -> int:
    options = arguments()
    options.work.mkdir(parents=True, exist_ok=True)
    results = {}
    for name, make in cases(options):
        folder = options.work / name
        results[name] = store.result(folder)
        if options.failed and results[name].get('status') == 'pass':
            continue
        if make and not store.exists(folder) and not exported(make, folder, options.time):
            results[name] = {'status': 'not exported', 'error': (folder / 'export.log').read_text().strip()}
        else:
            results[name] = {**store.facts(folder), **compared(folder, options.atlas, options.time)}
        store.save_result(folder, results[name])
        print(row(name, results[name]), file=sys.stderr, flush=True)
    text = f'{summary(results)}\n\n{table(results)}'
    (options.work / 'results.json').write_text(json.dumps(results, indent=2))
    (options.work / 'results.md').write_text(text)
    print(text)
    return 1 if any(result['status'] == 'FAIL' for result in results.values()) else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--work', type=Path, required=True, help='folder for exported files and results, outside the checkout; kept')
    parser.add_argument('--atlas', type=Path, default=CHECKOUT, help='checkout whose gradients are compared')
    parser.add_argument('--only', action='append', default=[], help='only cases whose name holds this; repeatable')
    parser.add_argument('--exporter', help='only this exporter: torchscript, dynamo, onnx, keras')
    parser.add_argument('--failed', action='store_true', help='only what did not pass the last time')
    parser.add_argument('--time', type=float, default=300, help='seconds that one export, or one gradient, may take')
    return parser.parse_args()


def wanted(name: str, options: argparse.Namespace) -> bool:
    return (not options.only or any(part in name for part in options.only)) and (
        not options.exporter or f'-{options.exporter}-' in name
    )


def cases(options: argparse.Namespace):
    """Name and maker of every case; folders that another environment's script wrote have no maker here."""
    makers = {}
    try:
        import exports
        import made

        makers |= {case.name: case.make for case in [*made.made_cases(), *exports.torch_cases()]}
    except ImportError as error:
        print(f'No exports from here ({error}); only what lies in {options.work} is compared.', file=sys.stderr)
    found = [folder.name for folder in sorted(options.work.iterdir()) if store.exists(folder)]
    for name in [*makers, *(name for name in found if name not in makers)]:
        if wanted(name, options):
            yield name, makers.get(name)


def exported(make, folder: Path, seconds: float) -> bool:
    """Runs an export in a process of its own: exporters crash, hang, and leave memory behind."""
    store.clear(folder)
    process = multiprocessing.get_context('fork').Process(target=logged, args=(make, folder))
    process.start()
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()
        (folder / 'export.log').write_text(f'The export took longer than {seconds:.0f} s.')
    return store.exists(folder)


def logged(make, folder: Path) -> None:
    log = folder / 'export.log'
    log.write_text('The process that exports ended without a word.')
    try:
        make(folder)
        log.unlink()
    except BaseException as error:
        (folder / 'export-trace.log').write_text(traceback.format_exc())
        log.write_text(f'{type(error).__name__}: {error}'[:600])
        raise SystemExit(1) from None


def compared(folder: Path, atlas: Path, seconds: float) -> dict:
    files = {name: str(folder / f'{name}.npy') for name in ('input', 'cotangent', 'gradient', 'logits')}
    for name in ('gradient', 'logits'):
        Path(files[name]).unlink(missing_ok=True)
    command = ['node', str(atlas / 'bin/atlas.mjs'), 'gradients', 'vjp', str(folder / 'model.onnx'), '--json']
    command += ['--input', files['input'], '--cotangent', files['cotangent']]
    command += ['--out', files['gradient'], '--logits', files['logits']]
    start = time.monotonic()
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return {'status': 'FAIL', 'error': f'took longer than {seconds:.0f} s'}
    taken = time.monotonic() - start
    if run.returncode != 0:
        return {'status': 'FAIL', 'error': run.stderr.strip()[-1500:] or f'exit status {run.returncode}'}
    answers = {name: (np.load(files[name]), np.load(folder / f'expected-{name}.npy')) for name in GOAL}
    found = {name: store.relative(*pair) for name, pair in answers.items()}
    found['best'] = min(store.relative(*image) for image in zip(*answers['gradient']))
    # Where the framework's own float32 is as far from its float64 (kinks of ReLU and max in random networks), nobody
    # can do better.
    limit = max(GOAL['gradient'], 2 * store.facts(folder)['single'])
    if found['logits'] > GOAL['logits']:
        status = 'FAIL'
    elif found['gradient'] <= limit:
        status = 'pass'
    else:
        # A wrong rule is wrong for every image; a unit that falls on the other side of its kink is one image's.
        status = 'kink' if found['best'] <= KINK_FREE else 'FAIL'
    return {'status': status, **found, 'seconds': round(taken, 1)}


def row(name: str, result: dict) -> str:
    def figure(key: str) -> str:
        value = result.get(key)
        return f'{value:.1e}' if isinstance(value, float) else ('error' if isinstance(value, str) else '')

    error = ' '.join(result.get('error', '').split())[:160].replace('|', '/')
    figures = ' | '.join(figure(key) for key in ('gradient', 'best', 'logits', 'single', 'forward'))
    return f'| {name} | {result["status"]} | {figures} | {result.get("seconds", "")} | {error} |'


EXPORTERS = ('torchscript', 'dynamo', 'keras', 'onnx')


def summary(results: dict) -> str:
    """Family by exporter: the largest difference of the gradient, that of the framework's own float32, and the number
    of files."""
    lines = [f'| family | {" | ".join(EXPORTERS)} |', '|---' * (1 + len(EXPORTERS)) + '|']
    done = [result for result in results.values() if 'family' in result]
    for family in sorted({result['family'] for result in done}):
        cells = []
        for exporter in EXPORTERS:
            files = [r for r in done if (r['family'], r['exporter']) == (family, exporter)]
            failed = sum(r['status'] == 'FAIL' for r in files)
            worst = max((r.get('gradient', 0) for r in files), default=0)
            noise = max((r['single'] for r in files), default=0)
            cells.append(f'{worst:.0e} ({noise:.0e}), {len(files)}{f", {failed} FAIL" if failed else ""}' if files else '')
        lines.append(f'| {family} | {" | ".join(cells)} |')
    return '\n'.join(lines)


def table(results: dict) -> str:
    head = '| file | | gradient | best image | logits | float32 | onnxruntime | s | |\n|---|---|---|---|---|---|---|---|---|'
    passed, kinks = (sum(result['status'] == status for result in results.values()) for status in ('pass', 'kink'))
    unexported = sum(result['status'] == 'not exported' for result in results.values())
    foot = f'\n{passed} of {len(results) - unexported} exported files pass, {kinks} more but for a kink; {unexported} could not be exported.'
    note = (
        '\nRelative L2 differences from float64: `gradient` and `logits` are ours, `float32` is the gradient of the framework'
        ' itself in float32, `onnxruntime` the output of the file as onnxruntime runs it.'
    )
    return '\n'.join([head, *(row(name, result) for name, result in results.items()), foot, note])


if __name__ == '__main__':
    sys.exit(main())
