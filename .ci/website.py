"""Build the documentation as a site that can be looked at here, and say what is wrong with it.

    .venv/bin/python .ci/website.py [FOLDER]        # into _docs, unless a folder is named; then open _docs/index.html

The pages that ship are made by Quarto, which pip does not have. Here the same notebooks, prepared by nbdev as for Quarto, go
through Sphinx; `adapt` turns what only Quarto reads into MyST. A warning is a fault, and so is a link to a page or a heading
that is not there, a picture without words, and whatever a page would load from another host. Links to other hosts are listed on
stderr.
"""
import io
import posixpath
import re
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat
import yaml
from api_page import api_page
from checks import ROOT, a_copy, cells, notebooks, settings
from dead_links import faults_of
from execute import directives
from outputs import COLOUR

LINK = re.compile(r"(?<=\]\()[^)\s]+")
STYLE = """
.bd-article a.source { float: right; font-size: smaller; }
.bd-article details { margin: 1rem 0; }
.bd-article summary { cursor: pointer; }
.bd-article div.cell_output .output { overflow-x: auto; }
.bd-main .bd-content .bd-article-container { max-width: 68em; }
.bd-article :is(h1, h2, h3, h4, code.literal) { overflow-wrap: anywhere; }
.bd-article code.literal .pre { white-space: normal; }
.bd-sidebar-primary { flex: 0 0 15rem; }
.search-button__default-text { color: var(--pst-color-text-base); }
html[data-theme="dark"] .bd-content div.cell_output .text_html { background: none !important; color: inherit !important; }
html[data-theme="dark"] .bd-content div.cell_output img { background: none !important; padding: 0 !important;
  filter: none !important; }
"""
ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><circle cx="4" cy="11" r="3" fill="#0072B2"/>
<circle cx="11" cy="4" r="3" fill="#E69F00"/><circle cx="12" cy="12" r="2" fill="#009E73"/></svg>"""
SPHINX = {
    "extensions": ["myst_nb", "sphinx.ext.mathjax", "sphinx-mathjax-offline"],
    "myst_enable_extensions": ["dollarmath", "colon_fence", "attrs_inline"],
    "myst_dmath_allow_space": False,        # as pandoc reads it: $5 and $6 are prices
    "myst_dmath_allow_digits": False,
    "myst_heading_anchors": 3,
    "nb_execution_mode": "off",
    "nb_merge_streams": True,
    "nb_ipywidgets_js": {},                 # would be loaded from another host
    "html_theme": "pydata_sphinx_theme",
    "html_theme_options": {"header_links_before_dropdown": 8, "show_toc_level": 2, "secondary_sidebar_items": ["page-toc"],
                           "footer_start": ["copyright"], "footer_end": []},
    "html_context": {"default_mode": "auto"},
    "html_sidebars": {name: [] for name in ("index", "api", "search", "genindex")},
    "html_show_sourcelink": False,
    "html_copy_source": False,
    "html_static_path": ["_static"],
    "html_css_files": ["site.css"],
    "html_favicon": "_static/icon.svg",
    "exclude_patterns": ["README_files"],
}


@dataclass(frozen=True)
class Chapter:
    """A notebook as nbdev prepared it: `path` below nbs, and the page that Quarto makes of it."""

    path: Path
    quarto: Path
    title: str
    question: str
    nb: nbformat.NotebookNode

    @cached_property
    def names(self) -> set[str]:
        """The anchors of what it documents."""
        texts = [said(cell) or cell.source for cell in self.nb.cells if said(cell) or cell.cell_type == "markdown"]
        return {name.lower() for text in texts for name in re.findall(r"^### (\w+)$", text, re.M)}


def chapter(path: Path, top: Path) -> Chapter:
    nb = nbformat.read(path, 4)
    where = path.relative_to(top)
    if nb.cells[0].cell_type != "raw":
        raise ValueError(f"nbs/{where} does not begin with a '# title', so it has no page.")
    front = yaml.safe_load(nb.cells.pop(0).source.strip().strip("-"))
    return Chapter(where, where.with_name(front["output-file"]), str(front["title"]), front.get("description", ""), nb)


def said(cell) -> str:
    """The markdown that `show_doc` printed, without what only Quarto reads; nothing for another cell."""
    if cell.cell_type != "code" or "output: asis" not in directives(cell.source):
        return ""
    text = "\n\n".join(output.data["text/markdown"] for output in cell.outputs if "text/markdown" in output.get("data", {}))
    return re.sub(r"(\]\([^)]*\))\{target=[^}]*\}", r"\1{.source}", re.sub(r"^---\n", "", text, flags=re.M))


def link(url: str, folder: Path, by_quarto: dict[str, Chapter], config) -> str:
    """Where a link on a page of `folder` leads here: a page has its notebook's name, a file of the repository is on GitHub."""
    host = f"{config['doc_host']}{config['doc_baseurl']}/"
    if url.startswith(host):
        page, _, anchor = url.removeprefix(host).partition("#")
        if (to := by_quarto.get(page)) is None:
            raise ValueError(f"nbs/{folder.as_posix()} links to {url}, which no notebook makes: is the export up to date?")
        anchor = anchor.partition(".")[0]       # a method is documented with its class
        return f"/{to.path.as_posix()}" + f"#{anchor}" * (anchor in to.names)
    full = posixpath.normpath(posixpath.join("nbs", folder.as_posix(), url))
    if not re.match(r"[a-z]+:|#|/", url) and not full.startswith("nbs/"):
        return f"{config['git_url']}/blob/{config['branch']}/{full}"
    return url


