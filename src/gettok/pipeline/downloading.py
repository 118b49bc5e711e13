"""What fetching videos shares between the stage `download` and `gettok follow`: the step, and its questions."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager

from gettok.download import DownloadStep, VideoLink, may_pass
from gettok.pipeline.answering import Asking
from gettok.pipeline.endpoints import addresses
from gettok.settings import Settings
from gettok.step import Item


@contextmanager
def opened_step(settings: Settings) -> Iterator[DownloadStep]:
    """The step of the settings, with a sandbox beside it if they ask for one. Files that are here need no pages."""
    pages = settings.source.pages
    asked = [] if settings.download.backend == "local" else [pages]
    with addresses(*asked) as where:
        found = where.of(pages, "pages") if asked else pages
        with closing(DownloadStep(settings.download, settings.source.name, found)) as step:
            step.open()
            yield step


def question(step: DownloadStep, video_id: str, day: str, username: str) -> Item[VideoLink]:
    """What is asked about a video."""
    link = VideoLink(video_id, username)
    return Item(video_id, day, step.inputs(link), link)


def captions_of(link: VideoLink, day: str) -> Item[VideoLink]:
    """What is asked where the captions alone are missing."""
    return Item(link.video_id, day, {"video_id": link.video_id}, link)


def lacks_captions(asking: Asking, item: Item[VideoLink]) -> bool:
    """Whether the video is kept and a passing trouble cost its captions."""
    answer = asking.store.get(asking.key(item).digest)
    told = answer.body.get("captions") if answer else None
    return told is not None and may_pass(told["trouble"])


def fetched(asking: Asking, items: Iterable[Item[VideoLink]]) -> VideoLink | None:
    """A video among these that is kept, if there is one."""
    for item in items:
        answer = asking.store.get(asking.key(item).digest)
        if answer is not None and "unusable" not in answer.body:
            return item.content
    return None
