"""Look at the site and at saved maps in Chromium, and say what is wrong with them.

    .venv/bin/python .ci/browser.py site _docs                  # as .ci/website.py made it
    .venv/bin/python .ci/browser.py maps --shots SHOTS          # SHOTS: a folder for screenshots

Where there is no Chromium it says SKIPPED and exits with 77: nothing was checked, nothing passed.
"""
import argparse
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from checks import ROOT

SKIPPED = 77
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
FIND = "HNSW"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
BLIND = "() => [...document.images].filter(one => !one.naturalWidth).map(one => one.src.slice(0, 80))"
BARE = """() => [...document.querySelectorAll('.math')].filter(one => one.querySelector('mjx-merror')
    || !one.querySelector('mjx-container')).map(one => one.textContent.slice(0, 80))"""
WIDE = """() => [...document.body.querySelectorAll('*')].filter(one => {
    const box = one.getBoundingClientRect();
    if (box.right <= innerWidth + 1 || box.left >= innerWidth) return false;
    for (let up = one.parentElement; up && up !== document.body; up = up.parentElement)
        if (!up.matches('.bd-article-container') && getComputedStyle(up).overflowX !== 'visible') return false;
    return true}).slice(0, 3).map(one => one.outerHTML.slice(0, 100))"""


class Tab:
    """A page of a browser, and what went wrong in it: errors, failed requests, requests to another host."""

    def __init__(self, browser, host: str, shots: Path | None):
        self.page = browser.new_context(viewport=DESK, reduced_motion="reduce").new_page()
        self.host, self.shots, self.faults = host, shots, []
        self.page.set_default_timeout(60_000)
        self.page.on("console", lambda said: self.note(f"console: {said.text[:200]}", said.type == "error"))
        self.page.on("pageerror", lambda error: self.note(f"error: {str(error)[:200]}"))
        self.page.on("requestfailed", lambda request: self.note(f"failed: {request.url[:120]} {request.failure}"))
        self.page.on("response", lambda answer: self.note(f"{answer.status}: {answer.url[:120]}", answer.status >= 400))
        self.page.on("request", lambda request: self.asked(request.url))
        self.page.on("websocket", lambda socket: self.asked(socket.url))

    def note(self, fault: str, wrong: bool = True) -> None:
        if wrong:
            self.faults.append(fault)

    def asked(self, url: str) -> None:
        parts = urlsplit(url)
        self.note(f"asks another host: {url[:120]}", parts.scheme not in ("data", "blob", "about") and parts.netloc != self.host)

    def open(self, path: str) -> None:
        self.page.goto(f"http://{self.host}/{path}")

    def shot(self, name: str) -> None:
        if self.shots:
            self.page.screenshot(path=self.shots / f"{name}.png")

    def told(self, where: str) -> Iterator[str]:
        """What went wrong since the last time that this was asked."""
        found, self.faults = self.faults, []
        yield from (f"{where}: {fault}" for fault in found)


@contextmanager
def chromium() -> Iterator:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--enable-unsafe-swiftshader"])
        try:
            yield browser
        finally:
            browser.close()


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *said) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The host and port at which the files of `folder` can be had."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def hard_to_read(tab: Tab, where: str) -> Iterator[str]:
    """Text that stands out too little from its background, and the like: what axe finds, light and dark."""
    from axe_playwright_python.sync_playwright import Axe

    for scheme in ("light", "dark"):
        tab.page.emulate_media(color_scheme=scheme)
        tab.page.wait_for_timeout(500)          # colours fade from one to the other
        for found in Axe().run(tab.page, options={"runOnly": ["color-contrast", "image-alt", "label"]}).response["violations"]:
            first, more = found["nodes"][0], len(found["nodes"]) - 1
            yield f"{where}, {scheme}: {found['id']} at {first['html'][:150]} and {more} more: {first['failureSummary'][:200]}"
    tab.page.emulate_media(color_scheme="light")


def narrow(tab: Tab, where: str) -> Iterator[str]:
    """What makes a page wider than a phone."""
    tab.page.set_viewport_size(PHONE)
    yield from (f"{where} is wider than a phone: {element}" for element in tab.page.evaluate(WIDE))
    tab.page.set_viewport_size(DESK)


def look(tab: Tab, where: str) -> Iterator[str]:
    """One page of the site: it opens, mathematics and pictures show, and it fits a phone."""
    tab.open(where)
    if tab.page.locator(".math").count():
        tab.page.wait_for_function("() => window.MathJax?.startup?.promise")
        tab.page.evaluate("() => MathJax.startup.promise.then(() => null)")
    yield from (f"{where}: mathematics not shown: {formula}" for formula in tab.page.evaluate(BARE))
    yield from (f"{where}: picture not shown: {picture}" for picture in tab.page.evaluate(BLIND))
    yield from narrow(tab, where)
    yield from tab.told(where)


