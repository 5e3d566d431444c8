"""Make README.md, and the pictures that it shows, from nbs/index.ipynb. Outputs are kept as they are; nothing is executed.

    .venv/bin/python .ci/readme.py
"""
import posixpath
import re
import shutil
from pathlib import Path

import nbformat
from execute import directives

ROOT = Path(__file__).resolve().parent.parent
PICTURES = "nbs/README_files"
LINK = re.compile(r"(\]\()(?![a-z]+:|#|/)([^)\s]+)")


def from_top(link: re.Match) -> str:
    """A link of a page in nbs/, as one of a page at the top."""
    return link[1] + posixpath.normpath(posixpath.join("nbs", link[2]))


def readme(notebook: Path) -> tuple[str, dict[str, bytes]]:
    """The page as markdown, and its pictures by name."""
    from nbconvert import MarkdownExporter

    nb = nbformat.read(notebook, 4)
    nb.metadata["language_info"] = {"name": "python"}
    nb.cells = [cell for cell in nb.cells if "hide" not in directives(cell.source)]
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.source = re.sub(r"^#\|.*\n?", "", cell.source, flags=re.M)
        else:
            cell.source = LINK.sub(from_top, cell.source)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop("text/html", None)       # a table reads well as text; its style sheet does not
    text, resources = MarkdownExporter().from_notebook_node(nb, {"output_files_dir": PICTURES, "unique_key": "index"})
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.splitlines())).strip()
    made = "<!-- Made from nbs/index.ipynb by .ci/readme.py: edit the notebook. -->\n\n"
    return made + text + "\n", resources["outputs"]


def write(root: Path) -> None:
    """Make README.md of the repository at `root`, and its folder of pictures if there are any."""
    text, found = readme(root / "nbs/index.ipynb")
    (root / "README.md").write_text(text, encoding="utf-8", newline="\n")
    shutil.rmtree(root / PICTURES, ignore_errors=True)
    for name, data in found.items():
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    write(ROOT)
