"""Fetches the file of a video through one of three backends, all with the same outcome for the same video.

`page` reads TikTok's page itself; `ytdlp` and `pyktok` leave that to yt-dlp and to pyktok, in processes of their own.
"""

from gettok.download.arrival import Arrival, VideoLink
from gettok.download.step import DownloadStep

__all__ = ["Arrival", "DownloadStep", "VideoLink"]
