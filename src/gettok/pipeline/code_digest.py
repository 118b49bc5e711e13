"""Which code a stage reaches, and a digest of each file that changes only when what it does may change.

A module's digest is of its text without comments, docstrings and blank lines. The text and not the syntax tree, since
`ast.dump` differs from one Python to the next, and DVC's lock must not. The syntax is that of Python 3.11, which ruff
checks: later ones allow quotes within an f-string that the digest does not follow.
"""

import ast
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import NamedTuple

from gettok.errors import BadSettings, NoSpace
from gettok.pipeline.file_md5 import file_state
from gettok.pipeline.outputs import output
from gettok.step import Json, canonical
from gettok.store.atomic_write import atomic_write

#: The top-level packages whose code a stage may run, and the folder that each is in.
PACKAGES: Mapping[str, Path] = {"gettok": Path("src/gettok"), "stages": Path("stages")}
#: What was read of each file, so that a stage does not parse again what has not changed.
_KEPT = Path(".dvc", "tmp", "gettok-code.json")
#: A module that is named in a string, to be loaded when it is needed or run as a program of its own; or a package,
#: out of which a registry loads one module or another.
_MODULE_NAME = re.compile(r"(gettok|stages)(\.\w+)+")
#: String literals, which are kept as they are, and what is left out between them: comments and blank lines. A string
#: prefix is part of the word before the quote, so it needs no place here.
_STRINGS_AND_GAPS = re.compile(
    r"""(?P<string>\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')"""
    r"""|[ \t]*\#[^\n]*|[ \t]+(?=\n)|\n(?:[ \t]*(?:\#[^\n]*)?\n)+""",
    re.DOTALL,
)


class Module(NamedTuple):
    """One file of code."""

    digest: str
    #: Names that it imports, or names in a string: modules, and members of modules.
    imports: Sequence[str]


def reached_from(module: str, root: Path = Path()) -> dict[str, str]:
    """The digest of each file that importing a module may run or read, by its path below `root`.

    These are the module itself, everything of ours that it imports, at the top or in a function, everything that it
    names as `gettok.…` in a string of its own (of a package, each module), and the files that are not code beside a
    package's modules.
    """
    digests: dict[str, str] = {}
    waiting = [module]
    with _read_modules(root) as read:
        while waiting:
            for file in _files_of(waiting.pop(), root):
                name = file.relative_to(root).as_posix()
                if name not in digests:
                    found = read(file)
                    digests[name] = found.digest
                    waiting += found.imports
                    if file.name == "__init__.py":
                        digests |= {
                            path.relative_to(root).as_posix(): read(path).digest
                            for path in _data_files(file.parent)
                        }
    return dict(sorted(digests.items()))


@contextmanager
def _read_modules(root: Path) -> Iterator[Callable[[Path], Module]]:
    """Reads modules. One that has not been written since it was last read, by any process, is not parsed again."""
    kept_in = root / _KEPT
    kept, new = _kept(kept_in), False

    def read(file: Path) -> Module:
        nonlocal new
        name, state = file.relative_to(root).as_posix(), file_state(file)
        if name not in kept or kept[name][0] != state:
            kept[name], new = (state, _module(file)), True
        return kept[name][1]

    yield read
    if new and kept_in.parent.is_dir():
        content = {"by": _own_digest(), "modules": kept}
        with suppress(OSError, NoSpace):  # another process may write it at the same time; it only saves time
            atomic_write(kept_in, canonical(content).encode("ascii"))


def _kept(path: Path) -> dict[str, tuple[str, Module]]:
    """The state of each file when it was last read, and what was read; nothing if this module has changed since."""
    try:
        content: Json = json.loads(path.read_bytes())
        files = content["modules"] if content["by"] == _own_digest() else {}
        return {name: (state, Module(digest, imports)) for name, (state, (digest, imports)) in files.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}


@cache
def _own_digest() -> str:
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


def significant(source: str) -> str:
    """The source without comments, docstrings, blank lines and trailing blanks."""
    return _significant(source, ast.walk(ast.parse(source)))


