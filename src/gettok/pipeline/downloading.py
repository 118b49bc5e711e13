"""The download step and its items, for the stage `download` and for `gettok follow`."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from gettok.download import DownloadStep, VideoLink
from gettok.pipeline.answering import Asking
from gettok.pipeline.endpoints import addresses
from gettok.settings import Settings
from gettok.settings.registries import DOWNLOAD_BACKENDS
from gettok.step import Item


@contextmanager
def opened_step(settings: Settings) -> Iterator[DownloadStep]:
    """The step of the settings, with a sandbox if they ask for it and the backend reads pages."""
    pages = settings.source.pages
    reads_pages = DOWNLOAD_BACKENDS[settings.download.backend].reads_pages
    with addresses(*([pages] if reads_pages else [])) as where:
        url = where.of(pages, "pages") if reads_pages else pages
        with closing(DownloadStep(settings.download, settings.source.name, url)) as step:
            if not reads_pages:
                step.open()  # before its folder is looked at; what reads pages is opened by the first question
            yield step


def video_item(step: DownloadStep, video_id: str, day: str, username: str) -> Item[VideoLink]:
    """The item that asks for a video."""
    link = VideoLink(video_id, username)
    inputs = step.inputs(link)
    return Item(video_id, day, inputs, replace(link, files=inputs.get("files")))


def captions_item(link: VideoLink, day: str) -> Item[VideoLink]:
    """The item that asks for a video's captions alone."""
    return Item(link.video_id, day, {"video_id": link.video_id}, link)


def any_fetched(asking: Asking, items: Iterable[Item[VideoLink]]) -> VideoLink | None:
    """One of these videos whose files are in the store, if there is one."""
    for item in items:
        answer = asking.store.get(asking.key(item).digest)
        if answer is not None and "unusable" not in answer.body:
            return item.content
    return None
