"""Fetches the files of each video through one of several backends, which all give the same result for the same video.

`page` reads TikTok's page itself. `ytdlp` and `pyktok` let yt-dlp and pyktok do that, each in its own processes.
`local` takes files that are on this machine already.
"""

from gettok.download.backend import DownloadResult, VideoLink
from gettok.download.captions_retry import CaptionsStep, is_transient
from gettok.download.file_layout import (
    CAPTIONS,
    files_digest,
    files_of,
    placed_captions,
    placed_files,
    put_files,
    read_files,
)
from gettok.download.step import DownloadStep

__all__ = [
    "CAPTIONS",
    "CaptionsStep",
    "DownloadResult",
    "DownloadStep",
    "VideoLink",
    "files_digest",
    "files_of",
    "is_transient",
    "placed_captions",
    "placed_files",
    "put_files",
    "read_files",
]
