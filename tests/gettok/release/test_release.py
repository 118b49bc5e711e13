"""A release is complete, checked, safe to open and has its provenance; or it is not written."""

import csv
import hashlib
import json
import os
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from flipped import flip
from small_study import attacked, coded, shared, study_of, tables, video

from gettok import release
from gettok.books import Books
from gettok.errors import REASONS, BadInput, Damaged
from gettok.release import DATASET
from gettok.tables import TABLES
from gettok.tables.dictionary import markdown

PROVENANCE = {"gettok": "0.1.0", "study": {"name": "small"}}


def written(folder, of=None, form="team", withdrawn=()):
    release.write(folder, of or study_of(6), shared(form), PROVENANCE, withdrawn)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode("utf-8").splitlines(keepends=True)))


def test_the_csv_has_the_paper_s_columns_first_and_a_row_for_every_video(tmp_path):
    made = rows(written(tmp_path / "r")["dataset.csv"])
    assert list(made[0])[:3] == ["video_id", "whisper_voice_to_text", "description_video_gpt4"]
    assert [row["video_id"] for row in made] == [str(7213456789012345600 + number) for number in range(1, 7)]
    assert made[1]["whisper_voice_to_text"] == ""
    assert made[1]["no_media_because"] == "private"


def read_twice(**changes: str):
    """A study of two videos whose screens OCR read, too."""
    of = study_of(2)
    ids = enumerate(of.videos["video_id"])
    rows = [{"video_id": video, "frame_index": place, "text": "NO", **changes} for place, video in ids]
    columns = {"ocr_text": pl.lit("NO A LA VACANCIA"), "ocr_cer": pl.lit(0.25)}
    return replace(
        of,
        descriptions=of.descriptions.with_columns(**columns),
        screen_texts=TABLES["screen_texts"].frame(rows),
    )


@pytest.mark.parametrize("form", ["controlled", "team"])
def test_a_release_says_by_which_list_a_signer_is_trusted(tmp_path, form):
    of = study_of(2)
    judged = of.media.with_columns(c2pa=pl.lit("trusted"), c2pa_trust_list_sha256=pl.lit("5a" * 32))
    written(tmp_path / "r", replace(of, media=judged), form)
    media = pl.read_parquet(tmp_path / "r" / "media.parquet")
    assert media.select("c2pa", "c2pa_trust_list_sha256").rows() == [("trusted", "5a" * 32)] * 2


def test_what_ocr_read_is_derived(tmp_path):
    made = written(tmp_path / "r", read_twice(detail="as it was said"), form="controlled")
    assert [(row["ocr_text"], row["ocr_cer"]) for row in rows(made["dataset.csv"])] == [
        ("NO A LA VACANCIA", "0.25")
    ] * 2
    table = pl.read_parquet(tmp_path / "r" / "screen_texts.parquet")
    assert {"text", "lines", "reader", "reader_sha256"} <= set(table.columns)
    assert not {"detail", "answer"} & set(table.columns)
    assert "screen_texts.parquet" not in written(tmp_path / "ids", read_twice(), form="ids_only")


def test_what_the_model_read_on_the_screen_is_derived_and_what_it_quotes_as_evidence_is_not(tmp_path):
    """Evidence, and what the model says is missing, may repeat a caption, which belongs to its author."""
    written(tmp_path / "r", study_of(2), form="controlled")
    descriptions = pl.read_parquet(tmp_path / "r" / "descriptions.parquet")
    assert {"on_screen_text", "on_screen_by_frame", "on_screen_language"} <= set(descriptions.columns)
    annotations = pl.read_parquet(tmp_path / "r" / "annotations.parquet")
    assert "evidence_in" in annotations.columns
    assert not {"evidence", "missing", "answer"} & set(annotations.columns)


def test_words_of_strangers_are_in_no_column_of_a_derived_release_as_values_or_votes(tmp_path):
    of = coded(study_of(6))
    words = pl.when(pl.col("variable").is_in(["subject", "places"])).then(pl.lit(["Fuera Boluarte"]))
    said = of.annotations.with_columns(
        votes=words, tied_with=words, text=pl.lit("Fuera Boluarte"), quotes=words
    )
    of = replace(of, annotations=said)
    for file, content in written(tmp_path / "r", of, form="controlled").items():
        if file.endswith((".csv", ".json", ".md")):
            assert b"Fuera Boluarte" not in content, file
    annotations = pl.read_parquet(tmp_path / "r" / "annotations.parquet")
    assert not {"text", "quotes", "quotes_in", "misquoted"} & set(annotations.columns)
    assert annotations["votes"].drop_nulls().is_empty()
    dataset = pl.read_parquet(tmp_path / "r" / "dataset.parquet")
    assert {"subject", "places"} & set(dataset.columns) == set()
    assert {"no_subject_because", "topics", "people", "anger_abstained"} <= set(dataset.columns)
    assert dataset.schema["topics"] == pl.List(pl.String)
    whole = written(tmp_path / "team", of)
    assert b"Fuera Boluarte" in whole["dataset.csv"]


