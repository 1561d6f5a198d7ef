"""What Python's readers make of a release: Croissant, Hugging Face datasets, NumPy, safetensors, DuckDB, CITATION.cff,
and the README's own snippet.

    python3 -m venv venv && venv/bin/pip install mlcroissant datasets numpy safetensors duckdb onnxruntime cffconvert
    venv/bin/python bench/peers/release.py .atlas/starter/release

A reader that is not installed is named and skipped. Exit status 1 where one refuses. The project itself needs no
Python: `npm test` checks the same files with npm's readers and against the specifications.
"""

import importlib.util
import io
import json
import logging
import os
import re
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
failed = 0


def check(name, needs, work):
    """Runs `work`, which answers what to say, where all that it needs is installed."""
    global failed
    missing = [module for module in needs if importlib.util.find_spec(module) is None]
    if missing:
        print(f"skip  {name}: not installed: {', '.join(missing)}")
        return
    try:
        print(f"ok    {name}: {work()}")
    except Exception as error:
        failed += 1
        print(f"FAIL  {name}: {type(error).__name__}: {error}")


def croissant(folder):
    import mlcroissant

    said = io.StringIO()
    handler = logging.StreamHandler(said)
    for logger in (logging.getLogger(), logging.getLogger("absl")):
        logger.addHandler(handler)
    dataset = mlcroissant.Dataset(jsonld=folder / "croissant.json")
    issues = dataset.metadata.ctx.issues
    if issues.errors or issues.warnings or "WARNING" in said.getvalue():
        raise ValueError("; ".join([*issues.errors, *issues.warnings, said.getvalue().strip()]))
    counts = {}
    for records in dataset.metadata.record_sets:
        counts[records.name] = sum(1 for _ in dataset.records(records.id))
    empty = [name for name, count in counts.items() if count == 0]
    if empty:
        raise ValueError(f"no records in {', '.join(map(str, empty))}")
    manifest = json.loads((folder / "manifest.json").read_text())
    for table in manifest["tables"]:
        if counts[table["name"]] != table["rows"]:
            raise ValueError(f"{table['name']} has {counts[table['name']]} records, the manifest says {table['rows']}")
    return "no error, no warning; records: " + ", ".join(f"{name} {count}" for name, count in counts.items())


def hugging_face(folder):
    import datasets

    with tempfile.TemporaryDirectory() as cache:
        names = datasets.get_dataset_config_names(str(folder))
        rows = {name: datasets.load_dataset(str(folder), name, cache_dir=cache)["train"].num_rows for name in names}
    return ", ".join(f"{name} {number}" for name, number in rows.items())


def arrays(folder):
    import numpy
    from safetensors.numpy import load_file

    count = 0
    for npy in sorted(folder.glob("perturbations/*/perturbation.npy")):
        v = numpy.load(npy, allow_pickle=False)
        tensor = load_file(npy.with_suffix(".safetensors"))["perturbation"]
        record = json.loads((npy.parent / "record.json").read_text())
        if v.dtype != numpy.float32 or not numpy.array_equal(v, tensor):
            raise ValueError(f"{npy} is not the array beside it")
        if record["norm"] == "inf" and numpy.abs(v).max() > record["epsilon"]:
            raise ValueError(f"{npy} is above its bound")
        count += 1
    return f"{count} perturbations, the same in .npy and .safetensors, within their bounds"


def duck(folder):
    import duckdb

    count = lambda of: duckdb.connect().execute(f"SELECT count(*) FROM {of}").fetchone()[0]
    rows = {}
    for parquet in sorted(folder.glob("tables/*.parquet")):
        from_parquet = count(f"read_parquet('{parquet}')")
        from_csv = count(f"read_csv('{parquet.with_suffix('.csv')}')")
        if from_parquet != from_csv:
            raise ValueError(f"{parquet.stem}: {from_parquet} rows in Parquet, {from_csv} in CSV")
        rows[parquet.stem] = from_parquet
    return ", ".join(f"{name} {number}" for name, number in rows.items())


def citation(folder):
    from cffconvert import Citation

    cited = Citation((folder / "CITATION.cff").read_text())
    cited.validate()
    return cited.as_bibtex().split("\n")[0] + "…"


def readme_snippet(folder):
    import numpy

    code = re.search(r"```python\n(.*?)```", (folder / "README.md").read_text(), re.S).group(1)
    canvas = json.loads((folder / "manifest.json").read_text())["canvas"]
    names = {"photo": numpy.full((3, canvas, canvas), 127, numpy.float32)}
    before = os.getcwd()
    os.chdir(folder)
    try:
        exec(code, names)
    finally:
        os.chdir(before)
    return f"logits {names['logits'].shape}, label {int(names['logits'].argmax())}"


def main():
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "latest.json").exists():
        sys.exit(f"{__doc__}\nGive the folder of a release (with latest.json).")
    root = Path(sys.argv[1]).resolve()
    version = json.loads((root / "latest.json").read_text())["version"]
    folder = root / "releases" / version
    print(f"Release {version}")
    check("mlcroissant", ["mlcroissant"], lambda: croissant(folder))
    check("Hugging Face datasets", ["datasets"], lambda: hugging_face(folder))
    check("NumPy and safetensors", ["numpy", "safetensors"], lambda: arrays(folder))
    check("DuckDB", ["duckdb"], lambda: duck(folder))
    check("cffconvert", ["cffconvert"], lambda: citation(folder))
    check("the snippet of README.md", ["numpy", "onnxruntime"], lambda: readme_snippet(folder))
    sys.exit(1 if failed else 0)


main()
