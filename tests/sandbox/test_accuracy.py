"""The accuracy of a run over the demo's corpus: missed speech counts, and every rate has its number of videos."""

import pytest

from gettok.settings import Codebook
from gettok.step import Row
from gettok.tables import ANNOTATIONS, DESCRIPTIONS, FRAMES, SCREEN_TEXTS, TRANSCRIPTS
from gettok.text.tokens import normalise
from sandbox.accuracy import accuracy
from sandbox.corpus.generate import behind_voice
from sandbox.corpus.plan import planned_videos
from sandbox.corpus.script import script
from sandbox.corpus.truth import truth

TRUTH = truth()
SPOKEN = {video: of for video, of in TRUTH.items() if of.language == "es" and of.frames}


STANCE = Codebook.model_validate(
    {
        "name": "stance",
        "frames": 1,
        "label_orders": 1,
        "variables": {
            "stance": {
                "question": "Which stance?",
                "kind": "one_of",
                "labels": ["support", "no support", "neutral"],
                "inputs": ["transcript"],
            }
        },
    }
)


def write_tables(folder, *transcripts: Row):
    TRANSCRIPTS.write(transcripts, folder / "transcripts" / "2022-12-07.parquet")
    for table in (ANNOTATIONS, DESCRIPTIONS, SCREEN_TEXTS, FRAMES):
        table.write([], folder / table.name / "2022-12-07.parquet")
    return folder


def correct(video: str) -> Row:
    return {"video_id": video, "status": "ok", "text": TRUTH[video].words}


def unusable(video: str, reason: str) -> Row:
    return {"video_id": video, "status": "unusable", "reason": reason}


@pytest.mark.parametrize("reason", ["no_speech", "music"])
def test_a_video_with_speech_in_which_none_was_found_counts_as_missed_entirely(tmp_path, reason):
    missed, gone, *others = SPOKEN
    found = accuracy(
        write_tables(tmp_path, unusable(missed, reason), unusable(gone, "no_media"), *map(correct, others)),
        STANCE,
    ).transcripts
    counts = {video: len(normalise(SPOKEN[video].words)) for video in SPOKEN}
    expected = counts[missed] / (sum(counts.values()) - counts[gone])
    assert found.wer.value == pytest.approx(expected, abs=1e-4)
    assert (found.wer.n, found.missed_entirely, found.not_compared) == (len(others) + 1, 1, 1)


def test_the_summary_has_the_rate_of_each_condition_with_its_number_of_videos(tmp_path):
    found = accuracy(write_tables(tmp_path, *map(correct, SPOKEN)), STANCE)
    music = sum(of.behind_voice == "music" for of in SPOKEN.values())
    rates = {name: (of.wer.value, of.wer.n) for name, of in found.by_condition.items()}
    assert rates["behind the voice: music"] == (0, music)
    assert rates["behind the voice: nothing"] == (0, len(SPOKEN) - music)
    assert rates["language: es"] == (0, len(SPOKEN))
    assert sum(n for name, (_, n) in rates.items() if name.startswith("voice: ")) == len(SPOKEN)
    lines = found.lines(verbose=True)
    assert f"  behind the voice: music            0.00 (characters 0.00) over {music}" in lines
    short = [line for line in lines if not line.startswith("  ")]
    assert found.lines() == short, "the rates by condition are for those who ask for them"
    assert "speech missed entirely               0 videos (every word counts as an error)" in lines


def test_english_speech_is_a_separate_condition_and_not_in_the_overall_rate(tmp_path):
    (english,) = (video for video, of in TRUTH.items() if of.language == "en")
    wrong = {"video_id": english, "status": "ok", "text": "nada"}
    found = accuracy(write_tables(tmp_path, wrong, correct(next(iter(SPOKEN)))), STANCE)
    assert (found.transcripts.wer.value, found.transcripts.wer.n) == (0, 1)
    assert found.by_condition["language: en"].wer.value == 1


def test_words_without_speech_are_counted(tmp_path):
    (silent,) = (video for video, of in TRUTH.items() if of.kind == "music")
    found = accuracy(
        write_tables(tmp_path, {"video_id": silent, "status": "ok", "text": "Gracias por ver."}), STANCE
    )
    assert found.transcripts.words_without_speech == 3
    assert found.transcripts.wer.value is None


SCREENS = next(video for video, of in TRUTH.items() if len({shown.text for shown in of.screen}) == 3)


def shown_on(folder, indices: list[int], *, model: str, ocr: list[str]):
    """One video with a frame in the middle of each of its three texts; the frames in `indices` were sent."""
    data = write_tables(folder)
    times = [(shown.from_s + shown.to_s) / 2 for shown in TRUTH[SCREENS].screen]
    frames = [{"video_id": SCREENS, "frame_index": place, "time_s": at} for place, at in enumerate(times)]
    FRAMES.write(frames, data / "frames" / "2022-12-07.parquet")
    seen = {"video_id": SCREENS, "status": "ok", "frame_indices": indices, "on_screen_text": model}
    DESCRIPTIONS.write([seen], data / "descriptions" / "2022-12-07.parquet")
    read = [
        {"video_id": SCREENS, "status": "ok", "frame_index": place, "text": text}
        for place, text in zip(indices, ocr, strict=True)
    ]
    SCREEN_TEXTS.write(read, data / "screen_texts" / "2022-12-07.parquet")
    return accuracy(data, STANCE)


def test_on_screen_text_is_compared_with_the_frames_that_were_sent(tmp_path):
    first, second, third = (shown.text for shown in TRUTH[SCREENS].screen)
    found = shown_on(tmp_path / "a", [0, 2], model=f"{first}\n{third}", ocr=[first, third])
    assert (found.by_model.normalised, found.by_model.videos) == (1, 1)
    assert (found.by_ocr.normalised, found.by_ocr.videos) == (1, 1)
    found = shown_on(tmp_path / "b", [0, 1, 2], model=f"{first}\n{third}", ocr=[first, second, third])
    assert found.by_model.normalised < 1
    assert found.by_ocr.normalised == 1


def test_capitals_count_verbatim_and_a_text_on_several_frames_counts_once(tmp_path):
    first, *_ = (shown.text for shown in TRUTH[SCREENS].screen)
    found = shown_on(tmp_path, [0, 0], model=first, ocr=[first.upper(), first.upper()])
    assert found.by_ocr.normalised == 1
    assert found.by_ocr.verbatim < 0.5
    assert any(line.startswith("the same by OCR                      100 % (") for line in found.lines())


def test_the_truth_has_the_background_that_the_generator_used():
    assert {video.video_id: behind_voice(video, script(video)) for video in planned_videos()} == {
        video: of.behind_voice for video, of in TRUTH.items()
    }
    assert not [video for video, of in TRUTH.items() if of.behind_voice and not of.words]
