"""The page of the documentation that lists every public name, from the docstrings."""
import importlib
import inspect
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from checks import PACKAGE, ROOT, homes


def first_sentence(obj) -> str:
    return re.split(r"(?<=[.!?])\s|\n\n", inspect.getdoc(obj) or "", maxsplit=1)[0].replace("\n", " ")


def signature(name: str, obj) -> str:
    from sphinx.util.inspect import stringify_signature

    try:
        text = stringify_signature(inspect.signature(obj), unqualified_typehints=True)
    except (TypeError, ValueError):         # a property, an exception
        return name
    return name + re.sub(r"~(?:\w+\.)+", "", re.sub(r"<(?:class|function) '?(?:\w+\.)*(\w+)[^>]*>", r"\1", text))


def methods(obj) -> Iterator[str]:
    """The public methods and properties of a class, one line each."""
    for name, value in (vars(obj) if inspect.isclass(obj) else {}).items():
        if name[0] != "_" and (callable(getattr(obj, name)) or isinstance(value, property)) and getattr(value, "__doc__", None):
            yield f"- `{signature(name, getattr(obj, name))}`: {first_sentence(value)}"


def entry(name: str, obj, page: "Chapter") -> str:
    """What the API page says of one public name."""
    return f"""### {name}

```python
{signature(name, obj)}
```

{first_sentence(obj)} [In its chapter](/{page.path.as_posix()}#{name.lower()}).

<details><summary>All of its docstring</summary>

```text
{inspect.getdoc(obj)}
```

{chr(10).join(methods(obj))}

</details>
"""


def api_page(chapters: Mapping[Path, "Chapter"]) -> tuple[str, list[str]]:
    """The page of every public name, module by module; and the names that their chapters do not document."""
    package = importlib.import_module(PACKAGE)
    public = {name: getattr(package, name) for name in package.__all__}
    lines, faults = [f"# API\n\nEverything that `import {PACKAGE}` offers, module by module.\n"], []
    for path, module in homes():
        page = chapters.get(path.relative_to(ROOT / "nbs"))
        names = [name for name, obj in public.items() if page and obj.__module__ == f"{PACKAGE}.{module}"]
        faults += [f"{path.relative_to(ROOT)} does not document {name}" for name in names if name.lower() not in page.names]
        faults += [f"{PACKAGE}.{name} has no docstring" for name in names if not public[name].__doc__]
        if names:
            lines += [f"## {PACKAGE}.{module}\n", *(entry(name, public.pop(name), page) for name in names)]
    return "\n".join(lines), faults + [f"{PACKAGE}.{name} comes from no chapter" for name in public]
