"""Show where two of a video's texts differ: in capitals (yellow), punctuation (red) or spelling (blue)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from gettok.cli.arguments import given_id, refuse_no_file
from gettok.compare.text_sources import COMPARED, TEXT_SOURCES, video_texts
from gettok.errors import BadInput
from gettok.pipeline.outputs import output
from gettok.report.display import label
from gettok.report.rendering import differences_page
from gettok.report.word_differences import MarkedTexts, Piece, mark_differences
from gettok.store.atomic_write import atomic_write
from gettok.tables import CAPTIONS, TRANSCRIPTS, VIDEOS
from gettok.text.tokens import KINDS

#: The paper's colours.
_COLOURS: Mapping[str, str] = {"capitalisation": "yellow", "punctuation": "red", "spelling": "blue"}


def marked_differences(video_id: str, left: str | None, right: str | None) -> MarkedTexts:
    """Two of a video's texts, marked; a text source that is not named is chosen. Raises `BadInput`."""
    for source in (left, right):
        if source is not None and source not in TEXT_SOURCES:
            raise BadInput(
                f"there is no text source {source!r}",
                "did nothing",
                f"choose two of {', '.join(TEXT_SOURCES)}",
            )
    texts = _texts(video_id)
    pair = next((pair for pair in _possible(left, right) if set(pair) <= texts.keys()), None)
    if pair is None:
        raise BadInput(
            f"the video {video_id} does not have the two texts: it has {', '.join(texts) or 'none'}",
            "did nothing",
            "choose two that it has with --left and --right, or another video of those in data/comparison/pairs",
        )
    return mark_differences(video_id, {source: texts[source] for source in pair})


def _possible(left: str | None, right: str | None) -> Sequence[tuple[str, str]]:
    if left is not None and right is not None:
        return [(left, right)] if left != right else []
    pairs = [*COMPARED, *((right, left) for left, right in COMPARED)]
    return [pair for pair in pairs if left in (None, pair[0]) and right in (None, pair[1])]


def _texts(video_id: str) -> dict[str, str]:
    """The texts that a video has, by text source."""
    texts = video_texts(
        VIDEOS.read(output("videos"), ["video_id", "created_at", "voice_to_text"]),
        CAPTIONS.read(output("captions.parquet"), ["video_id", "language", "source", "text"]),
        TRANSCRIPTS.read(output("transcripts"), ["video_id", "text", "language"]),
    )
    rows = texts.filter(video_id=video_id).select(list(TEXT_SOURCES)).to_dicts()
    if not rows:
        raise BadInput(
            f"there is no video {video_id!r} in {output('videos')}",
            "did nothing",
            "give the id of a video of this study, as its tables and its report have it",
        )
    return {source: text for source, text in rows[0].items() if text is not None}


def write_page(pair: MarkedTexts, out: Path) -> None:
    """Write the page of one pair, completely or not at all."""
    refuse_no_file(out, "differences.html")
    atomic_write(out, differences_page(pair).encode())


def lines(pair: MarkedTexts) -> list[str]:
    """For the terminal: each text with its words in the colour of their gravest difference, then the counts."""
    texts: list[str] = []
    for side in pair.sides:
        texts += [typer.style(side.name, bold=True), " ".join(map(_coloured, side.pieces)), ""]
    counts = (f"{_painted(kind, kind)} {pair.counts[kind]}" for kind in KINDS)
    return [*texts, f"{', '.join(counts)}; ∅ no word here"]


def _coloured(piece: Piece) -> str:
    # a stranger's text may hold control characters, which must not reach the terminal
    word = label(piece.text, 40)
    return _painted(word, piece.kinds[-1]) if piece.kinds else word


def _painted(text: str, kind: str) -> str:
    return typer.style(text, fg="white" if kind == "spelling" else "black", bg=_COLOURS[kind])


def command(
    video_id: Annotated[str, typer.Argument(help="The id of a video of this study, or a link to it.")],
    left: Annotated[
        str | None,
        typer.Option(help="The reference: voice_to_text, captions or whisper; else one that the video has."),
    ] = None,
    right: Annotated[
        str | None,
        typer.Option(help="The text that is compared with it, from one of the same three sources."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write a page of HTML to this file, instead of printing the texts.")
    ] = None,
) -> None:
    pair = marked_differences(given_id(video_id), left, right)
    if out is not None:
        write_page(pair, out)
        typer.echo(f"{out} shows how the texts of {pair.video_id} differ")
        return
    for line in lines(pair):
        typer.echo(line)
