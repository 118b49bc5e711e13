"""How right a run over the demo's corpus is, against the truth that only this module and the tests may read."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer
import polars as pl

from gettok.tables import DESCRIPTIONS, FRAMES, STANCES, TRANSCRIPTS
from gettok.words import normalise
from sandbox.corpus.truth import Truth, truth


@dataclass(frozen=True)
class Accuracy:
    """Rates between 0 and 1, each with the number of videos that it is over; None where there are none."""

    word_error_rate: float | None
    spoken: int
    words_where_nobody_speaks: int
    screen_text_accuracy: float | None
    screens: int
    stance_accuracy: float | None
    stances: int

    def lines(self) -> list[str]:
        """For people."""
        return [
            f"word error rate of the transcripts   {_said(self.word_error_rate)} over {self.spoken} videos with speech",
            f"words where nobody speaks            {self.words_where_nobody_speaks}",
            f"characters of on-screen text right   {_said(self.screen_text_accuracy)} over {self.screens} videos",
            f"stances right                        {_said(self.stance_accuracy)} over {self.stances} videos",
        ]


def accuracy(data: Path) -> Accuracy:
    """Compare the tables under `data` with the truth."""
    true = truth()
    texts = dict(TRANSCRIPTS.read(data / "transcripts", ["video_id", "text"]).rows())
    heard = [(true[video].words, text or "") for video, text in texts.items() if _speaks(true[video], text)]
    silent = [text for video, text in texts.items() if text and not true[video].words]
    labels = STANCES.read(data / "stances", ["video_id", "label"]).drop_nulls("label").rows()
    screens = _screens(data, true)
    return Accuracy(
        word_error_rate=_error(jiwer.wer, heard),
        spoken=len(heard),
        words_where_nobody_speaks=sum(len(normalise(text)) for text in silent),
        screen_text_accuracy=_complement(_error(jiwer.cer, screens)),
        screens=len(screens),
        stance_accuracy=_mean([label == true[video].stance for video, label in labels]),
        stances=len(labels),
    )


def _speaks(of_video: Truth, text: str | None) -> bool:
    """The video has speech in the study's language, and a file that could be listened to."""
    return bool(of_video.words) and of_video.language == "es" and text is not None


def _screens(data: Path, true: dict[str, Truth]) -> list[tuple[str, str]]:
    """True and read on-screen text of each described video, at the frames that were sampled."""
    frames = FRAMES.read(data / "frames", ["video_id", "frame_index", "time_s"]).drop_nulls("frame_index")
    read = DESCRIPTIONS.read(data / "descriptions", ["video_id", "on_screen_text", "status"])
    pairs = []
    for video, text, _ in read.filter(pl.col("status") == "ok").rows():
        sampled = frames.filter(pl.col("video_id") == video)
        if true[video].kind == "slideshow":
            there = true[video].text_on(sampled["frame_index"].to_list())
        else:
            there = true[video].text_at(sampled["time_s"].to_list())
        pairs.append((there, text or ""))
    return pairs


def _error(measure: Callable[[list[str], list[str]], Any], pairs: list[tuple[str, str]]) -> float | None:
    """An error rate over all pairs together, on normalised words; a pair whose truth is empty has none."""
    normal = [(" ".join(normalise(true)), " ".join(normalise(found))) for true, found in pairs]
    normal = [(true, found) for true, found in normal if true]
    if not normal:
        return None
    return round(float(measure([true for true, _ in normal], [found for _, found in normal])), 4)


def _complement(rate: float | None) -> float | None:
    return None if rate is None else round(max(0.0, 1 - rate), 4)


def _mean(right: list[bool]) -> float | None:
    return round(sum(right) / len(right), 4) if right else None


def _said(rate: float | None) -> str:
    return "–" if rate is None else f"{rate:.3f}"
