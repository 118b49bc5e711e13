"""Show where two of a video's texts differ: in capitals (yellow), punctuation (red) or spelling (blue)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from gettok.compare.text_sources import COMPARED, WAYS, texts
from gettok.errors import BadInput
from gettok.pipeline.paths import DATA
from gettok.report.display import label
from gettok.report.marking import Marked, Piece, marked
from gettok.report.rendering import differences_page
from gettok.store.atomic_write import atomic_write
from gettok.tables import CAPTIONS, TRANSCRIPTS, VIDEOS
from gettok.text.tokens import KINDS

#: The paper's colours.
_COLOURS: Mapping[str, str] = {"capitalisation": "yellow", "punctuation": "red", "spelling": "blue"}


def differences_of(video_id: str, left: str | None, right: str | None) -> Marked:
    """Two of a video's texts, marked; what is not said is chosen so that there are two. Raises `BadInput`."""
    for way in (left, right):
        if way is not None and way not in WAYS:
            raise BadInput(f"there is no way {way!r}", "did nothing", f"choose two of {', '.join(WAYS)}")
    found = _texts(video_id)
    pair = next((pair for pair in _possible(left, right) if set(pair) <= found.keys()), None)
    if pair is None:
        raise BadInput(
            f"the video {video_id} does not have the two texts that are asked for: it has {_listed(list(found))}",
            "did nothing",
            "choose two that it has with --left and --right, or another video: data/comparison/pairs.parquet lists all",
        )
    return marked(video_id, {way: found[way] for way in pair})


def _possible(left: str | None, right: str | None) -> Sequence[tuple[str, str]]:
    if left is not None and right is not None:
        return [(left, right)] if left != right else []
    others = [*COMPARED, *((right, left) for left, right in COMPARED)]
    return [pair for pair in others if left in (None, pair[0]) and right in (None, pair[1])]


def _texts(video_id: str) -> dict[str, str]:
    """The texts that a video has, by way."""
    of_videos = texts(
        VIDEOS.read(DATA / "videos", ["video_id", "created_at", "voice_to_text"]),
        CAPTIONS.read(DATA / "captions.parquet", ["video_id", "language", "source", "text"]),
        TRANSCRIPTS.read(DATA / "transcripts", ["video_id", "text", "language"]),
    )
    rows = of_videos.filter(video_id=video_id).select(list(WAYS)).to_dicts()
    if not rows:
        raise BadInput(
            f"there is no video {video_id!r} in {DATA / 'videos'}",
            "did nothing",
            "give the id of a video of this study, as its tables and its report have it",
        )
    return {way: text for way, text in rows[0].items() if text is not None}


def _listed(ways: Sequence[str]) -> str:
    return ", ".join(ways) or "none"


def write_page(pair: Marked, out: Path) -> None:
    """The page of one pair, whole or not at all."""
    if not out.parent.is_dir():
        raise BadInput(f"there is no folder {out.parent}", "wrote nothing", "make it, or name another file")
    atomic_write(out, differences_page(pair).encode())


def lines(pair: Marked) -> list[str]:
    """For the terminal: each text with its words in the colour of their gravest difference, then what differs."""
    said: list[str] = []
    for side in pair.sides:
        said += [typer.style(side.name, bold=True), " ".join(map(_coloured, side.pieces)), ""]
    counts = (f"{_painted(kind, kind)} {pair.counts[kind]}" for kind in KINDS)
    return [*said, f"{', '.join(counts)}; ∅ no word here"]


def _coloured(piece: Piece) -> str:
    # no sign of a stranger's text may steer the terminal
    word = label(piece.text, 40)
    return _painted(word, piece.kinds[-1]) if piece.kinds else word


def _painted(text: str, kind: str) -> str:
    return typer.style(text, fg="white" if kind == "spelling" else "black", bg=_COLOURS[kind])


def command(
    video_id: Annotated[str, typer.Argument(help="The id of a video of this study.")],
    left: Annotated[
        str | None, typer.Option(help="The reference: voice_to_text, captions or whisper.")
    ] = None,
    right: Annotated[
        str | None, typer.Option(help="What is compared with it, one of the same three.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="A file for a page of HTML, in place of the terminal.")
    ] = None,
) -> None:
    pair = differences_of(video_id, left, right)
    if out is not None:
        write_page(pair, out)
        typer.echo(f"{out} shows how the texts of {video_id} differ")
        return
    for line in lines(pair):
        typer.echo(line)
