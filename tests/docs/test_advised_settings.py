"""Each setting that a message or a page advises, as KEY=VALUE or as "set KEY to VALUE", is one that `compose` takes."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import zip_longest
from pathlib import Path

from pages import INVENTED, PAGES, shell_of
from root import ROOT

from docs.site import settings
from gettok.cli.compose import compose

CONF = ROOT / "conf"
GROUPS = settings.read_groups(CONF)
_KEY = rf"(?P<key>(?:{'|'.join(GROUPS)})(?:\.[a-z_]+)*)"
_ASSIGNED = re.compile(rf"(?<![\w./]){_KEY}=(?P<value>\[[^\]]*\]|[^\s`,;)]+)")
_SET_TO = re.compile(rf"\bset {_KEY} to (?P<value>[\w\[\]]+)")
#: What follows "set KEY to" where a sentence describes the value.
_DESCRIBED = {"a", "one", "the", "that", "what"}
#: What a key needs beside it, as the pages that name it say.
_NEEDS = {
    "release": ["terms.forms=[ids_only,public,controlled,team]"],
    "source.file": ["source=ids"],
    "llm.confidence": ["llm.votes=1"],
}


_ADVISED = re.compile(rf"\b(?:set|raise|lower|correct|check|choose|as|with) {_KEY}(?![\w./(])")


def sentences(path: Path) -> Iterator[str]:
    """Every text in a source file; what an f-string fills in is a brace."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value


def advised_in(texts: Iterable[str]) -> set[str]:
    found = [match for text in texts for match in (*_ASSIGNED.finditer(text), *_SET_TO.finditer(text))]
    return {
        f"{match['key']}={match['value'].rstrip('.:')}"
        for match in found
        if match["value"] not in _DESCRIBED and "{" not in match["value"]
    }


@cache
def messages() -> Sequence[str]:
    files = [*ROOT.glob("src/**/*.py"), *ROOT.glob("stages/*.py")]
    return [text for file in files for text in sentences(file)]


def in_pages() -> set[str]:
    return advised_in(code for page in PAGES for code in shell_of(page) if "sandbox" not in page.name)


def is_one_value(setting: str) -> bool:
    value = setting.split("=", 1)[1]
    return value not in INVENTED and (value.startswith("[") or "," not in value)


def together(settings: set[str]) -> Iterator[list[str]]:
    """The settings in as few calls as give no key two values, and the choices of groups apart from single keys."""
    by_key: dict[bool, dict[str, list[str]]] = {True: {}, False: {}}
    for setting in sorted(settings):
        key = setting.partition("=")[0]
        by_key["." in key].setdefault(key, []).append(setting)
    for values in by_key.values():
        yield from (list(filter(None, at_once)) for at_once in zip_longest(*values.values()))


def test_each_advised_setting_is_accepted(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    advised = advised_in(messages()) | set(filter(is_one_value, in_pages()))
    assert len(advised) > 40
    for at_once in together(advised):
        keys = {setting.partition("=")[0] for setting in at_once}
        needs = {need for key in keys for need in _NEEDS.get(key, []) if need.partition("=")[0] not in keys}
        compose([*sorted(needs), *at_once], tmp_path / "params.yaml")


def test_each_setting_that_a_message_advises_to_change_exists():
    files = [path for group in GROUPS for path in (CONF / group).glob("*.yaml")]
    groups = {path: path.parent.relative_to(CONF).as_posix() for path in files}
    known = {key.key for path, group in groups.items() for key in settings.read_choice(path, group).settings}
    advised = {match["key"] for text in messages() for match in _ADVISED.finditer(text)} - set(GROUPS)
    assert {"llm.budget_usd", "source.file", "llm.batch.bytes"} <= advised
    assert advised - known == set()


def test_the_advice_of_messages_is_found():
    """A guard of this test's own."""
    assert {"collect.canary=[]", "collect.patience_days=0", "llm.batch=null"} <= advised_in(messages())