def test_f55_a_screen_of_a_video_that_was_never_found_is_refused(tmp_path):
    with pytest.raises(Damaged, match="describe has a video that was never found: 9"):
        written(tmp_path / "r", read_twice(video_id="9"))


def test_f46_the_flip_rate_is_released_with_the_books_and_the_variants_are_derived(tmp_path):
    files = written(tmp_path / "r", attacked(study_of(6)), form="controlled")
    released = json.loads(files["books.json"])["prompt_injection"]
    assert "this model" in released["meaning"]
    assert list(released["variables"]) == ["stance"]
    rates = released["variables"]["stance"]
    assert (rates["videos"], rates["all"]["asked"], rates["all"]["judged"]) == (4, 4, 4)
    assert rates["attack_types"]["speech"]["flipped"] == {
        "count": 1,
        "n": 4,
        "value": 0.25,
        "low": 0.0456,
        "high": 0.6994,
    }
    assert rates["control"]["flipped"]["count"] == 0
    table = pl.read_parquet(tmp_path / "r" / "prompt_injection.parquet")
    assert {
        "attack_type",
        "clean_label",
        "wanted",
        "inserted",
        "label",
        "flipped",
        "complied",
    } <= set(table.columns)
    assert not {"evidence", "detail", "answer"} & set(table.columns)
    ids = written(tmp_path / "ids", attacked(study_of(6)), form="ids_only")
    assert "prompt_injection.parquet" not in ids
    assert json.loads(ids["books.json"])["prompt_injection"] == released
    assert json.loads(written(tmp_path / "none")["books.json"])["prompt_injection"] is None


def test_f55_a_variant_without_its_video_or_of_another_judge_is_refused(tmp_path):
    with pytest.raises(Damaged, match="annotate has a video that was never found: 9"):
        written(tmp_path / "a", attacked(study_of(2), video_id="9"))
    with pytest.raises(Damaged, match="variants were judged by judge-2, the videos by judge-1"):
        written(tmp_path / "b", attacked(study_of(6), voters=["judge-2"]))


def test_the_checksums_hold_for_every_file(tmp_path):
    files = written(tmp_path / "r")
    listed = dict(reversed(line.split("  ")) for line in files["checksums.sha256"].decode().splitlines())
    assert set(listed) == set(files) - {"checksums.sha256"}
    assert all(hashlib.sha256(files[name]).hexdigest() == digest for name, digest in listed.items())


@pytest.mark.skipif(not hasattr(os, "posix_fadvise"), reason="the system keeps what it has in memory")
def test_a_release_of_which_the_disk_has_other_bytes_is_not_certified(tmp_path, monkeypatch):
    """The system forgets what was written, and the disk, as the test plays it, has another bit."""
    forgotten = []

    def forget(handle: int, *_: int) -> None:
        file = Path(f"/proc/self/fd/{handle}").readlink()
        forgotten.append(file.name)
        if file.name == "transcripts.parquet":
            flip(file, 200)

    monkeypatch.setattr(os, "posix_fadvise", forget)
    with pytest.raises(Damaged, match=r"the disk gives back other bytes of transcripts\.parquet"):
        written(tmp_path / "r")
    assert not (tmp_path / "r" / "checksums.sha256").exists()
    assert forgotten[:3] == ["README.md", "annotations.parquet", "books.json"]


def test_the_same_tables_give_the_same_bytes_in_any_order(tmp_path):
    of = study_of(6)
    turned = replace(of, **{name: frame.reverse() for name, frame in of.named().items()})
    assert written(tmp_path / "a", of) == written(tmp_path / "b", turned)


def test_the_books_and_the_models_are_in_the_release(tmp_path):
    files = written(tmp_path / "r")
    books = json.loads(files["books.json"])
    assert (books["videos"], books["released"], books["withdrawn"]) == (6, 6, 0)
    assert books["stages"]["download"] == {"asked": 6, "ok": 4, "unusable": {"private": 1, "removed": 1}}
    origin = json.loads(files["provenance.json"])
    assert origin["models"] == {"descriptions": ["see-1"], "annotations": ["judge-1"]}
    assert origin["form"] == "team"