def adapt(page: Chapter, by_quarto: dict[str, Chapter], config) -> nbformat.NotebookNode:
    """The notebook in MyST's dialect."""
    nb = nbformat.v4.new_notebook(metadata={"language_info": {"name": "python", "pygments_lexer": "ipython3"}})
    nb.cells = [nbformat.v4.new_markdown_cell(f"# {page.title}\n\n*{page.question}*" if page.question else f"# {page.title}")]
    depth = 1
    for cell in page.nb.cells:
        if text := said(cell):
            cell = nbformat.v4.new_markdown_cell(re.sub(r"^### ", "#" * min(depth + 1, 3) + " ", text, flags=re.M))
        elif cell.cell_type == "markdown":
            depth = max([depth, *(min(len(marks), 2) for marks in re.findall(r"^(#+) ", cell.source, re.M))])
        if cell.cell_type == "markdown":
            cell.source = LINK.sub(lambda found: link(found[0], page.path.parent, by_quarto, config), cell.source)
        else:
            cell.metadata = {"tags": ["remove-input"] * ("echo: false" in directives(cell.source)), **alt_text(cell)}
            cell.source = re.sub(r"^#\|.*\n?", "", cell.source, flags=re.M)
        nb.cells.append(cell)
    return nb


def alt_text(cell) -> dict:
    """A picture's words, where myst-nb looks for them."""
    for output in cell.outputs:
        if "image/png" in output.get("data", {}):
            words = output.metadata.get("image/png", {}).get("alt") or output.data.get("text/plain", "")
            return {"mystnb": {"image": {"alt": " ".join(words.split())}}}
    return {}


def sections(chapters: Iterable[Chapter]) -> dict[str, list[Chapter]]:
    """Chapters by folder, in the order of the floors; those at the top by their number."""
    groups: dict[str, list[Chapter]] = {}
    for page in sorted(chapters, key=lambda page: page.path.as_posix()):
        if page.path.name != "index.ipynb":
            top = "foundations" if page.path.name < "9" else "commands" if page.path.name < "a" else "guides"
            groups.setdefault(page.path.parent.as_posix().replace(".", top), []).append(page)
    return dict(sorted(groups.items(), key=lambda group: (group[1][0].path.name, group[0])))


def contents(names: Iterable[str]) -> str:
    return "\n".join(["```{toctree}", ":hidden:", "", *names, "```", ""])


def section_page(name: str, chapters: list[Chapter]) -> str:
    """The page of a folder: its chapters and their questions."""
    lines = [f"- [{page.title}](/{page.path.as_posix()}): {page.question}" for page in chapters]
    return f"# {name.replace('_', ' ')}\n\n" + "\n".join(lines) + "\n\n" + contents(f"/{page.path.with_suffix('').as_posix()}"
                                                                                   for page in chapters)


def lost(root: Path) -> Iterator[str]:
    """First cells with more than a title and a question: nbdev makes front matter of them, and drops the rest."""
    for path in notebooks(root):
        if any(line.strip() and not line.startswith(("# ", "> ")) for line in "".join(cells(path, "markdown")[:1]).splitlines()):
            yield f"{path.relative_to(root)}: what stands below the question is on no page; give it a cell of its own"


def prepare(root: Path) -> tuple[Path, list[str]]:
    """Pages in MyST's dialect, made in a copy of the repository; and what is missing in them."""
    from nbdev.serve import proc_nbs

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        top = Path(proc_nbs(n_workers=0, force=True)).resolve()
    chapters = {page.path: page for page in (chapter(path, top) for path in top.rglob("*.ipynb"))}
    by_quarto, config = {page.quarto.as_posix(): page for page in chapters.values()}, settings()
    groups = sections(chapters.values())
    for page in chapters.values():
        nb = adapt(page, by_quarto, config)
        if page.path.name == "index.ipynb":
            nb.cells.append(nbformat.v4.new_markdown_cell(contents([*(f"{name}/index" for name in groups), "api"])))
        nbformat.write(nb, top / page.path)
    text, faults = api_page(chapters)
    made = {f"{name}/index.md": section_page(name, own) for name, own in groups.items()}
    for name, content in {**made, "api.md": text, "_static/site.css": STYLE, "_static/icon.svg": ICON}.items():
        (top / name).parent.mkdir(exist_ok=True)
        (top / name).write_text(content, "utf-8")
    return top, faults


def sphinx(source: Path, out: Path) -> list[str]:
    """Build the site; what Sphinx warned of."""
    from sphinx.application import Sphinx

    config, warned = settings(), io.StringIO()
    named = {name: config[name] for name in ("author", "copyright")}
    named |= {"project": config["title"], "html_title": config["title"], "release": config["version"]}
    app = Sphinx(source, None, out, out.parent / "doctrees", "html", {**SPHINX, **named}, status=None, warning=warned)
    app.build(force_all=True)
    return COLOUR.sub("", warned.getvalue()).replace(f"{source}/", "nbs/").splitlines()


def build(out: Path) -> list[str]:
    """The site into `out`, which is replaced; what is wrong with it."""
    if out.exists() and any(out.iterdir()) and not (out / ".buildinfo").exists():
        raise FileExistsError(f"{out} holds something else than a site. Name another folder.")
    with a_copy() as root, tempfile.TemporaryDirectory() as folder:
        if faults := list(lost(root)):
            return faults
        source, faults = prepare(root)
        made = Path(folder) / "site"
        faults += sphinx(source, made)
        faults += faults_of(made)
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(made, out)
    return faults


def main() -> int:
    faults = build(Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "_docs").resolve())
    print(*faults, sep="\n", end="\n" if faults else "")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
