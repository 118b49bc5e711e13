"""How right a run over the demo's corpus is: what is missed counts, and every rate says over how many videos it is."""

import pytest

from gettok.step import Row
from gettok.tables import DESCRIPTIONS, FRAMES, SCREEN_TEXTS, STANCES, TRANSCRIPTS
from gettok.text.tokens import normalise
from sandbox.accuracy import accuracy
from sandbox.corpus.cast import cast
from sandbox.corpus.generate import behind_voice
from sandbox.corpus.script import script
from sandbox.corpus.truth import truth

TRUTH = truth()
SPOKEN = {video: of for video, of in TRUTH.items() if of.language == "es" and of.frames}


def written(folder, *transcripts: Row):
    TRANSCRIPTS.write(transcripts, folder / "transcripts" / "2022-12-07.parquet")
    for table in (STANCES, DESCRIPTIONS, SCREEN_TEXTS, FRAMES):
        table.write([], folder / table.name / "2022-12-07.parquet")
    return folder


def right(video: str) -> Row:
    return {"video_id": video, "status": "ok", "text": TRUTH[video].words}


def lost(video: str, reason: str) -> Row:
    return {"video_id": video, "status": "unusable", "reason": reason}


@pytest.mark.parametrize("reason", ["no_speech", "music"])
def test_a_spoken_video_in_which_no_speech_was_found_counts_as_missed_entirely(tmp_path, reason):
    missed, gone, *heard = SPOKEN
    found = accuracy(
        written(tmp_path, lost(missed, reason), lost(gone, "no_media"), *map(right, heard))
    ).transcripts
    counts = {video: len(normalise(SPOKEN[video].words)) for video in SPOKEN}
    expected = counts[missed] / (sum(counts.values()) - counts[gone])
    assert found.wer.value == pytest.approx(expected, abs=1e-4)
    assert (found.wer.n, found.missed_entirely, found.not_compared) == (len(heard) + 1, 1, 1)


def test_the_summary_says_the_rate_of_each_condition_with_its_n(tmp_path):
    found = accuracy(written(tmp_path, *map(right, SPOKEN)))
    music = sum(of.behind_voice == "music" for of in SPOKEN.values())
    rates = {name: (of.wer.value, of.wer.n) for name, of in found.by_condition.items()}
    assert rates["behind the voice: music"] == (0, music)
    assert rates["behind the voice: nothing"] == (0, len(SPOKEN) - music)
    assert rates["language: es"] == (0, len(SPOKEN))
    assert sum(n for name, (_, n) in rates.items() if name.startswith("voice: ")) == len(SPOKEN)
    lines = found.lines()
    assert f"  behind the voice: music            0.000 (characters 0.000) over {music}" in lines
    assert "of these, taken for no speech        0: wholly missed, each word an error" in lines


def test_english_speech_is_a_condition_of_its_own_and_not_in_the_rate_of_all(tmp_path):
    (english,) = (video for video, of in TRUTH.items() if of.language == "en")
    wrong = {"video_id": english, "status": "ok", "text": "nada"}
    found = accuracy(written(tmp_path, wrong, right(next(iter(SPOKEN)))))
    assert (found.transcripts.wer.value, found.transcripts.wer.n) == (0, 1)
    assert found.by_condition["language: en"].wer.value == 1


def test_words_without_speech_are_counted(tmp_path):
    (silent,) = (video for video, of in TRUTH.items() if of.kind == "music")
    found = accuracy(written(tmp_path, {"video_id": silent, "status": "ok", "text": "Gracias por ver."}))
    assert found.transcripts.words_without_speech == 3
    assert found.transcripts.wer.value is None


SCREENS = next(video for video, of in TRUTH.items() if len({shown.text for shown in of.screen}) == 3)


def shown_on(folder, indices: list[int], *, model: str, ocr: list[str]):
    """One video with a frame in the middle of each of its three texts, of which those of `indices` were sent."""
    data = written(folder)
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
    return accuracy(data)


def test_on_screen_text_is_judged_by_the_frames_that_were_sent(tmp_path):
    first, second, third = (shown.text for shown in TRUTH[SCREENS].screen)
    found = shown_on(tmp_path / "a", [0, 2], model=f"{first}\n{third}", ocr=[first, third])
    assert (found.by_model.right, found.by_model.videos) == (1, 1)
    assert (found.by_ocr.right, found.by_ocr.videos) == (1, 1)
    found = shown_on(tmp_path / "b", [0, 1, 2], model=f"{first}\n{third}", ocr=[first, second, third])
    assert found.by_model.right < 1
    assert found.by_ocr.right == 1


def test_verbatim_a_capital_counts_and_a_text_that_stays_is_read_once(tmp_path):
    first, *_ = (shown.text for shown in TRUTH[SCREENS].screen)
    found = shown_on(tmp_path, [0, 0], model=first, ocr=[first.upper(), first.upper()])
    assert found.by_ocr.right == 1
    assert found.by_ocr.verbatim < 0.5
    assert any(line.startswith("the same, read by OCR                1.000 (0.") for line in found.lines())


def test_the_truth_knows_what_the_generator_put_behind_each_voice():
    assert {part.video_id: behind_voice(part, script(part)) for part in cast()} == {
        video: of.behind_voice for video, of in TRUTH.items()
    }
    assert not [video for video, of in TRUTH.items() if of.behind_voice and not of.words]
