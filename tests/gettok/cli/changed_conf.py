"""A copy of this repository's `conf/` in which a test changes a file."""

import shutil
from pathlib import Path

from root import ROOT


class Conf:
    """The folder `conf` in a folder of a test's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "conf"
        shutil.copytree(ROOT / "conf", self.folder, ignore=shutil.ignore_patterns("__pycache__"))

    def change(self, old: str, new: str, file: str = "study/demo.yaml") -> str:
        """Put another text in the place of the first such text; returns the file and the line, as messages have it."""
        path = self.folder / file
        before, found, after = path.read_text("utf-8").partition(old)
        assert found, f"{file} has no {old!r}"
        path.write_text(f"{before}{new}{after}", "utf-8")
        return f"conf/{file}, line {before.count(chr(10)) + 1}"
