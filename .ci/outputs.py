"""Check that committed outputs are true: execute every notebook again and compare.

Text must be the same but for numbers, which may differ by a hundredth or by one unit in their last printed digit (whole numbers
that are no percentages only by the hundredth). Times, memory addresses and ids are not compared, pictures only by presence, nor
is the text of cells flagged `varies`. Cells flagged `slow`, `hub` or `gpu` are not executed; a notebook that has slow ones must
hold outputs of some of them.

    .venv/bin/python .ci/outputs.py --avx2 nbs/05_maps.ipynb    # on an x86 CPU: as one without AVX512 computes

Another CPU adds up in another order. Where that decides (k-means, a map, training), a cell is flagged `varies`.
"""
import itertools
import os
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from execute import directives, execute, is_skipped

SKIP = {"slow", "hub", "gpu", "notest"}
NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)|\.\d+)%?", re.I)
VARIES = re.compile(r"\d[\d.,]*\s?(?:ns|[uµ]s|ms|s|sec|seconds?|min|minutes?|it/s)\b|0x[0-9a-f]+|(?<=id-)\d+|[0-9a-f]{32}", re.I)
PLACE = re.compile(r"(?<![\w.:/~])(?:/(?:home|root|tmp|work|usr|opt|Users|var)/\S+|[A-Z]:\\\S+)")
COLOUR = re.compile(r"\x1b\[[\d;]*m")
# PyTorch's own functions are left out: its bfloat16 breaks when they alone are bound.
AVX2 = {"MKL_ENABLE_INSTRUCTIONS": "AVX2", "OPENBLAS_CORETYPE": "Haswell", "NUMBA_CPU_NAME": "haswell",
        "FAISS_SIMD_LEVEL": "AVX2", "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR"}
WORKERS = min(4, os.cpu_count() or 1)


def text_of(value) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def shown(cell) -> dict[str, str]:
    """What a reader sees under `cell`: text by kind, pictures and the like as a mark."""
    seen: dict[str, str] = {}
    for output in cell.get("outputs", []):
        if output.output_type == "stream":
            seen[output.name] = seen.get(output.name, "") + text_of(output.text)
        elif output.output_type == "error":
            seen["error"] = output.ename
        else:
            for kind, value in output.get("data", {}).items():
                seen[kind] = seen.get(kind, "") + (text_of(value) if kind.startswith("text/") else "*")
    if "text/html" in seen:
        seen["text/html"] = re.sub(r"(?s)<(style|script)\b.*?</\1>|<[^>]+>", " ", seen["text/html"])
    return seen


def unit(number: str) -> float:
    """One unit of the last printed digit of `number`; 0 for a whole number that is no percentage."""
    mantissa, _, exponent = number.lower().rstrip("%").partition("e")
    decimals = len(mantissa.partition(".")[2])
    return 10.0 ** (int(exponent or 0) - decimals) if decimals or exponent or number.endswith("%") else 0.0


def close(old: str, new: str) -> bool:
    a, b = (float(number.replace(",", "").rstrip("%")) for number in (old, new))
    return abs(a - b) <= max(0.01 * max(abs(a), abs(b)), 1.01 * max(unit(old), unit(new)))


def words(text: str) -> str:
    """`text` with a mark for each number, and one blank for blanks and rules, whose width follows the digits."""
    return re.sub(r"[\s-]+", " ", NUMBER.sub(lambda number: "#%" if number[0].endswith("%") else "#", text)).strip()


def same(old: str, new: str) -> bool:
    """Whether two texts agree, numbers within the tolerance."""
    old, new = VARIES.sub("~", old), VARIES.sub("~", new)
    return words(old) == words(new) and all(map(close, NUMBER.findall(old), NUMBER.findall(new)))


def differences(old, new) -> list[str]:
    """How the outputs of one cell differ, old against new."""
    before, after = shown(old), shown(new)
    if before.keys() != after.keys():
        return [f"holds {sorted(before) or 'no output'}, gives {sorted(after) or 'no output'}"]
    if "varies" in directives(old.source):
        return []
    return [f"{kind}:\n  holds {before[kind][:300]!r}\n  gives {after[kind][:300]!r}"
            for kind in before if not same(before[kind], after[kind])]


def faults(cells) -> list[str]:
    """What no committed output may hold: an error, a path of the machine that made it; and slow cells that hold nothing."""
    found = []
    for i, cell in enumerate(cells):
        seen = shown(cell)
        if "error" in seen:
            found.append(f"cell {i} holds an error: {seen['error']}")
        for kind in seen.keys() & {"stdout", "stderr", "text/plain", "text/html", "text/markdown"}:
            if place := PLACE.search(seen[kind]):
                found.append(f"cell {i} shows a path of the machine: {place[0]}")
    skipped = [cell for cell in cells if cell.cell_type == "code" and "slow" in directives(cell.source)]
    if skipped and not any(cell.outputs for cell in skipped):
        found.append("has cells flagged slow, but no output of any: execute it")
    return found


def check(path: Path) -> list[str]:
    """Everything untrue in the outputs of one notebook."""
    import nbformat

    committed = nbformat.read(path, 4).cells
    found = faults(committed)
    try:
        executed = execute(path, skip=SKIP).cells
    except Exception as error:      # a cell failed: the other notebooks are still to be checked
        return [*found, f"does not run: {COLOUR.sub('', str(error))[-2000:]}"]
    return found + [f"cell {i} {difference}" for i, (old, new) in enumerate(zip(committed, executed))
                    for difference in differences(old, new)]


def main() -> int:
    arguments = sys.argv[1:]
    if "--avx2" in arguments:
        arguments.remove("--avx2")
        os.environ.update(AVX2)
    paths = [Path(name) for name in arguments] or sorted(Path("nbs").rglob("[!.]*.ipynb"))
    with ProcessPoolExecutor(WORKERS) as pool:
        results = list(pool.map(check, paths))
    for path, found in zip(paths, results):
        print(*(f"{path}: {fault}" for fault in found), sep="\n", end="\n" if found else "")
    print(f"{len(paths)} notebooks, {len(list(itertools.chain(*results)))} faults")
    return any(results)


if __name__ == "__main__":
    sys.exit(main())
