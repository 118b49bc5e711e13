"""How right a run over the demo's corpus is, against the truth that only this module and the tests may read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jiwer
import polars as pl

from gettok.compare.truth import COLUMNS, Against, against, by_condition, heard_by_us
from gettok.tables import DESCRIPTIONS, FRAMES, STANCES, TRANSCRIPTS
from gettok.words import normalise
from sandbox.corpus.truth import Truth, truth


@dataclass(frozen=True)
class Accuracy:
    """Rates between 0 and 1, each with the number of videos that it is over; None where there are none.

    `transcripts` are of the videos in the study's language, `by_condition` of all, each video in several conditions.
    A video with speech in which none was found counts as wholly missed.
    """

    transcripts: Against
    by_condition: Mapping[str, Against]
    screen_text_accuracy: float | None
    screens: int
    stance_accuracy: float | None
    stances: int

    def lines(self) -> list[str]:
        """For people."""
        heard = self.transcripts
        return [
            f"word error rate of the transcripts   {_said(heard.wer.value)} over {heard.wer.n} videos with speech",
            f"of these, taken for no speech        {heard.wholly_missed}: wholly missed, each word an error",
            *(f"  {name:<35}{_rates(of)}" for name, of in self.by_condition.items()),
            f"words where nobody speaks            {heard.words_where_nobody_speaks}",
            f"characters of on-screen text right   {_said(self.screen_text_accuracy)} over {self.screens} videos",
            f"stances right                        {_said(self.stance_accuracy)} over {self.stances} videos",
        ]


def accuracy(data: Path) -> Accuracy:
    """Compare the tables under `data` with the truth."""
    true = truth()
    transcripts = TRANSCRIPTS.read(data / "transcripts", ["video_id", "text", "status", "reason"])
    of_study = {video: true[video] for video in sorted(transcripts["video_id"])}
    heard = heard_by_us(transcripts)
    labels = STANCES.read(data / "stances", ["video_id", "label"]).drop_nulls("label").rows()
    screens = _screens(data, true)
    return Accuracy(
        transcripts=against(_spoken(of_study, _language), heard),
        by_condition=by_condition(_spoken(of_study, _conditions), heard),
        screen_text_accuracy=_complement(_error(jiwer.cer, screens)),
        screens=len(screens),
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


def _rates(of: Against) -> str:
    missed = f", {of.wholly_missed} wholly missed" if of.wholly_missed else ""
    return f"{_said(of.wer.value)} (characters {_said(of.cer.value)}) over {of.wer.n}{missed}"


def _said(rate: float | None) -> str:
    return "–" if rate is None else f"{rate:.3f}"