def site(folder: Path, shots: Path | None) -> Iterator[str]:
    """Every page of the site; the search; and light and dark on one page of each folder."""
    with served(folder) as host, chromium() as browser:
        tab, seen = Tab(browser, host, shots), set()
        for path in sorted(path for path in folder.rglob("*.html") if "_static" not in path.parts):
            where = path.relative_to(folder).as_posix()
            yield from look(tab, where)
            if path.parent not in seen or path.stem in ("api", "47_compare"):
                seen.add(path.parent)
                yield from hard_to_read(tab, where)
        tab.open("index.html")
        tab.page.keyboard.press("Control+k")
        tab.page.keyboard.type(FIND)
        tab.page.keyboard.press("Enter")
        tab.page.wait_for_url("**/search.html?q=*")
        tab.page.locator("#search-results li a").first.wait_for()
        found = tab.page.eval_on_selector_all("#search-results li a", "all => all.map(one => one.href)")
        tab.shot("search")
        if not any("61_faiss_store" in url for url in found):
            yield f"search for {FIND} finds no chapter of it, but {found[:5]}"
        yield from tab.told("search")


def hover(tab: Tab, canvas: int, said: str) -> str:
    """Move over a map until it says something."""
    box = tab.page.locator("canvas").nth(canvas).bounding_box()
    for y in range(12, int(box["height"]), 12):
        for x in range(12, int(box["width"]), 12):
            tab.page.mouse.move(box["x"] + x, box["y"] + y)
            if text := tab.page.locator(said).inner_text():
                return text
    return ""


def touched(browser, host: str) -> Iterator[str]:
    """On a phone: a dot that is tapped says its text and goes on saying it; two fingers that part make the map larger."""
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"http://{host}/map.html")
    left, top = page.evaluate("() => {const box = cv.getBoundingClientRect(); return [box.x, box.y]}")
    x, y = page.evaluate("() => [sx(0), sy(0)]")
    page.touchscreen.tap(left + x, top + y)
    page.wait_for_timeout(300)
    if not page.locator("#tip").is_visible():
        yield "map: a dot that was tapped on a phone says nothing"
    session, before = context.new_cdp_session(page), page.evaluate("z")
    for kind, apart in (("touchStart", 20), ("touchMove", 60), ("touchMove", 100), ("touchEnd", None)):
        points = [] if apart is None else [{"x": left + 180 - apart, "y": top + 150}, {"x": left + 180 + apart, "y": top + 150}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    if not 3 < page.evaluate("z") / before < 7:
        yield f"map: two fingers made it {page.evaluate('z') / before:.1f} times as large, not 5 times"
    context.close()


def saved_maps(folder: Path) -> list[str]:
    """Two pages in `folder`; the texts of their points."""
    from sklearn.datasets import load_digits

    from embed_lab import show_linked_maps, show_map

    digits = load_digits()
    pixels, kinds = digits.data[:300], digits.target[:300]
    text = [f"digit {kind}, image {i}" for i, kind in enumerate(kinds)]
    show_map(pixels, text=text, color=kinds, images=digits.images[:300] / 16, title="Digits").save(folder / "map.html")
    spaces = {"pixels": pixels, "rows": digits.images[:300].mean(axis=2)}
    show_linked_maps(spaces, text=text, color=kinds).save(folder / "linked.html")
    return text


def maps(shots: Path | None) -> Iterator[str]:
    """Saved maps: a dot that is pointed at says its text, here and in the linked map; nothing is asked of anybody."""
    with tempfile.TemporaryDirectory() as name, chromium() as browser:
        text = saved_maps(Path(name))
        with served(Path(name)) as host:
            tab = Tab(browser, host, shots)
            for page, said in (("map", "#tip"), ("linked", "#said")):
                tab.open(f"{page}.html")
                other = tab.page.locator("canvas").last
                before = other.screenshot()
                words = hover(tab, 0, said)
                tab.shot(page)
                if not any(line in words for line in text):
                    yield f"{page}: no text of a point where the mouse was: {words!r}"
                if other.screenshot() == before:
                    yield f"{page}: the point is not lit"
                yield from (f"{page}: picture not shown: {picture}" for picture in tab.page.evaluate(BLIND))
                yield from hard_to_read(tab, page)
                yield from narrow(tab, page)
                yield from tab.told(page)
            yield from touched(browser, host)


def report(check: Callable[[Path | None], Iterator[str]], shots: Path | None) -> int:
    """Print what a check finds; the exit status."""
    if CHROMIUM is None:
        print("SKIPPED: there is no Chromium here, so nothing was looked at")
        return SKIPPED
    if shots:
        shots.mkdir(parents=True, exist_ok=True)
    found = list(check(shots))
    print(*found, sep="\n", end="\n" if found else "")
    return bool(found)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["site", "maps"])
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "_docs", help="of the site")
    parser.add_argument("--shots", type=Path, help="a folder for screenshots")
    args = parser.parse_args()
    return report(maps if args.what == "maps" else partial(site, args.folder.resolve()), args.shots)


if __name__ == "__main__":
    sys.exit(main())
