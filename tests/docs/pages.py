"""The pages that people read in the repository, and the code in their sentences and blocks."""

import re
from collections.abc import Iterator
from pathlib import Path

from root import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "inputs/*.md", "media/*.md", "sandbox/*/*.md")
    for path in ROOT.glob(pattern)
)
#: The page that `gettok dictionary` writes.
GENERATED = DOCS / "data-dictionary.md"
#: Studies, prompts and files that a page has its reader write.
INVENTED = {"my_own", "my_event", "my_server", "march_on_lima", "irony"}
_SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```\w*\n(?P<fenced>.*?)^```|(?P<indented>(?:^ {4}\S.*\n)+)", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code_of(page: Path) -> Iterator[str]:
    """Each piece of code in a sentence, and each line of a block without its comment."""
    text = page.read_text("utf-8")
    yield from _inline(text)
    for block in _BLOCK.finditer(text):
        yield from _lines(block["fenced"] or block["indented"])


def shell_of(page: Path) -> Iterator[str]:
    """The same, of the blocks only those for a shell."""
    text = page.read_text("utf-8")
    yield from _inline(text)
    for block in _SHELL.finditer(text):
        yield from _lines(block[1])


def _inline(text: str) -> list[str]:
    return _INLINE.findall(re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def _lines(block: str) -> Iterator[str]:
    """The lines without comments; a line that ends with a backslash goes on in the next."""
    lines = block.replace("\\\n", " ").splitlines()
    yield from filter(None, (line.split(" #")[0].strip() for line in lines))


def first_column(page: Path, heading: str) -> list[str]:
    """The names in backticks in the first column of the table whose heading begins so."""
    rows = page.read_text("utf-8").split(f"\n| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row.split("|")[1])]
