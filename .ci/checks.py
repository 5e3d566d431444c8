"""The checks of .ci/run, one function each: `python .ci/checks.py NAME` prints what is wrong, and nothing when all is well."""
import ast
import configparser
import filecmp
import importlib
import importlib.metadata
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "embed_lab"
HEAVY = {"torch", "transformers", "sentence_transformers", "datasets", "openvino", "onnxruntime", "onnx", "faiss",
         "matplotlib", "openTSNE", "ranx", "numba", "torch_geometric", "networkx", "gensim", "openai", "tiktoken", "fastapi", "uvicorn", "model2vec",
         "torchvision", "torchaudio", "timm", "PIL", "soundfile", "soxr", "av", "lightly", "open_clip", "peft", "accelerate", "mteb"}
FLOORS = {"": [*range(0, 10), *range(90, 100)], "encode": range(20, 40), "evaluate": range(40, 50), "train": range(50, 60),
          "store": range(60, 70), "apply": range(70, 80), "scale": range(80, 90)}
NO_ENCODER, NOT_ENCODERS = ("evaluate", "store", "apply"), ("encode.walks",)      # a graph is data
NOTEBOOK_KB, FILE_KB, TOTAL_KB = 300, 1000, 20_000
IMPORT_SECONDS = 0.3


def run(*command, cwd: Path = ROOT) -> str:
    """What a command prints; its error, when it fails."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command} failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout


def notebooks(root: Path = ROOT) -> list[Path]:
    found = sorted((root / "nbs").rglob("*.ipynb"))
    return [path for path in found if not any(part[0] in "._" for part in path.relative_to(root).parts)]


def cells(path: Path, kind: str) -> list[str]:
    """The sources of the cells of one kind, code or markdown."""
    return ["".join(cell["source"]) for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == kind]


def tracked() -> list[Path]:
    """Every file of the repository, and every new one that git does not ignore."""
    names = set(run("git", "ls-files", "-coz", "--exclude-standard").split("\0"))
    return [ROOT / name for name in sorted(names) if name and (ROOT / name).is_file()]


@contextmanager
def a_copy() -> Iterator[Path]:
    """A copy of the repository's files, as the current folder, to change at will."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        root = Path(folder).resolve() / ROOT.name
        for path in tracked():
            (root / path.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, root / path.relative_to(ROOT))
        os.chdir(root)
        try:
            yield root
        finally:
            os.chdir(ROOT)


def changed(root: Path, under: str, pattern: str) -> Iterator[str]:
    """Files below `under` that differ between the repository and a copy of it at `root`."""
    def names(top):
        found = (top / under).rglob(pattern)
        return {path.relative_to(top) for path in found if path.is_file() and "__pycache__" not in path.parts}

    known = {path.relative_to(ROOT) for path in tracked()}
    for name in sorted((names(ROOT) & known) | names(root)):
        if name not in known:
            yield f"{name} is missing in the repository"
        elif not (root / name).exists():
            yield f"{name} should not be there"
        elif not filecmp.cmp(ROOT / name, root / name, shallow=False):
            yield f"{name} is not what the notebooks give"


def export() -> Iterator[str]:
    """Modules equal their notebooks, and none stands without one; a warning of the export is an error."""
    from nbdev.doclinks import nbdev_export

    with a_copy() as root, warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        for path in (root / PACKAGE).rglob("*.py"):
            if path.name != "__init__.py":
                path.unlink()
        nbdev_export()
        yield from (f"{fault}: run nbdev_export" for fault in changed(root, PACKAGE, "*.py"))


def clean() -> Iterator[str]:
    """Notebooks are as nbdev_clean leaves them."""
    from nbdev.clean import nbdev_clean

    with a_copy() as root, warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        nbdev_clean()
        yield from (f"{fault}: run nbdev_clean" for fault in changed(root, "nbs", "*.ipynb"))


def docs() -> Iterator[str]:
    """Every notebook can be prepared for the documentation, which runs its imports and exports but no other cell."""
    from nbdev.serve import proc_nbs

    with a_copy(), warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        proc_nbs(n_workers=0, force=True)
    yield from ()


def readme() -> Iterator[str]:
    """README.md and its pictures are made from nbs/index.ipynb."""
    from readme import PICTURES, write

    with a_copy() as root:
        write(root)
        if (root / "README.md").read_bytes() != (ROOT / "README.md").read_bytes():
            yield "README.md is not what nbs/index.ipynb gives: run .ci/readme.py"
        yield from (f"{fault}: run .ci/readme.py" for fault in changed(root, PICTURES, "*"))


def homes() -> Iterator[tuple[Path, str]]:
    """Each notebook that exports, and its module: (nbs/encode/21_text.ipynb, "encode.text")."""
    for path in notebooks():
        found = [name for source in cells(path, "code") for name in re.findall(r"^#\|\s*default_exp\s+(\S+)", source, re.M)]
        yield from ((path, name) for name in found)


