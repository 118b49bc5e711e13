"""How the files of an answer lie in the folder `media`, and how an answer's blobs are found there again.

A video is `ID.mp4`, a slideshow a folder `ID`; captions lie beside it as `ID.vtt`, `.srt` or `.json`, as they came.
"""

from collections.abc import Mapping
from pathlib import Path

from gettok.download.backend import MEDIA
from gettok.download.captions import Captions
from gettok.step import Answer, Blob, Json, digest_of
from gettok.store.blobs import link_or_copy

CAPTIONS = "captions"
PAGE = "page"


def files_of(answer: Answer) -> dict[str, Blob]:
    """The files of the video or slideshow alone."""
    return {name: blob for name, blob in answer.blobs.items() if name not in (CAPTIONS, PAGE)}


def digest(files: Mapping[str, Blob]) -> str:
    """The file's SHA-256; of a slideshow, one over its files' names and digests."""
    if MEDIA in files:
        return files[MEDIA].digest
    return digest_of({name: blob.digest for name, blob in files.items()})


def lay(answer: Answer, folder: Path, video_id: str) -> str:
    """Put the answer's files into the folder, sharing the store's bytes where the filesystem can; says the name."""
    lay_captions(answer, folder, video_id)
    files = files_of(answer)
    if MEDIA in files:
        link_or_copy(files[MEDIA], folder / f"{video_id}.mp4")
        return f"{video_id}.mp4"
    (folder / video_id).mkdir()
    for name, blob in files.items():
        link_or_copy(blob, folder / video_id / name)
    return video_id


def lay_captions(answer: Answer, folder: Path, video_id: str) -> None:
    """Put the answer's captions into the folder, if it has any."""
    if captions := answer.blobs.get(CAPTIONS):
        link_or_copy(captions, folder / _captions_name(answer.body, video_id))


def pick_up(folder: Path, video_id: str, file: str, body: Mapping[str, Json]) -> dict[str, Blob]:
    """The blobs that `lay` put there."""
    path = folder / file
    found = {one.name: one for one in sorted(path.iterdir())} if path.is_dir() else {MEDIA: path}
    if body.get("captions") and not body["captions"]["trouble"]:
        found[CAPTIONS] = folder / _captions_name(body, video_id)
    return {name: Blob.of_file(one) for name, one in found.items()}


def _captions_name(body: Mapping[str, Json], video_id: str) -> str:
    facts = {name: value for name, value in body["captions"].items() if name != "trouble"}
    return f"{video_id}{Captions(**facts).suffix}"
