"""Outside `team`, a release has comments in numbers alone, and in public only those of days on which many are alike."""

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest
from decoded import texts
from small_study import shared, study_of

from gettok import release
from gettok.errors import Damaged
from gettok.release import forms
from gettok.release.comment_numbers import by_day
from gettok.tables import COMMENTS, COMMENTS_BY_VIDEO
from gettok.verification.folder_check import verify

WORDS = "a sentence that a person wrote"
FIRST, NEXT = date(2022, 12, 8), date(2022, 12, 9)
#: Of each comment: its video, the hour after the first day began, its likes, and whether it is a reply.
ON_VIDEOS = [
    *((number, 1, 0, False) for number in range(1, 7)),
    (1, 2, 1, True),
    (1, 23, 10, True),
    (1, 24, 100, False),
    (2, 25, None, False),
    *((3, 26, 5, False) for _ in range(5)),
    (4, 27, 0, False),
]


def study():
    """Six videos with comments, on the first day on all, and on the next one on four; one comment has no time."""
    of = study_of(7)
    ids = of.videos["video_id"].sort().to_list()
    rows = [
        {
            "video_id": ids[video - 1],
            "comment_id": str(7300000000000000000 + place),
            "is_reply": is_reply,
            "created_at": datetime(2022, 12, 8 + hour // 24, hour % 24, tzinfo=UTC),
            "text": f"{WORDS} {place}",
            "like_count": likes,
        }
        for place, (video, hour, likes, is_reply) in enumerate(ON_VIDEOS)
    ]
    rows.append({"video_id": ids[0], "comment_id": "7399999999999999999"})
    return replace(of, comments=COMMENTS.frame(rows), videos_at_once=2), ids


def written(folder, form, withdrawn=(), of=None):
    release.write(folder, of or study()[0], shared(form), {}, withdrawn)
    return {file.stem: pl.read_parquet(file) for file in folder.glob("comments*.parquet")}


def test_a_controlled_release_has_numbers_by_video(tmp_path):
    _, ids = study()
    made = written(tmp_path / "r", "controlled")
    assert set(made) == {"comments_by_video", "comments_by_day"}
    numbers = {row[0]: row[1:] for row in made["comments_by_video"].iter_rows()}
    assert [column.name for column in COMMENTS_BY_VIDEO.columns] == made["comments_by_video"].columns
    assert numbers == {
        ids[0]: (5, 2, 2, 3, 2, 1),
        ids[1]: (2, 0, 2, 0, 0, 0),
        ids[2]: (6, 0, 2, 5, 0, 0),
        ids[3]: (2, 0, 2, 0, 0, 0),
        ids[4]: (1, 0, 1, 0, 0, 0),
        ids[5]: (1, 0, 1, 0, 0, 0),
    }
    assert made["comments_by_day"].rows() == [(FIRST, 6, 1, 8, 2)]


def test_a_public_release_has_magnitudes_of_days_on_which_enough_videos_have_comments(tmp_path):
    made = written(tmp_path / "r", "public")
    assert {name: rows.to_dicts() for name, rows in made.items()} == {
        "comments_by_day": [{"day": FIRST, "videos": 6, "comments_at_least": 1}]
    }


def test_the_comments_on_a_withdrawn_video_are_in_no_number(tmp_path):
    _, ids = study()
    made = written(tmp_path / "r", "controlled", ids[:1])
    assert ids[0] not in made["comments_by_video"]["video_id"].to_list()
    assert made["comments_by_day"].rows() == [(FIRST, 5, 1, 5, 0)]
    assert written(tmp_path / "two", "public", ids[:2])["comments_by_day"].is_empty()


@pytest.mark.parametrize("form", ["public", "controlled"])
def test_no_text_and_no_id_of_a_comment_is_in_a_file(tmp_path, form):
    of, _ = study()
    written(tmp_path / form, form)
    written(tmp_path / "team", "team")
    private = [WORDS, *of.comments["comment_id"]]
    found = {
        name: [text for _, text in texts(tmp_path / name) if any(said in text for said in private)]
        for name in (form, "team")
    }
    assert found[form] == []
    assert len(found["team"]) > len(ON_VIDEOS), "the search can find them"


@pytest.mark.parametrize("form", ["public", "controlled", "team"])
def test_a_release_with_numbers_of_comments_passes_its_check(tmp_path, form):
    of, _ = study()
    provenance = {"settings": {"codebook": of.codebook.model_dump(mode="json")}}
    release.write(tmp_path / "r", of, shared(form), provenance)
    assert verify(tmp_path / "r").problems == ()


def test_a_day_on_too_few_videos_stops_a_public_release(tmp_path, monkeypatch):
    monkeypatch.setattr(forms, "by_day", lambda comments, _: by_day(comments, 1))
    with pytest.raises(Damaged, match="a row of comments_by_day is about too few videos"):
        written(tmp_path / "r", "public")


def test_a_study_without_comments_has_empty_tables(tmp_path):
    of, _ = study()
    made = written(tmp_path / "r", "controlled", of=replace(of, comments=of.comments.clear()))
    assert {name: rows.height for name, rows in made.items()} == {
        "comments_by_video": 0,
        "comments_by_day": 0,
    }
