"""Is every public encoder of the package held to the contract? Found by reading, so that nothing has to be listed by hand."""
import ast
from collections.abc import Iterator

from checks import PACKAGE, ROOT, cells, notebooks

BASES = {"MediaEncoder", "SharedSpaceEncoder", "WordEncoder", "TableEncoder"}       # what subclasses share; they encode nothing


def encoders() -> set[str]:
    """The public classes of the package that are encoders, by the names of their bases, without those that are bases only."""
    bases: dict[str, set[str]] = {}
    for path in (ROOT / PACKAGE).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(base.id for base in node.bases if isinstance(base, ast.Name))
    found = {"Encoder"}
    while more := {name for name, above in bases.items() if above & found} - found:
        found |= more
    return {name for name in found if name[0] != "_"} - BASES - {"Encoder"}


def definitions(trees: list[ast.Module]) -> dict[str, list[ast.expr]]:
    """What each name of a notebook may stand for: values assigned or looped over, what functions return, bases of classes."""
    known: dict[str, list[ast.expr]] = {}
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef):
            pairs = [(node.name, part.value) for part in ast.walk(node) if isinstance(part, ast.Return) and part.value]
        elif isinstance(node, ast.ClassDef):
            pairs = [(node.name, base) for base in node.bases]
        elif isinstance(node, (ast.Assign, ast.For, ast.comprehension)):
            targets, value = (node.targets, node.value) if isinstance(node, ast.Assign) else ([node.target], node.iter)
            pairs = [(part.id, value) for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]
        else:
            continue
        for name, value in pairs:
            known.setdefault(name, []).append(value)
    return known


def made_by(node: ast.AST, known: dict[str, list[ast.expr]], seen: set[str]) -> set[str]:
    """Names of the classes that an expression may make an object of; what its arguments make is only part of that object."""
    if isinstance(node, ast.Name):
        if node.id in seen:
            return set()
        seen.add(node.id)
        return {node.id}.union(*(made_by(value, known, seen) for value in known.get(node.id, [])))
    parts = {ast.Lambda: ("body",), ast.Call: ("func",), ast.Attribute: ("value",), ast.Tuple: ("elts",), ast.List: ("elts",),
             ast.Dict: ("values",), ast.IfExp: ("body", "orelse"), ast.ListComp: ("elt",), ast.DictComp: ("value",)}
    found: set[str] = set()
    for name in parts.get(type(node), ()):
        inner = getattr(node, name)
        found = found.union(*(made_by(one, known, seen) for one in (inner if isinstance(inner, list) else [inner])))
    return found


def not_held() -> Iterator[str]:
    """Every public encoder of the package is what some notebook gives to check_encoder."""
    held: set[str] = set()
    for path in notebooks():
        if "check_encoder(" in path.read_text("utf-8"):
            trees = [ast.parse(source) for source in cells(path, "code") if not source.lstrip().startswith(("%", "!"))]
            known = definitions(trees)
            calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
            for call in calls:
                if isinstance(call.func, ast.Name) and call.func.id == "check_encoder" and call.args:
                    held |= made_by(call.args[0], known, set())
    yield from (f"no notebook holds {name} to check_encoder" for name in sorted(encoders() - held))