def imports(path: Path, module: str) -> Iterator[str]:
    """Modules of the package that `path` imports anywhere in it, as names below the package."""
    package = f"{PACKAGE}.{module}".split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(package[:len(package) - node.level + 1]) if node.level else ""
            source = ".".join(part for part in (above, node.module) if part)
            names = [source, *(f"{source}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name.removeprefix(PACKAGE + ".") for name in names if name.startswith(PACKAGE + "."))


def floors() -> Iterator[str]:
    """Path, number and default_exp of a notebook agree; names are unique; a module imports lower numbers only."""
    floor: dict[str, int] = {}
    names: dict[str, Path] = {}
    for path in notebooks():
        stem = re.sub(r"^\d+_", "", path.stem)
        if stem in names:
            yield f"{path.relative_to(ROOT)} and {names[stem].relative_to(ROOT)} have the same name"
        names[stem] = path
    for path, module in homes():
        where = path.relative_to(ROOT)
        folder, _, stem = module.rpartition(".")
        number = re.match(r"(\d\d)_", path.name)
        if not number or where != Path("nbs", *folder.split("."), f"{number[1]}_{stem}.ipynb"):
            yield f"{where} exports {module}: its place and name should be nbs/{module.replace('.', '/')}.ipynb with a number"
            continue
        if int(number[1]) not in FLOORS.get(folder.partition(".")[0], ()):
            yield f"{where}: {number[1]} is not a floor of {folder or 'the top'}"
        if module in floor:
            yield f"{where}: another notebook exports {module} too"
        floor[module] = int(number[1])
    for module in floor:
        for other in {name for name in imports(ROOT / PACKAGE / f"{module.replace('.', '/')}.py", module) if name in floor}:
            if floor[other] >= floor[module]:
                yield f"{module} ({floor[module]}) imports {other} ({floor[other]}): lower floors only"
            if module.startswith(NO_ENCODER) and other.startswith("encode.") and other not in NOT_ENCODERS:
                yield f"{module} imports the encoder {other}: take anything with the contract of Encoder"


def contract() -> Iterator[str]:
    """Every public encoder of the package is what some notebook gives to check_encoder."""
    from contract import not_held

    yield from not_held()


def python_says(code: str) -> str:
    return run(sys.executable, "-c", code, cwd=Path(tempfile.gettempdir()))


def seconds(code: str, tries: int = 7) -> float:
    """The median time of a Python that runs `code`."""
    def once():
        start = time.perf_counter()
        python_says(code)
        return time.perf_counter() - start

    return statistics.median(once() for _ in range(tries))


def lazy() -> Iterator[str]:
    """Importing is light, and every public name resolves."""
    loaded = set(python_says(f"import sys, {PACKAGE}; print(*sys.modules)").split())
    if too_many := loaded & (HEAVY | {"numpy", "scipy", "sklearn"}):
        yield f"import {PACKAGE} loads {sorted(too_many)}"
    took = seconds(f"import {PACKAGE}") - seconds("pass")
    if took > IMPORT_SECONDS:
        yield f"import {PACKAGE} takes {took:.2f} s, more than {IMPORT_SECONDS}"
    modules = [f"{PACKAGE}.{module}" for _, module in homes()]
    one_by_one = "import importlib, sys\nfor name in {}:\n    importlib.import_module(name)\n    print(name, *sys.modules)"
    said = python_says(one_by_one.format(modules))
    seen: set[str] = set()
    for module, *loaded in map(str.split, said.splitlines()):
        if too_many := (set(loaded) & HEAVY) - seen:
            yield f"import {module} loads {sorted(too_many)}"
        seen |= set(loaded)
    package = importlib.import_module(PACKAGE)
    for name in package.__all__:
        try:
            getattr(package, name)
        except (AttributeError, ImportError) as error:
            yield f"{PACKAGE}.{name} does not resolve: {error}"


def settings() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(delimiters=["="])
    parser.read(ROOT / "settings.ini", encoding="utf-8")
    return parser["DEFAULT"]


def extras() -> Iterator[str]:
    """Every extra that a page or an error names is there, and the version is the same everywhere."""
    config = settings()
    known = {name.removesuffix("_requirements") for name in config if name.endswith("_requirements")} | {"all"}
    texts = {path: path.read_text("utf-8") for path in [ROOT / "README.md", *(ROOT / PACKAGE).rglob("*.py")]}
    for path, text in (texts | {path: "\n".join(cells(path, "markdown")) for path in notebooks()}).items():
        named = re.findall(rf"(?:{PACKAGE}|'\.)\[([a-z0-9, ]+)\]", text) + re.findall(r"\bextra=[\"']([a-z0-9]+)", text)
        for extra in {extra.strip() for group in named for extra in group.split(",")} - known:
            yield f"{path.relative_to(ROOT)} names the extra {extra!r}, which settings.ini does not have"
    if importlib.import_module(PACKAGE).__version__ != config["version"]:
        yield "__version__ is not the version of settings.ini: run nbdev_export"


def sizes() -> Iterator[str]:
    """Notebooks, files and the whole stay small."""
    size = {path: path.stat().st_size / 1000 for path in tracked()}
    for path, kb in size.items():
        limit = NOTEBOOK_KB if path.suffix == ".ipynb" else FILE_KB
        if kb > limit:
            yield f"{path.relative_to(ROOT)} has {kb:.0f} kB, more than {limit}"
    if sum(size.values()) > TOTAL_KB:
        yield f"the repository has {sum(size.values()):.0f} kB, more than {TOTAL_KB}"


def links() -> Iterator[str]:
    """Relative links of README and notebooks lead to a file that is there."""
    pages = {path: cells(path, "markdown") for path in notebooks()}
    pages[ROOT / "README.md"] = [(ROOT / "README.md").read_text("utf-8")]
    for path, texts in pages.items():
        prose = re.sub(r"(?s)```.*?```|`[^`\n]+`", "", "\n\n".join(texts))
        found = re.findall(r"\]\(([^)\s]+)", prose) + re.findall(r"(?:src|href)=\"([^\"]+)\"", prose)
        for link in found:
            target = link.partition("#")[0]
            if target and not re.match(r"[a-z]+:", target) and not (path.parent / target).exists():
                yield f"{path.relative_to(ROOT)}: no file at {link}"


def new_environment(folder: Path, *, pip: bool) -> tuple[Path, Path]:
    """A virtual environment: its python, and where its packages lie."""
    venv.create(folder, with_pip=pip, symlinks=os.name != "nt")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return python, Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())


def build_wheel(folder: Path) -> Path:
    with a_copy() as root:
        run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, root)
    return next(folder.glob("*.whl"))


