"""Build the docs site: `make docs`, or `python -m docs.site.build`.

The pages of docs/ are copied, what is made from the code and from conf/ is put into them, and Zensical builds the copy
strictly: a link to a page or an anchor that does not exist fails the build, and the last good site is left as it was.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from docs.site import commands, settings
from gettok.release import DATASET
from gettok.tables import TABLES
from gettok.tables.dictionary import markdown as dictionary

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SITE = ROOT / "site"
_MADE_HERE = "<!-- made by `make docs`: {} -->"


def assemble(target: Path) -> None:
    """Write the site's sources: all pages and pictures of docs/, with what is generated in its place."""
    for path in sorted(DOCS.rglob("*")):
        if path.suffix in {".md", ".png", ".svg"}:
            copy = target / path.relative_to(DOCS)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
    _fill(target / "reference" / "settings.md", "settings", settings.markdown(ROOT / "conf"))
    _fill(target / "reference" / "commands.md", "commands", commands.markdown())
    (target / "data-dictionary.md").write_text(dictionary([DATASET, *TABLES.values()]), "utf-8")


def _fill(page: Path, name: str, text: str) -> None:
    """Put generated text where the page marks its place; what follows the mark is for readers of the repository."""
    before, mark, _ = page.read_text("utf-8").partition(_MADE_HERE.format(name))
    if not mark:
        sys.exit(f"docs: {page.name} has no line {_MADE_HERE.format(name)!r}; built nothing; put it back")
    page.write_text(before + text, "utf-8")


def main() -> None:
    """Build the site into site/, whole or not at all."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        assemble(work / "docs")
        shutil.copyfile(DOCS / "site" / "zensical.toml", work / "zensical.toml")
        built = subprocess.run(
            [sys.executable, "-m", "zensical", "build", "--strict", "--clean"], cwd=work, check=False
        )
        if built.returncode:
            sys.exit(
                "docs: a page has a problem, named above; site/ is as it was; correct the page and run again"
            )
        shutil.rmtree(SITE, ignore_errors=True)
        shutil.copytree(work / "site", SITE)
    sys.stdout.write(f"{SITE / 'index.html'}\n")


if __name__ == "__main__":
    main()
