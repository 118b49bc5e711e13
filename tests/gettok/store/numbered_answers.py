"""Keys by number, and what is wrong with a store."""

from pathlib import Path

from gettok.store import Key, Store

BIG = bytes(range(256)) * 800


def key(number: int) -> Key:
    return Key.of("describe", 1, {"model": "m"}, {"video": number})


def defects(root: Path) -> list[str]:
    with Store(root) as store:
        return [finding.what for finding in store.verify()]
