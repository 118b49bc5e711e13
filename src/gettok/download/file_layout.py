"""Where the files of an answer are in the folder `media`: puts them there, and reads them back.

A video is `ID.mp4`, or `.webm` or `.mkv` by its format; a slideshow is a folder `ID`. Captions are next to it as
`ID.vtt`, `.srt` or `.json`, unchanged.
"""

from collections.abc import Mapping
from pathlib import Path

from gettok.download.backend import MEDIA
from gettok.download.captions import Captions
from gettok.media.file import slideshow_digest
from gettok.media.formats import suffix_of
from gettok.step import Answer, Blob, Json
from gettok.store.blobs import link_or_copy

CAPTIONS = "captions"
PAGE = "page"


def files_of(answer: Answer) -> dict[str, Blob]:
    """The files of the video or slideshow alone."""
    return {name: blob for name, blob in answer.blobs.items() if name not in (CAPTIONS, PAGE)}


def files_digest(files: Mapping[str, Blob]) -> str:
    """The file's SHA-256; for a slideshow, one over the names and digests of its files."""
    if MEDIA in files:
        return files[MEDIA].digest
    return slideshow_digest({name: blob.digest for name, blob in files.items()})


def placed_files(answer: Answer, video_id: str) -> tuple[str, dict[str, Blob]]:
    """The name of the video's file or folder in `media`, and the blobs of its files by their paths there."""
    files = files_of(answer)
    if MEDIA in files:
        name = f"{video_id}{suffix_of(answer.body['facts']['container'])}"
        return name, {name: files[MEDIA]}
    return video_id, {f"{video_id}/{name}": blob for name, blob in files.items()}


def placed_captions(answer: Answer, video_id: str) -> dict[str, Blob]:
    """The blob of the answer's captions by its path in `media`; empty if it has none."""
    captions = answer.blobs.get(CAPTIONS)
    return {_captions_name(answer.body, video_id): captions} if captions else {}


def put_files(files: Mapping[str, Blob], folder: Path) -> None:
    """Put blobs at these paths in a folder, sharing bytes with the store where possible."""
    for name, blob in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(blob, path)


def read_files(folder: Path, video_id: str, file: str, body: Mapping[str, Json]) -> dict[str, Blob]:
    """The blobs that `put_files` has put there."""
    path = folder / file
    paths = {inside.name: inside for inside in sorted(path.iterdir())} if path.is_dir() else {MEDIA: path}
    if body.get("captions") and not body["captions"]["trouble"]:
        paths[CAPTIONS] = folder / _captions_name(body, video_id)
    return {name: Blob.of_file(path) for name, path in paths.items()}


def _captions_name(body: Mapping[str, Json], video_id: str) -> str:
    facts = {name: value for name, value in body["captions"].items() if name != "trouble"}
    return f"{video_id}{Captions(**facts).suffix}"