def test_ids_only_releases_ids_and_nothing_else(tmp_path):
    files = written(tmp_path / "r", form="ids_only")
    assert pl.read_parquet(tmp_path / "r" / "dataset.parquet").columns == ["video_id"]
    assert not [name for name in files if name.endswith(".parquet") and name != "dataset.parquet"]


@pytest.mark.parametrize("form", ["ids_only", "controlled"])
def test_tiktok_s_own_data_are_withheld_unless_all_is_released(tmp_path, form):
    files = written(tmp_path / "r", form=form)
    frames = [pl.read_parquet(tmp_path / "r" / name) for name in files if name.endswith(".parquet")]
    columns = {column for frame in frames for column in frame.columns}
    assert not columns & {
        "username",
        "description_caption",
        "caption",
        "voice_to_text",
        "left_text",
        "right_text",
        "image",
        "detail",
    }
    assert not columns & {"view_count", "like_count", "hashtags", "answer"}
    assert b"el pueblo unido" not in b"".join(files.values())


def test_every_released_column_is_in_the_dictionary(tmp_path):
    files = written(tmp_path / "r")
    text = files["data_dictionary.md"].decode()
    for name in files:
        if name.endswith(".parquet"):
            for column in pl.read_parquet(tmp_path / "r" / name).columns:
                assert f"| `{column}` |" in text


def test_f55_a_folder_that_is_not_empty_is_refused(tmp_path):
    (tmp_path / "old.csv").write_text("captions", "utf-8")
    with pytest.raises(BadInput, match="not empty"):
        release.write(tmp_path, study_of(3), shared("ids_only"), PROVENANCE)


def test_f55_books_that_do_not_balance_are_refused(tmp_path):
    of = study_of(6)
    wrong = replace(of, books={**of.books, "describe": Books(6, 4, {"no_media": 1})})
    with pytest.raises(Damaged, match="do not balance"):
        release.write(tmp_path / "r", wrong, shared("team"), PROVENANCE)
    assert not (tmp_path / "r").exists()


def test_f55_books_that_contradict_their_table_are_refused(tmp_path):
    of = study_of(6)
    wrong = replace(of, books={**of.books, "describe": Books(6, 5, {"no_media": 1})})
    with pytest.raises(Damaged, match="describe"):
        release.write(tmp_path / "r", wrong, shared("team"), PROVENANCE)


def test_f55_tabulate_s_books_may_count_more_than_the_videos_of_the_study_but_must_find_these(tmp_path):
    of = study_of(6)
    good = {**of.books, "tabulate": Books(9, 6, {"outside_study": 2, "no_id": 1})}
    release.write(tmp_path / "r", replace(of, books=good), shared("ids_only"), PROVENANCE)
    wrong = {**of.books, "tabulate": Books(6, 5, {"outside_study": 1})}
    with pytest.raises(Damaged, match="tabulate count 5 videos, but there are 6"):
        release.write(tmp_path / "w", replace(of, books=wrong), shared("ids_only"), PROVENANCE)


def test_f55_a_stage_that_lost_a_video_or_made_one_up_is_refused(tmp_path):
    of = study_of(6)
    with pytest.raises(Damaged, match="no row for 1 of 6"):
        release.write(
            tmp_path / "a", replace(of, transcripts=of.transcripts.head(5)), shared("team"), PROVENANCE
        )
    stranger = of.media.head(1).with_columns(video_id=pl.lit("1"))
    with pytest.raises(Damaged, match="never found"):
        release.write(
            tmp_path / "b", replace(of, media=pl.concat([of.media, stranger])), shared("team"), PROVENANCE
        )
    with pytest.raises(Damaged, match="more than once"):
        release.write(
            tmp_path / "c",
            replace(of, videos=pl.concat([of.videos, of.videos.head(1)])),
            shared("team"),
            PROVENANCE,
        )


def test_a_video_may_be_in_several_pairs_but_in_none_of_them_twice(tmp_path):
    of = study_of(6)
    more = pl.concat([of.pairs, of.pairs.with_columns(left=pl.lit("captions"))])
    release.write(tmp_path / "a", replace(of, pairs=more), shared("controlled"), PROVENANCE)
    released = pl.read_parquet(tmp_path / "a" / "pairs.parquet")
    assert released.select("video_id", "left", "right").n_unique() == more.height
    with pytest.raises(Damaged, match=r"pairs has video_id .* more than once"):
        release.write(
            tmp_path / "b", replace(of, pairs=pl.concat([of.pairs, of.pairs])), shared("team"), PROVENANCE
        )