USE = f"""
import sys
import {PACKAGE}
vectors = {PACKAGE}.HashingEncoder().encode(["a wheel", "in an empty environment"])
assert len(vectors) == 2 and vectors.dtype == "float32", vectors
for missing in ("torch", "faiss", "matplotlib"):
    try:
        __import__(missing)
    except ModuleNotFoundError:
        continue
    raise AssertionError("the base install brought " + missing)
"""


def wheel() -> Iterator[str]:
    """The wheel holds every module, installs alone, and its base works without any extra."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        made = build_wheel(folder)
        python, site = new_environment(folder / "venv", pip=True)
        run(python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", made, cwd=folder)
        for path in (ROOT / PACKAGE).rglob("*.py"):
            if not (site / path.relative_to(ROOT)).exists():
                yield f"the wheel lacks {path.relative_to(ROOT)}"
        for module in ["", *("." + name for _, name in homes())]:
            run(python, "-c", f"import {PACKAGE}{module}", cwd=folder)
        run(python, "-c", USE, cwd=folder)


def needs(distribution: str, extras: set[str], seen: dict[str, set[str]]) -> None:
    """Fill `seen` with all that a distribution with some extras brings: name -> extras."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    key = canonicalize_name(distribution)
    if key in seen and extras <= seen[key]:
        return
    seen[key] = seen.get(key, set()) | extras
    for text in importlib.metadata.requires(key) or []:
        need = Requirement(text)
        if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in {"", *extras}):
            needs(need.name, set(need.extras), seen)


def share(distribution: str, site: Path) -> None:
    """Make an installed distribution visible in another environment, without copying it."""
    source = Path(sysconfig.get_path("purelib"))
    for top in {file.parts[0] for file in importlib.metadata.files(distribution) or []} - {"..", "__pycache__"}:
        if (source / top).exists() and not (site / top).exists():
            (site / top).symlink_to(source / top)


def tour() -> Iterator[str]:
    """README's tour runs small with no more than the extras that its command installs, and writes its page and picture."""
    command = sys.argv[2]
    extras = set(re.search(r"'\.\[([\w,]+)\]'", command)[1].split(","))
    seen: dict[str, set[str]] = {}
    needs(PACKAGE, extras, seen)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        python, site = new_environment(folder / "venv", pip=False)
        for distribution in seen.keys() - {"embed-lab"}:
            share(distribution, site)
        shutil.copytree(ROOT / PACKAGE, site / PACKAGE)
        print(run(python, "-c", f"from {PACKAGE}.cli import main; main()", "tour", "--size", "500", "--out", folder / "out",
                  cwd=folder), file=sys.stderr)
        for made in ("tour.html", "tour.png"):
            if not (folder / "out" / made).exists():
                yield f"the tour wrote no {made}"


def tree() -> Iterator[str]:
    """The checks left nothing in the clone that git does not ignore, and changed no file."""
    yield from run("git", "status", "--porcelain").splitlines()


CHECKS = [export, clean, docs, readme, floors, contract, lazy, extras, sizes, links, wheel, tour, tree]


def main() -> int:
    os.chdir(ROOT)
    found = list(next(check for check in CHECKS if check.__name__ == sys.argv[1])())
    print(*found, sep="\n", end="\n" if found else "")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
