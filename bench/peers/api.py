"""Others' readers of the API: a generated Python client, and requests drawn from the OpenAPI document.

    python -m venv /tmp/api-env
    /tmp/api-env/bin/pip install openapi-python-client schemathesis
    npm start                                               # or any other Atlas
    /tmp/api-env/bin/python bench/peers/api.py --server http://localhost:8787

openapi-python-client makes a client from /api/v1/openapi.json, and the client asks for what there is and for a photo's
labels. schemathesis sends requests that the document allows, and some that it forbids, and holds the answers to the
document. Exit status 1 where either finds something.
"""

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


# The generator knows no media types of pictures, and lets one say what it is to take them for.
CONFIG = "content_type_overrides:\n" + "".join(
    f"  image/{kind}: application/octet-stream\n" for kind in ["jpeg", "png", "webp"]
)


def generate(server: str, work: Path) -> None:
    target = work / "client"
    config = work / "config.yaml"
    config.write_text(CONFIG)
    command = [BIN / "openapi-python-client", "generate", "--url", f"{server}/api/v1/openapi.json"]
    options = ["--meta", "none", "--output-path", target / "atlas_client", "--config", config, "--fail-on-warning"]
    target.mkdir()
    # It calls ruff, which is installed beside it.
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    subprocess.run([*command, *options], check=True, env={**os.environ, "PATH": path})
    sys.path.insert(0, str(target))


def use_client(server: str) -> None:
    def operation(module: str):
        return importlib.import_module(f"atlas_client.api.{module}")

    from atlas_client import Client
    from atlas_client.types import File

    client = Client(base_url=server, raise_on_unexpected_status=True)
    models = operation("release.list_models").sync(client=client).models
    edge = next(model for model in models if model.edge)
    print(f"{len(models)} models; {edge.id}: mean {edge.card.preprocessing.mean}")
    perturbations = operation("perturbations.list_perturbations").sync(client=client, epsilon=10).perturbations
    record = operation("perturbations.get_perturbation").sync(perturbations[0].id, client=client)
    print(f"{record.id}: {len(record.fooling.evaluation)} targets, curve of {len(record.curve)} points")
    rows = operation("perturbations.get_transfer").sync(client=client).rows
    print(f"{len(rows)} rows of the transfer table")
    with (ROOT / "zoo/starter/photos/koala.jpg").open("rb") as photo:
        body = File(payload=photo, mime_type="image/jpeg")
        answer = operation("images.classify").sync(client=client, body=body, model=edge.id)
    print(f"{answer.clean[0].label} -> {answer.perturbed[0].label}, SSIM {answer.distortion.ssim:.3f}")
    assert "koala" in answer.clean[0].label.lower(), answer


def draw(server: str, examples: int) -> None:
    # What it finds and the document cannot say is answered there.
    config = ROOT / "bench/peers/schemathesis.toml"
    command = [BIN / "schemathesis", "--config-file", config, "run", f"{server}/api/v1/openapi.json", "--url", server]
    options = ["--max-examples", str(examples), "--checks", "all", "--seed", "1", "--continue-on-failure"]
    with tempfile.TemporaryDirectory() as work:
        subprocess.run([*command, *options], check=True, cwd=work)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", default="http://localhost:8787", help="address of an Atlas that is running")
    parser.add_argument("--examples", type=int, default=30, help="requests drawn for each operation")
    parser.add_argument("--only", choices=["client", "requests"], help="one of the two")
    given = parser.parse_args()
    try:
        if given.only != "requests":
            with tempfile.TemporaryDirectory() as work:
                generate(given.server, Path(work))
                use_client(given.server)
        if given.only != "client":
            draw(given.server, given.examples)
    except subprocess.CalledProcessError as error:
        sys.exit(f"{Path(error.cmd[0]).name} ended with {error.returncode}; what it found is above.")


if __name__ == "__main__":
    main()
