"""Measures a run over the demo's corpus against its ground truth, which only this module and the tests may read."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import jiwer
import polars as pl

from gettok.compare.truth import COLUMNS, ErrorRates, by_condition, error_rates, our_texts
from gettok.errors import counted
from gettok.settings import Codebook
from gettok.stats.bootstrap import Estimate
from gettok.stats.formatting import number, percent
from gettok.tables import DESCRIPTIONS, FRAMES, SCREEN_TEXTS, TRANSCRIPTS
from gettok.text.tokens import normalise
from sandbox.code_accuracy import CodeAccuracy, code_accuracies
from sandbox.corpus.truth import Truth, truth

#: The true on-screen text of a video, and the text that a model or OCR read.
TextPair = tuple[str, str]


@dataclass(frozen=True)
class ScreenAccuracy:
    """The share of the true on-screen `characters` that were read correctly, over `videos` videos.

    `normalised` ignores capitals and punctuation, `verbatim` does not.
    """

    normalised: float | None
    verbatim: float | None
    videos: int
    characters: int


@dataclass(frozen=True)
class Accuracy:
    """Rates between 0 and 1, each with its number of videos; None if there are none.

    `transcripts` is over the videos in the study's language, `by_condition` over all, each video in several conditions.
    If no speech was found in a video with speech, all its words count as errors.
    """

    transcripts: ErrorRates
    by_condition: Mapping[str, ErrorRates]
    by_model: ScreenAccuracy
    by_ocr: ScreenAccuracy
    codes: Sequence[CodeAccuracy]
    """Of each variable of the codebook."""

    def lines(self, *, verbose: bool = False) -> list[str]:
        """A summary for people; only if `verbose`, with the rates by voice, by background, by language and by label."""
        speech = self.transcripts
        conditions = self.by_condition if verbose else {}
        missed = counted(speech.missed_entirely, "video")
        return [
            f"word error rate of the transcripts   {_over(speech.wer)} with speech",
            f"speech missed entirely               {missed} (every word counts as an error)",
            *(f"  {name:<35}{_rates(of)}" for name, of in conditions.items()),
            f"words transcribed without speech     {speech.words_without_speech}",
            f"on-screen characters read correctly  {_screen_rates(self.by_model)}",
            f"the same by OCR                      {_screen_rates(self.by_ocr)}",
            *(line for code in self.codes for line in (code.line(), *(code.by_label() if verbose else ()))),
        ]


def accuracy(data: Path, codebook: Codebook) -> Accuracy:
    """Compare the tables under `data` with the truth; the codebook is that of the run."""
    true = truth()
    transcripts = TRANSCRIPTS.read(data / "transcripts", ["video_id", "text", "status", "reason"])
    of_study = {video: true[video] for video in sorted(transcripts["video_id"])}
    texts = our_texts(transcripts)
    true_texts = _TrueTexts(data, true)
    return Accuracy(
        transcripts=error_rates(_spoken(of_study, _language), texts),
        by_condition=by_condition(_spoken(of_study, _conditions), texts),
        by_model=_screens(_described(data, true_texts)),
        by_ocr=_screens(_read_by_ocr(data, true_texts)),
        codes=code_accuracies(data, codebook, true),
    )


def _spoken(true: Mapping[str, Truth], conditions: Callable[[Truth], Sequence[str]]) -> pl.DataFrame:
    """The words spoken in each video, one row per condition of the video."""
    rows = [(video, of.words, condition) for video, of in true.items() for condition in conditions(of)]
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")


def _language(of_video: Truth) -> Sequence[str]:
    """One condition for videos in the study's language or without speech, and none for the others."""
    return ["es"] if of_video.language in ("es", "") else []


def _conditions(of_video: Truth) -> Sequence[str]:
    if not of_video.words:
        return []
    conditions = [f"language: {of_video.language}", f"voice: {of_video.voice}"]
    if of_video.language != "es":  # every word is wrong there, so the background makes no difference
        return conditions
    return [*conditions, f"behind the voice: {of_video.behind_voice or 'nothing'}"]


class _TrueTexts:
    """The true text on given frames; a model gets only some of a video's frames."""

    def __init__(self, data: Path, true: Mapping[str, Truth]) -> None:
        frames = FRAMES.read(data / "frames", ["video_id", "frame_index", "time_s"]).drop_nulls("frame_index")
        self._times = {(video, index): time_s for video, index, time_s in frames.rows()}
        self._true = true

    def on_frames(self, video: str, indices: Iterable[int]) -> str:
        of_video = self._true[video]
        if of_video.kind == "slideshow":
            return of_video.text_on(list(indices))
        return of_video.text_at([self._times[video, index] for index in indices])


def _described(data: Path, true_texts: _TrueTexts) -> Iterator[TextPair]:
    """Each described video's on-screen text, true and as the model read it."""
    columns = ["video_id", "frame_indices", "on_screen_text", "status"]
    described = DESCRIPTIONS.read(data / "descriptions", columns).filter(pl.col("status") == "ok")
    for video, indices, text, _ in described.rows():
        yield true_texts.on_frames(video, indices), text or ""


def _read_by_ocr(data: Path, true_texts: _TrueTexts) -> Iterator[TextPair]:
    """Each video's on-screen text, true and as OCR read it; text that several frames show counts once."""
    columns = ["video_id", "frame_index", "text", "status"]
    read = SCREEN_TEXTS.read(data / "screen_texts", columns).filter(pl.col("status") == "ok")
    of_video = read.sort("video_id", "frame_index").group_by("video_id", maintain_order=True)
    for video, indices, texts in of_video.agg("frame_index", "text").rows():
        yield true_texts.on_frames(video, indices), "\n".join(dict.fromkeys(texts))


def _screens(pairs: Iterable[TextPair]) -> ScreenAccuracy:
    all_pairs = list(pairs)
    normal = [(" ".join(normalise(true)), " ".join(normalise(read))) for true, read in all_pairs]
    verbatim = [(" ".join(true.split()), " ".join(read.split())) for true, read in all_pairs]
    characters = sum(len(true) for true, _ in verbatim)
    return ScreenAccuracy(_share_correct(normal), _share_correct(verbatim), len(all_pairs), characters)


def _share_correct(pairs: Sequence[TextPair]) -> float | None:
    """The share of correct characters over all pairs together, without pairs whose true text is empty."""
    with_text = [(true, read) for true, read in pairs if true]
    if not with_text:
        return None
    error = float(jiwer.cer([true for true, _ in with_text], [read for _, read in with_text]))
    return round(max(0.0, 1 - error), 4)


def _rates(rates: ErrorRates) -> str:
    missed = f", {rates.missed_entirely} missed entirely" if rates.missed_entirely else ""
    wer, cer = (number(rate.value, rate.n) for rate in (rates.wer, rates.cer))
    return f"{wer} (characters {cer}) over {rates.wer.n}{missed}"


def _screen_rates(screens: ScreenAccuracy) -> str:
    normalised, verbatim = (
        percent(rate, screens.characters) for rate in (screens.normalised, screens.verbatim)
    )
    return f"{normalised} ({verbatim} verbatim) over {counted(screens.videos, 'video')}"


def _over(rate: Estimate) -> str:
    return f"{number(rate.value, rate.n)} over {counted(rate.n, 'video')}"


if __name__ == "__main__":
    folder, codebook, *options = sys.argv[1:]
    found = accuracy(Path(folder), Codebook.model_validate_json(codebook))
    print(*found.lines(verbose="--verbose" in options), sep="\n")
