"""Run every check, each under a time limit, and count them. Needs nothing but Python, git and bash: it makes its own environment.

That environment is README.md's own: its second command is executed as it stands, without EMBED_LAB_DATA. Then come the cells that
need data (EMBED_LAB_DATA, or ../shared/data beside the clone, or what the loaders download), and `.ci/checks.py`.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WINDOWS = os.name == "nt"
BIN = ROOT / ".venv" / ("Scripts" if WINDOWS else "bin")
PYTHON = str(BIN / ("python.exe" if WINDOWS else "python"))
SKIPPED = 77       # what a check ends with that cannot run on this machine: said aloud, and not counted as passed
OUTPUTS_MADE_ON = ("linux", (3, 11, 7))     # elsewhere other docstrings and versions print other words, so the cells are only run
QUICK = ["export", "floors", "contract", "clean", "lazy", "readme", "extras", "sizes", "links"]
lock = threading.Lock()


def give_up(reason: str) -> None:
    print(f"{reason}\n0 passed, 1 failed", flush=True)
    sys.exit(1)


def two_commands() -> list[str]:
    """The two lines of the sh block under "Two commands" in README.md."""
    found = re.search(r"^#+ Two commands\n.*?^```(?:sh|bash)\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), re.M | re.S)
    lines = found[1].splitlines() if found else []
    if len(lines) != 2:
        give_up("README.md must have a section 'Two commands' with one sh block of two lines")
    return lines


def here(command: str) -> str:
    """A README command as this system spells it."""
    return command.replace(".venv/bin/", ".venv/Scripts/").replace("python3 ", "python ") if WINDOWS else command


def environment(work: Path) -> dict[str, str]:
    """The variables of a check: one thread a process, no cache but pip's, walkthroughs in short (`FAST`)."""
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    pip_cache = subprocess.run([sys.executable, "-m", "pip", "cache", "dir"], capture_output=True, text=True).stdout.strip()
    if pip_cache:
        env["PIP_CACHE_DIR"] = pip_cache
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "EMBED_LAB_CACHE", "IPYTHONDIR", "JUPYTER_CONFIG_DIR",
                 "JUPYTER_DATA_DIR"):
        env[name] = str(work / name.lower())
    threads = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "MKL", "OPENBLAS", "NUMBA")}
    return {**env, **threads, "TOKENIZERS_PARALLELISM": "false", "PYTHONUTF8": "1", "PIP_QUIET": "1", "CI": "true", "FAST": "1"}


def with_data(env: dict[str, str]) -> dict[str, str]:
    beside = ROOT.parent / "shared" / "data"
    return {**env, "EMBED_LAB_DATA": str(beside)} if "EMBED_LAB_DATA" not in env and beside.is_dir() else env


def stop(process: subprocess.Popen) -> None:
    """End a process and its children."""
    if WINDOWS:
        subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], capture_output=True)
    else:
        os.killpg(process.pid, signal.SIGKILL)


def check(name: str, command: list[str], limit: int, env: dict[str, str]) -> bool | None:
    """Run one check and print a line on it; what it said, when it did not pass. None if it cannot run on this machine."""
    start = time.monotonic()
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=said,
                                       stderr=subprocess.STDOUT, start_new_session=not WINDOWS)
            status = process.wait(limit)
            passed = None if status == SKIPPED else status == 0
        except subprocess.TimeoutExpired:
            stop(process)
            passed = False
            said.write(f"\nstopped: it took more than {limit} s".encode())
        except OSError as error:
            passed = False
            said.write(f"not started: {error}".encode())
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    with lock:
        print(f"{ {True: 'ok     ', False: 'FAILED ', None: 'SKIPPED'}[passed]} {name} ({time.monotonic() - start:.0f} s)", flush=True)
        if not passed:
            print(*("    " + line for line in text.splitlines()[-80:]), sep="\n", flush=True)
    return passed


def lanes(work: Path, tour: str, bare: dict[str, str], full: dict[str, str]) -> list[list[tuple]]:
    """The checks that follow the install: the heavy ones and, beside them, the light ones."""
    checks = [PYTHON, ".ci/checks.py"]
    if (sys.platform, sys.version_info[:3]) == OUTPUTS_MADE_ON:
        heavy = [("cells that need data run, and all outputs are true", [PYTHON, ".ci/outputs.py"], 4200, full)]
    else:
        heavy = [("cells that need data run", [str(BIN / "nbdev_test"), "--flags", "data"], 4200, full)]
    light = [(f"check: {name}", [*checks, name], 200, bare) for name in QUICK]
    site = str(work / "site")
    light += [("the documentation as a site", [PYTHON, ".ci/website.py", site], 900, bare),
              ("every page in a browser", [PYTHON, ".ci/browser.py", "site", site], 900, bare),
              ("maps in a browser", [PYTHON, ".ci/browser.py", "maps"], 300, bare),
              ("JupyterLab in a browser", [PYTHON, ".ci/lab.py"], 1300, bare),
              ("wheel in an empty environment", [*checks, "wheel"], 400, bare),
              ("README's tour, small", [*checks, "tour", here(tour)], 300, bare)]
    return [heavy, light]


def all_checks(work: Path) -> list[bool | None]:
    tour, test = two_commands()
    env = environment(work)
    bare = {name: value for name, value in env.items() if name != "EMBED_LAB_DATA"}
    results = [check("README's test command", ["bash", "-c", here(test)], 2400, bare)]
    if not Path(PYTHON).exists():
        return results
    with ThreadPoolExecutor(2) as pool:
        for lane in pool.map(lambda lane: [check(*each) for each in lane], lanes(work, tour, bare, with_data(env))):
            results += lane
    return [*results, check("nothing left behind", [PYTHON, ".ci/checks.py", "tree"], 60, bare)]


def main() -> int:
    if (ROOT / ".venv").exists():
        give_up("remove .venv first: the checks start from nothing")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            results = all_checks(Path(folder))
        finally:
            shutil.rmtree(ROOT / ".venv", ignore_errors=True)
    if None in results:
        print(f"{results.count(None)} skipped: this machine lacks what they need, see above", flush=True)
    print(f"{results.count(True)} passed, {results.count(False)} failed", flush=True)
    return False in results


if __name__ == "__main__":
    sys.exit(main())
