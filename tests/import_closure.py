"""Which files of ours a module reaches when it is imported, by reading the imports in the source."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
_HOMES = {"gettok": ROOT / "src" / "gettok", "stages": ROOT / "stages", "sandbox": ROOT / "sandbox"}

_MODULE = re.compile(r"(gettok|stages)(\.\w+)+")


def reached_from(module: str) -> set[str]:
    """Paths relative to the repository: the module's own file, all it imports, and data files beside them."""
    seen: set[Path] = set()
    waiting = [module]
    while waiting:
        for file in _files(waiting.pop()):
            if file not in seen:
                seen.add(file)
                waiting += _imports(file)
    beside = {data for file in seen if file.name == "__init__.py" for data in _data_files(file.parent)}
    return {file.relative_to(ROOT).as_posix() for file in seen | beside}


def _files(module: str) -> Iterator[Path]:
    """The files that importing a module runs: its packages' `__init__.py` and its own."""
    first, *rest = module.split(".")
    place = _HOMES.get(first)
    if place is None:
        return
    for part in [None, *rest]:
        place = place / part if part else place
        if (place / "__init__.py").is_file():
            yield place / "__init__.py"
        elif place.with_suffix(".py").is_file():
            yield place.with_suffix(".py")


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _MODULE.fullmatch(node.value):
            yield node.value  # a module that is run as a program of its own


def _data_files(package: Path) -> Iterator[Path]:
    for file in package.iterdir():
        if file.is_file() and file.suffix != ".py" and file.name != "py.typed":
            yield file
