"""What a person gives a command: a video by its id or a link, and the file of a page to write."""

from pathlib import Path

from gettok.collect.ids import video_id
from gettok.errors import BadInput
from gettok.report.display import label


def given_id(text: str) -> str:
    """The id in what a person gave; raises `BadInput` if there is none."""
    try:
        return video_id(text)
    except ValueError as error:
        raise BadInput(
            f"{label(text, 100)!r} {error}", "looked for nothing", "give a video's id, or the link to it"
        ) from error


def refuse_no_file(out: Path, example: str) -> None:
    """Raise `BadInput` if a page cannot be written to this file: its folder does not exist, or it is one itself."""
    if not out.parent.is_dir():
        raise BadInput(f"there is no folder {out.parent}", "wrote nothing", "make it, or name another file")
    if out.is_dir():
        raise BadInput(f"{out} is a folder", "wrote nothing", f"name a file, such as {example}")
