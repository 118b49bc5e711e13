"""How right a run over the demo's corpus is, against the truth that only this module and the tests may read."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jiwer
import polars as pl

from gettok.compare.truth import COLUMNS, ErrorRates, by_condition, error_rates, our_texts
from gettok.tables import DESCRIPTIONS, FRAMES, SCREEN_TEXTS, STANCES, TRANSCRIPTS
from gettok.text.tokens import normalise
from sandbox.corpus.truth import Truth, truth

#: The true on-screen text of a video, and the text that was read.
Screen = tuple[str, str]


@dataclass(frozen=True)
class Screens:
    """Share of the characters of on-screen text that were read right, over so many videos.

    `right` is of normalised words, `verbatim` also of capitals and punctuation.
    """

    right: float | None
    verbatim: float | None
    videos: int


@dataclass(frozen=True)
class Accuracy:
    """Rates between 0 and 1, each with the number of videos that it is over; None where there are none.

    `transcripts` are of the videos in the study's language, `by_condition` of all, each video in several conditions.
    A video with speech in which none was found counts as wholly missed.
    """

    transcripts: ErrorRates
    by_condition: Mapping[str, ErrorRates]
    by_model: Screens
    by_ocr: Screens
    stance_accuracy: float | None
    stances: int

    def lines(self) -> list[str]:
        """For people."""
        heard = self.transcripts
        return [
            f"word error rate of the transcripts   {_said(heard.wer.value)} over {heard.wer.n} videos with speech",
            f"of these, taken for no speech        {heard.missed_entirely}: wholly missed, each word an error",
            *(f"  {name:<35}{_rates(of)}" for name, of in self.by_condition.items()),
            f"words where nobody speaks            {heard.words_without_speech}",
            f"characters of on-screen text right   {_read(self.by_model)}",
            f"the same, read by OCR                {_read(self.by_ocr)}",
            f"stances right                        {_said(self.stance_accuracy)} over {self.stances} videos",
        ]


def accuracy(data: Path) -> Accuracy:
    """Compare the tables under `data` with the truth."""
    true = truth()
    transcripts = TRANSCRIPTS.read(data / "transcripts", ["video_id", "text", "status", "reason"])
    of_study = {video: true[video] for video in sorted(transcripts["video_id"])}
    heard = our_texts(transcripts)
    labels = STANCES.read(data / "stances", ["video_id", "label"]).drop_nulls("label").rows()
    sent = _Sent(data, true)
    return Accuracy(
        transcripts=error_rates(_spoken(of_study, _language), heard),
        by_condition=by_condition(_spoken(of_study, _conditions), heard),
        by_model=_screens(_described(data, sent)),
        by_ocr=_screens(_read_by_ocr(data, sent)),
        stance_accuracy=_mean([label == true[video].stance for video, label in labels]),
        stances=len(labels),
    )


def _spoken(true: Mapping[str, Truth], conditions: Callable[[Truth], Sequence[str]]) -> pl.DataFrame:
    """What is said in each video, once for each of its conditions."""
    rows = [(video, of.words, condition) for video, of in true.items() for condition in conditions(of)]
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def _language(of_video: Truth) -> Sequence[str]:
    """One condition for what is in the study's language or in none, and none for the rest."""
    return ["es"] if of_video.language in ("es", "") else []


def _conditions(of_video: Truth) -> Sequence[str]:
    if not of_video.words:
        return []
    conditions = [f"language: {of_video.language}", f"voice: {of_video.voice}"]
    if of_video.language != "es":  # where every word is wrong, what is behind the voice makes no difference
        return conditions
    return [*conditions, f"behind the voice: {of_video.behind_voice or 'nothing'}"]


class _Sent:
    """What is truly to be read on the frames that were sent: a model gets some of a video's frames, not all."""

    def __init__(self, data: Path, true: Mapping[str, Truth]) -> None:
        frames = FRAMES.read(data / "frames", ["video_id", "frame_index", "time_s"]).drop_nulls("frame_index")
        self._times = {(video, index): time_s for video, index, time_s in frames.rows()}
        self._true = true

    def there(self, video: str, indices: Iterable[int]) -> str:
        of_video = self._true[video]
        if of_video.kind == "slideshow":
            return of_video.text_on(list(indices))
        return of_video.text_at([self._times[video, index] for index in indices])


def _described(data: Path, sent: _Sent) -> Iterator[Screen]:
    """Each described video's text as the model gives it."""
    columns = ["video_id", "frame_indices", "on_screen_text", "status"]
    described = DESCRIPTIONS.read(data / "descriptions", columns).filter(pl.col("status") == "ok")
    for video, indices, text, _ in described.rows():
        yield sent.there(video, indices), text or ""


def _read_by_ocr(data: Path, sent: _Sent) -> Iterator[Screen]:
    """Each video's text as OCR reads it, a text that several frames show once."""
    columns = ["video_id", "frame_index", "text", "status"]
    read = SCREEN_TEXTS.read(data / "screen_texts", columns).filter(pl.col("status") == "ok")
    of_video = read.sort("video_id", "frame_index").group_by("video_id", maintain_order=True)
    for video, indices, texts in of_video.agg("frame_index", "text").rows():
        yield sent.there(video, indices), "\n".join(dict.fromkeys(texts))


def _screens(pairs: Iterable[Screen]) -> Screens:
    known = list(pairs)
    normal = [(" ".join(normalise(there)), " ".join(normalise(read))) for there, read in known]
    verbatim = [(" ".join(there.split()), " ".join(read.split())) for there, read in known]
    return Screens(_right(normal), _right(verbatim), len(known))


def _right(pairs: Sequence[Screen]) -> float | None:
    """Share of right characters over all pairs together; a pair whose truth is empty has none."""
    given = [(there, read) for there, read in pairs if there]
    if not given:
        return None
    error = float(jiwer.cer([there for there, _ in given], [read for _, read in given]))
    return round(max(0.0, 1 - error), 4)


def _mean(right: list[bool]) -> float | None:
    return round(sum(right) / len(right), 4) if right else None


def _rates(of: ErrorRates) -> str:
    missed = f", {of.missed_entirely} wholly missed" if of.missed_entirely else ""
    return f"{_said(of.wer.value)} (characters {_said(of.cer.value)}) over {of.wer.n}{missed}"


def _read(screens: Screens) -> str:
    return f"{_said(screens.right)} ({_said(screens.verbatim)} verbatim) over {screens.videos} videos"


def _said(rate: float | None) -> str:
    return "–" if rate is None else f"{rate:.3f}"


if __name__ == "__main__":
    print(*accuracy(Path(sys.argv[1])).lines(), sep="\n")
