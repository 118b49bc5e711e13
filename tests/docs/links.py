"""Links of Markdown files, and the anchors that GitHub gives to headings."""

import re
from collections.abc import Iterator
from pathlib import Path

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[(?:[^\]\[]|\[[^\]]*\])*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (?P<text>.+)$", re.MULTILINE)


def links(page: Path) -> Iterator[str]:
    """The targets of all links and pictures, without those in code."""
    text = _CODE.sub("", _FENCE.sub("", page.read_text("utf-8")))
    yield from (match["target"] for match in _LINK.finditer(text))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings: lower case, without punctuation, spaces as hyphens."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    found: set[str] = set()
    for match in _HEADING.finditer(text):
        slug = re.sub(r"[^\w\- ]", "", match["text"].lower()).replace(" ", "-")
        count = sum(1 for other in found if other == slug or re.fullmatch(rf"{re.escape(slug)}-\d+", other))
        found.add(f"{slug}-{count}" if count else slug)
    return found


def dead(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    return [
        link
        for link in links(page)
        if not link.startswith(("https://", "http://")) and not _leads(page, link)
    ]


def _leads(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = (page.parent / path) if path else page
    return target.exists() and (not anchor or anchor in anchors(target))
