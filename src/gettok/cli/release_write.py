"""The results of the last run as a release in another form than the settings name."""

from pathlib import Path

from gettok import release
from gettok.errors import BadInput, counted
from gettok.pipeline.paths import DATA
from gettok.pipeline.provenance import provenance
from gettok.pipeline.results import tables, with_history
from gettok.pipeline.sharing import refuse_overdue, sharing
from gettok.settings import Settings, check
from gettok.store.atomic_write import atomic_dir

#: Where releases in other forms go.
RELEASES = DATA / "releases"


def write_form(settings: Settings, form: str, folder: Path) -> str:
    """Write it, in place of an earlier one, and say how many videos it has; raises `BadSettings` for a wrong form."""
    raw = settings.model_dump(mode="json")
    raw["release"]["form"] = form
    chosen = check(raw, f"release.form={form}")
    refuse_overdue(chosen)
    _refuse_other_files(folder)
    results = with_history(tables(chosen.codebook))
    with atomic_dir(folder) as unfinished:
        release.write(unfinished, results, sharing(chosen), provenance(chosen, results))
    return counted(results.count, "video")


def _refuse_other_files(folder: Path) -> None:
    if folder.exists() and not (folder / "checksums.sha256").is_file():
        raise BadInput(
            f"{folder} is there and is no release",
            "wrote nothing, as its files would be lost",
            "name another folder with --folder, or remove it",
        )
