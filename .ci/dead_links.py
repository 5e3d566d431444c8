"""What is wrong with the pages of a site, as far as it can be seen without a browser."""
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page links to, loads and names, and its pictures without words."""

    def __init__(self, path: Path):
        super().__init__()
        self.ids, self.links, self.loads, self.mute = {""}, [], [], []
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list) -> None:
        named = dict(attrs)
        self.ids |= {named.get("id"), named.get("name")}
        self.links += [named["href"]] if tag == "a" and named.get("href") else []
        self.loads += [named[name] for name in ("src", "href", "poster", "data") if tag not in ("a", "base") and named.get(name)]
        self.mute += [named.get("src", "")[:60]] if tag == "img" and not named.get("alt", "").strip() else []


def faults_of(out: Path) -> Iterator[str]:
    """Dead links, pictures without words, and what would be loaded from another host."""
    pages = {path: Page(path) for path in out.rglob("*.html") if "_static" not in path.parts}
    others: set[str] = set()
    for path, page in sorted(pages.items()):
        where = path.relative_to(out)
        yield from (f"{where}: a picture has no alt text: {picture}" for picture in page.mute)
        yield from (f"{where} loads {url}" for url in page.loads if urlsplit(url).netloc)
        for url in page.links + page.loads:
            parts = urlsplit(url)
            if parts.scheme or parts.netloc:
                others |= {url} if parts.scheme in ("http", "https") else set()
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                yield f"{where}: no page at {url}"
            elif target in pages and unquote(parts.fragment) not in pages[target].ids:
                yield f"{where}: no heading at {url}"
    print(f"{len(pages)} pages; they link to other hosts, which is not checked:", *sorted(others), sep="\n    ", file=sys.stderr)
