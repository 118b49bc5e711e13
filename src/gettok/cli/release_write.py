"""The results of the last run as a release in another form than the settings name."""

from pathlib import Path

from gettok.errors import BadInput, counted
from gettok.pipeline.releasing import PARAMS, write_release
from gettok.settings import Settings, check, select
from gettok.verification.checksums import CHECKSUMS


def write_form(settings: Settings, form: str, folder: Path) -> str:
    """Write it, in place of an earlier one, and say how many videos it has; raises `BadSettings` for a wrong form."""
    raw = settings.model_dump(mode="json")
    raw["release"]["form"] = form
    chosen = select(check(raw, f"release.form={form}"), PARAMS)
    _refuse_other_files(folder)
    return counted(write_release(chosen, folder), "video")


def _refuse_other_files(folder: Path) -> None:
    if folder.exists() and not (folder / CHECKSUMS).is_file():
        raise BadInput(
            f"{folder} is there and is no release",
            "wrote nothing, as its files would be lost",
            "name another folder with --folder, or remove it",
        )
