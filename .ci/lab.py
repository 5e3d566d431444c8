"""Drive JupyterLab in Chromium as a reader would: the front page runs, a lasso in a map is read back. Prints what is wrong.

    .venv/bin/python .ci/lab.py [SHOTS]         # SHOTS: a folder for screenshots

Where there is no Chromium it says SKIPPED and exits with 77.
"""
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from browser import Tab, chromium, report
from checks import ROOT

STATE = """() => { const panel = window.jupyterapp?.shell.currentWidget, kernel = panel?.context?.sessionContext?.session?.kernel;
    const cells = panel?.content?.model?.toJSON().cells.filter(cell => cell.cell_type === 'code') ?? [];
    return {kernel: kernel?.status, cells} }"""
LASSO = ["""import json

from sklearn.datasets import load_digits

from embed_lab import show_map""", """digits = load_digits()
text = [f"digit {kind}" for kind in digits.target[:400]]
drawn = show_map(digits.data[:400], text=text, color=digits.target[:400], method="pca")
widget = drawn.widget()
widget.show()""", """picked = sorted(map(int, widget.selection()))
frame = drawn.to_frame()
print(json.dumps([frame.x[picked].tolist(), frame.x.drop(index=picked).tolist()]))"""]


@contextmanager
def jupyter(folder: Path) -> Iterator[tuple[str, str]]:
    """A JupyterLab of its own in `folder`: its host and token."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = "127.0.0.1:%d" % free.getsockname()[1]
    token = secrets.token_hex(16)
    env = {**os.environ, **{f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}}
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser", "--ip=127.0.0.1",
               f"--port={host.split(':')[1]}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}",
               f"--IdentityProvider.token={token}"]
    silent = folder / "config/lab/user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    silent.parent.mkdir(parents=True)
    silent.write_text('{"fetchNews": "false", "checkForUpdates": false}')
    with open(folder / "lab.log", "wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"http://{host}/api?token={token}", timeout=5).close()
                break
            except OSError:
                time.sleep(0.5)
        else:
            raise RuntimeError(f"JupyterLab does not answer:\n{(folder / 'lab.log').read_text()[-2000:]}")
        yield host, token
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()


def until(tab: Tab, ready, seconds: int, what: str) -> list[dict]:
    """The code cells of the open notebook, once `ready(cells)` and its kernel is idle."""
    for _ in range(2 * seconds):
        state = tab.page.evaluate(STATE)
        if state["kernel"] == "idle" and ready(state["cells"]):
            return state["cells"]
        time.sleep(0.5)
    raise RuntimeError(f"{what}: not done after {seconds} s")


def errors(cells: list[dict]) -> list[str]:
    outputs = [output for cell in cells for output in cell["outputs"]]
    return [f"{output['ename']}: {output['evalue'][:300]}" for output in outputs if output["output_type"] == "error"]


def run_all(tab: Tab, token: str, name: str, seconds: int) -> list[dict]:
    """Open a notebook, choose Run All Cells in the menu, and wait."""
    tab.open(f"lab/tree/{name}?token={token}&reset")
    until(tab, bool, 120, f"opening {name}")
    tab.page.get_by_role("menuitem", name="Run", exact=True).click()
    tab.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    return until(tab, lambda cells: errors(cells) or all(cell["execution_count"] for cell in cells), seconds, f"running {name}")


def index_runs(tab: Tab, token: str) -> Iterator[str]:
    """The front page runs from top to bottom."""
    cells = run_all(tab, token, "index.ipynb", 800)
    yield from (f"index.ipynb: {error}" for error in errors(cells))
    if not any("image/png" in output.get("data", {}) for cell in cells for output in cell["outputs"]):
        yield "index.ipynb shows no map"
    tab.shot("lab_index_top")
    for _ in range(2):          # cells above are drawn, and push it down
        tab.page.locator(".jp-OutputArea-output img").last.scroll_into_view_if_needed()
        tab.page.wait_for_timeout(1000)
    tab.shot("lab_index")


def lasso_selects(tab: Tab, token: str) -> Iterator[str]:
    """A lasso around the left half of a map, read back in Python, is the points of the left half."""
    cells = run_all(tab, token, "lasso.ipynb", 240)
    yield from (f"lasso.ipynb: {error}" for error in errors(cells))
    box = tab.page.locator(".jp-OutputArea-output canvas").first.bounding_box()
    left, top = box["x"] + 60, box["y"] + 3         # beside the buttons
    middle, bottom = box["x"] + box["width"] / 2, box["y"] + box["height"] - 3
    tab.page.get_by_title("Activate lasso selection").click()
    mouse = tab.page.mouse
    mouse.move(left, top)
    mouse.down()
    for x, y in ((middle, top), (middle, bottom), (left, bottom), (left, top)):
        mouse.move(x, y, steps=20)
    mouse.up()
    time.sleep(1)
    tab.shot("lab_lasso")
    count = cells[-1]["execution_count"]
    tab.page.locator(".jp-CodeCell").last.locator(".cm-content").click()
    tab.page.keyboard.press("Control+Enter")
    cells = until(tab, lambda cells: (cells[-1]["execution_count"] or 0) > count, 60, "reading the selection")
    picked, rest = json.loads("".join(cells[-1]["outputs"][0]["text"]))
    tab.shot("lab_selection")
    if not picked or not rest or max(picked) > min(rest):
        yield f"the lasso around the left half took {len(picked)} of {len(picked) + len(rest)} points, not those of the left half"


def lab(shots: Path | None) -> Iterator[str]:
    """JupyterLab: the front page runs; a lasso in the widget is read back in Python."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        index = nbformat.read(ROOT / "nbs/index.ipynb", 4)
        for cell in index.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        lasso = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in LASSO], metadata=index.metadata)
        nbformat.write(index, folder / "index.ipynb")
        nbformat.write(lasso, folder / "lasso.ipynb")
        with jupyter(folder) as (host, token), chromium() as browser:
            for check in (index_runs, lasso_selects):
                tab = Tab(browser, host, shots)
                yield from check(tab, token)
                yield from tab.told(check.__name__)


if __name__ == "__main__":
    sys.exit(report(lab, Path(sys.argv[1]) if len(sys.argv) > 1 else None))
