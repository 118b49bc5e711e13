"""Fetches a video's files through one of four backends, all with the same outcome for the same video.

`page` reads TikTok's page itself; `ytdlp` and `pyktok` leave that to yt-dlp and to pyktok, in processes of their own;
`local` takes files that are there already.
"""

from gettok.download.backend import DownloadResult, VideoLink
from gettok.download.captions_retry import CaptionsStep, may_pass
from gettok.download.file_layout import digest, files_of, lay, lay_captions, pick_up
from gettok.download.step import DownloadStep

__all__ = [
    "CaptionsStep",
    "DownloadResult",
    "DownloadStep",
    "VideoLink",
    "digest",
    "files_of",
    "lay",
    "lay_captions",
    "may_pass",
    "pick_up",
]