def test_f49_answers_of_two_models_are_not_mixed(tmp_path):
    of = study_of(6)
    mixed = of.descriptions.with_columns(model=of_the_first(of, "see-2", "model"))
    with pytest.raises(Damaged, match="descriptions was answered by more than one model: see-1, see-2"):
        release.write(tmp_path / "r", replace(of, descriptions=mixed), shared("team"), PROVENANCE)


def of_the_first(of, value, column):
    """The column with this value for the first video."""
    return pl.when(pl.col("video_id") == of.videos["video_id"][0]).then(pl.lit(value)).otherwise(column)


def test_the_two_models_of_a_cascade_are_not_mixed_unless_one_of_them_means_two(tmp_path):
    of = study_of(6)
    again = pl.when(pl.col("voters").is_not_null() & (pl.int_range(pl.len()) % 2 == 0))
    cascade = of.annotations.with_columns(
        first_model=again.then(pl.lit("judge-1")),
        voters=again.then(pl.lit(["large-1"], pl.List(pl.String))).otherwise("voters"),
    )
    made = written(tmp_path / "a", replace(of, annotations=cascade))
    assert json.loads(made["provenance.json"])["models"]["annotations"] == ["judge-1", "large-1"]
    mixed = cascade.with_columns(voters=of_the_first(of, ["large-2"], "voters"))
    with pytest.raises(Damaged, match="annotations was answered by more than one model: "):
        written(tmp_path / "b", replace(of, annotations=mixed))


def test_f49_several_voters_are_not_mixed_unless_one_of_them_means_two_models(tmp_path):
    of = study_of(6)
    three = ["judge-1", "judge-1", "other-1"]
    voted = of.annotations.with_columns(voters=pl.when(pl.col("voters").is_not_null()).then(pl.lit(three)))
    filtered = voted.with_columns(voters=of_the_first(of, ["judge-1", None, "other-1"], "voters"))
    made = written(tmp_path / "r", replace(of, annotations=filtered))
    assert json.loads(made["provenance.json"])["models"]["annotations"] == ["judge-1", "other-1"]
    mixed = voted.with_columns(voters=of_the_first(of, ["judge-1", "judge-2", "other-1"], "voters"))
    with pytest.raises(Damaged, match="annotations was answered by more than one model: judge-1, judge-2"):
        release.write(tmp_path / "m", replace(of, annotations=mixed), shared("team"), PROVENANCE)


def test_f56_a_withdrawn_video_is_in_no_file_and_is_counted(tmp_path):
    gone = str(7213456789012345601)
    files = written(tmp_path / "r", withdrawn=[gone])
    for name in files:
        if name.endswith(".parquet"):
            frame = pl.read_parquet(tmp_path / "r" / name)
            for column in {"video_id"} & set(frame.columns):
                assert gone not in frame[column].to_list()
    assert gone.encode() not in files["dataset.csv"]
    assert json.loads(files["books.json"])["withdrawn"] == 1


def test_a_study_without_videos_is_released_nevertheless(tmp_path):
    assert rows(written(tmp_path / "r", tables())["dataset.csv"]) == []


def test_f16_ids_are_quoted_as_text(tmp_path):
    line = written(tmp_path / "r")["dataset.csv"].decode().splitlines()[1]
    assert line.startswith('"7213456789012345601",')


def test_f18_the_parquet_keeps_what_the_csv_must_not_have(tmp_path):
    caption = "=1+1\0 \x1b[31mred"
    written(tmp_path / "r", tables(video(1, description=caption)))
    assert pl.read_parquet(tmp_path / "r" / "dataset.parquet")["caption"].to_list() == [caption]


def test_the_dictionary_has_a_sentence_for_every_column_of_every_table_and_every_reason():
    text = markdown([*TABLES.values(), DATASET])
    for table in (*TABLES.values(), DATASET):
        assert f"## {table.name}" in text
        for column in table.columns:
            assert column.sentence.endswith("."), f"{table.name}.{column.name}"
            assert column.sentence in text
    assert all(f"`{reason}`" in text for reason in REASONS)


def test_tables_are_sorted_by_columns_that_they_have():
    for table in TABLES.values():
        names = [column.name for column in table.columns]
        assert set(table.sort) <= set(names)
        assert len(names) == len(set(names))
    assert all(left != right for left, right in pairwise(sorted(TABLES)))