def _significant(source: str, nodes: Iterable[ast.AST]) -> str:
    return _STRINGS_AND_GAPS.sub(_keep, _without(source, map(_docstring, nodes))).strip("\n")


def _keep(found: re.Match[str]) -> str:
    if found["string"] is not None:
        return found["string"]
    return "\n" if found[0].startswith("\n") else ""


def _without(source: str, docstrings: Iterable[ast.expr | None]) -> str:
    # columns of syntax trees count bytes
    lines = [line.encode() for line in source.split("\n")]
    for node in sorted(filter(None, docstrings), key=lambda node: node.lineno, reverse=True):
        assert node.end_lineno is not None
        first, last = node.lineno - 1, node.end_lineno - 1
        lines[first : last + 1] = [lines[first][: node.col_offset] + lines[last][node.end_col_offset :]]
    return b"\n".join(lines).decode()


def _docstring(node: ast.AST) -> ast.expr | None:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return first.value if isinstance(first.value.value, str) else None
    return None


def _module(file: Path) -> Module:
    if file.suffix != ".py":
        return Module(hashlib.sha256(file.read_bytes()).hexdigest(), ())
    source = file.read_text("utf-8-sig")
    try:
        nodes = list(ast.walk(ast.parse(source, str(file))))
    except SyntaxError as error:
        raise BadSettings(
            f"{file} is not Python: {error.msg}, line {error.lineno}",
            "stopped before any request or model load",
            "correct the file; it is code that a stage reaches",
        ) from None
    digest = hashlib.sha256(_significant(source, nodes).encode()).hexdigest()
    return Module(digest, tuple(name for node in nodes for name in _imports(node)))


def _imports(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and _MODULE_NAME.fullmatch(node.value)
    ):
        yield f"{node.value}.*"


def _files_of(module: str, root: Path) -> Iterator[Path]:
    """The files that importing a module runs: the `__init__.py` of its packages and its own; `*` is each module."""
    first, *rest = module.split(".")
    if first not in PACKAGES:
        return
    place = root / PACKAGES[first]
    for part in [None, *rest]:
        if part == "*":
            yield from place.glob("*.py")
            return
        place = place / part if part else place
        if (place / "__init__.py").is_file():
            yield place / "__init__.py"
        elif place.with_suffix(".py").is_file():
            yield place.with_suffix(".py")


def _data_files(package: Path) -> list[Path]:
    return [file for file in package.iterdir() if file.is_file() and not _is_code_or_temporary(file)]


def _is_code_or_temporary(file: Path) -> bool:
    """Editors put hidden files and copies beside what they edit."""
    return file.suffix in (".py", ".typed") or file.name.startswith(".") or file.name.endswith("~")


def as_json(stage: str) -> bytes:
    """What `data/code/<stage>.json` holds: the digest of each file that the stage reaches."""
    return (json.dumps(reached_from(f"stages.{stage}"), indent=1) + "\n").encode()


def stale_code(stage: str) -> bool:
    """Whether the code has changed since `data/code/<stage>.json` was written. Without such a file, it has not."""
    return _is_other(stage, as_json(stage))


def _is_other(stage: str, code: bytes) -> bool:
    path = output("code") / f"{stage}.json"
    return path.is_file() and path.read_bytes() != code


def current_code(stage: str) -> bytes:
    """What `data/code/<stage>.json` holds; raises `BadSettings` if the code has changed since it was written.

    `dvc repro` writes them first; `dvc repro -s` does not, and DVC would then store this run's outputs as those of the
    old code. Without digests, the stage is not run by DVC, and there is nothing to compare.
    """
    code = as_json(stage)
    if _is_other(stage, code):
        raise BadSettings(
            f"the code of {stage} has changed since data/code/{stage}.json was written",
            "stopped before any request or model load",
            f"run `dvc repro {stage}`, or `dvc repro -s code` first: -s alone leaves the stage `code` out",
        )
    return code
