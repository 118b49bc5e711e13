"""A study that is read from its files, a few videos at a time, is checked and released as one that is in memory."""

from dataclasses import replace

import polars as pl
import pytest
import written_study
from small_study import attacked, coded, shared, study_of

from gettok import release
from gettok.errors import Damaged
from gettok.tables import TABLES


def whole():
    of = coded(attacked(study_of(9)))
    rows = [{"video_id": video_id, "frame_index": 0, "text": "NO"} for video_id in of.videos["video_id"]]
    return replace(of, screen_texts=TABLES["screen_texts"].frame(rows))


def files(folder, of, form, withdrawn=()):
    release.write(folder, of, shared(form), {"gettok": "1"}, withdrawn)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("form", ["ids_only", "public", "controlled", "team"])
@pytest.mark.parametrize("videos_at_once", [1, 2, 4])
def test_a_release_in_parts_has_the_same_bytes(tmp_path, form, videos_at_once):
    parts = replace(whole(), videos_at_once=videos_at_once)
    gone = whole().videos["video_id"][2:4].to_list()
    assert files(tmp_path / "a", parts, form) == files(tmp_path / "b", whole(), form)
    assert files(tmp_path / "c", parts, form, gone) == files(tmp_path / "d", whole(), form, gone)


def test_a_release_of_files_by_day_has_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    of = whole()
    stored = written_study.stored(of, 3)
    light = {name: rows.select(TABLES[name].light) for name, rows in of.named().items()}
    in_memory = replace(of, books=stored.books, **light)
    assert files(tmp_path / "a", stored, "team") == files(tmp_path / "b", in_memory, "team")


def refused(folder, of, what):
    with pytest.raises(Damaged, match=what):
        release.write(folder / "r", replace(of, videos_at_once=2), shared("team"), {})
    assert not (folder / "r").exists()


def test_what_is_wrong_in_any_part_is_summed_up_before_anything_is_written(tmp_path):
    of = whole()
    ids = of.videos["video_id"].to_list()
    lost = of.transcripts.filter(~pl.col("video_id").is_in([ids[2], ids[7], ids[8]]))
    refused(
        tmp_path, replace(of, transcripts=lost), f"transcribe has no row for 3 of 9 videos, {ids[2]} first"
    )
    for stranger in ("0", ids[4] + "5", "99"):
        row = of.media.tail(1).with_columns(video_id=pl.lit(stranger))
        with_stranger = replace(of, media=pl.concat([of.media, row]))
        refused(tmp_path, with_stranger, f"download has a video that was never found: {stranger}\n")
    again = pl.concat([of.pairs, of.pairs.tail(1)])
    refused(tmp_path, replace(of, pairs=again), "the table pairs has video_id .* more than once")


def test_models_of_different_parts_are_a_mixture(tmp_path):
    of = whole()
    last = pl.col("video_id") == of.videos["video_id"][-1]
    mixed = of.descriptions.with_columns(model=pl.when(last).then(pl.lit("see-2")).otherwise("model"))
    refused(tmp_path, replace(of, descriptions=mixed), "answered by more than one model: see-1, see-2")
