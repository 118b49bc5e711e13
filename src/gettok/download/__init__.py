"""Fetches a video's files through one of four backends, all with the same outcome for the same video.

`page` reads TikTok's page itself; `ytdlp` and `pyktok` leave that to yt-dlp and to pyktok, in processes of their own;
`local` takes files that are there already.
"""

from gettok.download.arrival import Arrival, VideoLink
from gettok.download.shelf import digest, files_of, lay, pick_up
from gettok.download.step import DownloadStep

__all__ = ["Arrival", "DownloadStep", "VideoLink", "digest", "files_of", "lay", "pick_up"]
