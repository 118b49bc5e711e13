"""Tables and documents without what is erased."""

import json
from io import BytesIO

import polars as pl
import pytest
from erased_names import (
    COMMENT,
    NAMES,
    OTHER,
    OTHER_COMMENT,
    PSEUDONYM,
    USER,
    VIDEO,
    comments_page,
    profile_page,
    search_page,
)

from gettok.purge.removal.rewriting import page_without, rewritten
from gettok.step import canonical


def parquet(**columns) -> bytes:
    file = BytesIO()
    pl.DataFrame(columns).write_parquet(file)
    return file.getvalue()


def table(content: bytes | None) -> pl.DataFrame:
    assert content is not None
    return pl.read_parquet(BytesIO(content))


@pytest.mark.parametrize("name", [VIDEO, f"{VIDEO}/control", PSEUDONYM])
def test_rows_about_an_erased_video_or_its_variants_or_under_its_pseudonym_go(name):
    left = table(rewritten(parquet(video_id=[name, OTHER], text=["canary", "other"]), "a.parquet", NAMES))
    assert left.rows() == [(OTHER, "other")]


def test_rows_of_an_erased_user_go_whatever_the_capitals_and_other_cells_with_the_same_word_do_not():
    given = parquet(username=["Canary.User", "ana"], hashtag=["x", USER])
    assert table(rewritten(given, "a.parquet", NAMES)).rows() == [("ana", USER)]


def test_a_reply_to_an_erased_comment_stays_without_its_id():
    given = parquet(comment_id=[COMMENT, OTHER_COMMENT], parent_comment_id=[OTHER, COMMENT])
    assert table(rewritten(given, "a.parquet", NAMES)).rows() == [(OTHER_COMMENT, None)]


def test_a_text_of_another_video_that_names_the_id_has_a_mark_instead():
    given = parquet(video_id=[OTHER], description=[f"see /video/{VIDEO} and {VIDEO}0"])
    assert table(rewritten(given, "a.parquet", NAMES))["description"][0] == f"see /video/erased and {VIDEO}0"


def test_what_was_set_aside_goes_when_it_names_the_id():
    given = parquet(content=[json.dumps({"id": int(VIDEO)}), json.dumps({"id": int(OTHER)})])
    assert table(rewritten(given, "rejects.parquet", NAMES)).height == 1


def test_mentions_lose_an_erased_user():
    given = parquet(video_id=[OTHER, OTHER], mentions=[[USER, "ana"], None])
    assert table(rewritten(given, "a.parquet", NAMES))["mentions"].to_list() == [["ana"], None]


def test_a_table_without_anything_erased_keeps_its_rows_and_types():
    given = parquet(video_id=[OTHER], number=[1], texts=[["a"]])
    assert table(rewritten(given, "a.parquet", NAMES)).equals(table(given))


def test_a_table_of_pages_loses_pages_about_it_and_its_rows_on_others():
    answers = [
        search_page(),
        comments_page(VIDEO, OTHER_COMMENT),
        profile_page(USER),
        comments_page(OTHER, COMMENT),
    ]
    given = parquet(endpoint=["a"] * 4, cursor=[0] * 4, answer=[canonical(answer) for answer in answers])
    left = table(rewritten(given, "pages/videos/a.parquet", NAMES))["answer"].to_list()
    assert len(left) == 2
    assert not any(VIDEO in text or "canary" in text or COMMENT in text for text in left)
    assert OTHER in left[0]
    assert json.loads(left[0])["headers"] == {}


def test_a_page_without_anything_erased_is_the_same():
    body = comments_page(OTHER, OTHER_COMMENT)
    assert page_without(body, NAMES) == body


def test_lines_of_a_csv_go_and_other_cells_lose_the_id():
    text = (
        f'video_id,username,note\n{VIDEO},ana,canary\n{OTHER},{USER},x\n{OTHER},ana,"like {VIDEO}, or not"\n'
    )
    left = rewritten(text.encode(), "labels.csv", NAMES)
    assert left == f'video_id,username,note\n{OTHER},ana,"like erased, or not"\n'.encode()


def test_lines_of_jsonl_that_name_it_go():
    lines = f'{{"id": {VIDEO}}}\n{{"id": {OTHER}}}\n'
    assert rewritten(lines.encode(), "a.jsonl", NAMES) == f'{{"id": {OTHER}}}\n'.encode()


def test_members_of_json_that_name_it_go_and_the_others_stay():
    document = {
        "videos": [{"id": VIDEO, "text": "canary"}, {"id": OTHER}],
        "by": {VIDEO: "canary", OTHER: 1},
        "n": None,
    }
    left = rewritten(json.dumps(document).encode(), "a.json", NAMES)
    assert json.loads(left or b"") == {"videos": [{"id": OTHER}], "by": {OTHER: 1}, "n": None}


def test_a_document_that_is_about_it_has_nothing_left():
    assert rewritten(json.dumps({"id": VIDEO, "text": "canary"}).encode(), "a.json", NAMES) is None


@pytest.mark.parametrize("name", ["index.html", "notes.md", "clip.mp4"])
def test_there_is_no_rule_for_other_files(name):
    assert rewritten(b"canary", name, NAMES) is None


@pytest.mark.parametrize("name", ["a.parquet", "a.json", "a.csv"])
def test_a_file_of_another_kind_than_its_name_says_is_an_error(name):
    with pytest.raises(ValueError, match=r"."):
        rewritten(b'"\xff\xfe', name, NAMES)
