"""Execute notebooks and write their outputs: how an author refreshes them before a commit.

    .venv/bin/python .ci/execute.py nbs/00_core.ipynb nbs/encode/21_text.ipynb

Cells flagged `eval: false` or, unless `--skip` says otherwise, `hub` or `gpu` are left as they are.
"""
import argparse
import base64
import io
import os
import re
from pathlib import Path

import nbformat

QUIET = {"TQDM_DISABLE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "TOKENIZERS_PARALLELISM": "false"}
COLOURS = 64
SMALL = 20_000      # bytes of a PNG that is not worth quantising


def directives(source: str) -> set[str]:
    """The `#|` lines of a cell: {"export", "data", "eval: false"}."""
    return {" ".join(text.split()) for text in re.findall(r"^#\|(.+)$", source, re.M)}


def is_skipped(cell, skip: set[str]) -> bool:
    """Whether `cell` is not to be executed."""
    return cell.cell_type == "code" and bool(directives(cell.source) & (skip | {"eval: false"}))


def execute(path: Path, *, skip: set[str], timeout: int = 1500) -> nbformat.NotebookNode:
    """The notebook at `path` with new outputs; cells flagged with one of `skip` keep theirs. The file is not changed."""
    from nbclient import NotebookClient

    os.environ.update(QUIET)
    nb = nbformat.read(path, 4)
    for cell in nb.cells:
        if is_skipped(cell, skip):
            cell.metadata["tags"] = ["skip-execution"]
    for tries_left in (2, 1, 0):
        client = NotebookClient(nb, timeout=timeout, kernel_name="python3", store_widget_state=False, coalesce_streams=True,
                                extra_arguments=["--log-level=ERROR"], resources={"metadata": {"path": str(path.parent)}})
        try:
            client.execute()
            break
        except RuntimeError as error:       # a kernel beside it was quicker to take a port that was free when it was chosen
            if not tries_left or "died before replying" not in str(error):
                raise
    for cell in nb.cells:
        cell.metadata.pop("tags", None)
    return nb


def quantise(png: str) -> str:
    """A base64 PNG with 64 colours, where that makes it smaller."""
    from PIL import Image

    raw = base64.b64decode(png)
    if len(raw) < SMALL:
        return png
    picture = Image.open(io.BytesIO(raw)).convert("RGBA")
    paper = Image.new("RGBA", picture.size, "white")
    small = io.BytesIO()
    Image.alpha_composite(paper, picture).convert("RGB").quantize(COLOURS).save(small, "PNG", optimize=True)
    return base64.b64encode(small.getvalue()).decode() if small.tell() < len(raw) else png


def pictures(nb):
    """Each output's data that holds a PNG."""
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                yield output.data


def main() -> None:
    from nbdev.clean import nbdev_clean

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--skip", nargs="*", default=["hub", "gpu"], help="flags of cells to leave as they are")
    args = parser.parse_args()
    for path in args.notebooks:
        nb = execute(path, skip=set(args.skip))
        for data in pictures(nb):
            data["image/png"] = quantise(data["image/png"])
        nbformat.write(nb, path)
        nbdev_clean(str(path))
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
