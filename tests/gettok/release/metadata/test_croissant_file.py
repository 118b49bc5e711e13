"""`croissant.json` as mlcroissant reads it: it is valid, each table loads, and nothing of it is passed over."""

import json
import logging
from datetime import datetime

import mlcroissant
import polars as pl
import pytest
from cited_release import TITLE, every_kind, settings, study, uncited, written

# rdflib's, on which mlcroissant builds
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def read(folder):
    return mlcroissant.Dataset(jsonld=str(folder / "croissant.json"))


def records(folder, table):
    rows = read(folder).records(table)
    return [{name.removeprefix(f"{table}/"): value for name, value in row.items()} for row in rows]


@pytest.fixture
def folder(tmp_path, params):
    return written(tmp_path / "r", *every_kind(params))


def test_it_is_valid_without_a_warning(folder, caplog):
    with caplog.at_level(logging.WARNING):
        metadata = read(folder).metadata
    assert metadata.ctx.issues.report() == ""
    assert [record.message for record in caplog.records] == []
    assert metadata.ctx.conforms_to.value == "http://mlcommons.org/croissant/1.1"
    assert metadata.name == TITLE
    assert metadata.description == "Videos about a 'coup': what they say,\nshow and quote."
    assert metadata.version == "1.10"
    assert metadata.license == ["https://spdx.org/licenses/CC-BY-4.0.html"]
    assert metadata.url == "https://example.org/dataset"
    assert metadata.date_published == datetime(2026, 11, 2)  # noqa: DTZ001 - as it reads a day
    assert {person.name for person in metadata.creators} == {
        'Ana "Anita" Quispe Ñahui',
        "小明 王",
        "The No: Group",
    }
    assert {type(person).__name__ for person in metadata.creators} == {"Person", "Organization"}


def test_every_table_loads_with_all_rows_and_columns(folder):
    tables = {file.stem: pl.read_parquet(file) for file in folder.glob("*.parquet")}
    release = read(folder)
    assert {each.id for each in release.metadata.record_sets} == tables.keys()
    for name, table in tables.items():
        rows = list(release.records(name))
        assert len(rows) == table.height, name
        assert list(rows[0]) == [f"{name}/{column}" for column in table.columns], name


def test_ids_stay_text_and_numbers_exact(folder):
    ids = [str(7213456789012345600 + number).encode() for number in range(1, 6)]
    assert [row["video_id"] for row in records(folder, "dataset")] == ids
    assert [row["bytes"] for row in records(folder, "media")] == [2**40 + 1, None, None, None, None]


def test_lists_structs_pictures_and_times_are_read_as_what_they_are(folder):
    first = records(folder, "dataset")[0]
    assert first["hashtags"] == [b"golpedeestado", "Perú".encode(), b"tag1"]
    assert first["created_at"].isoformat() == "2022-12-06T12:00:00+00:00"
    assert records(folder, "frames")[0]["image"].size == (180, 320)
    segment = records(folder, "transcripts")[0]["segments"][0]
    text = "El Presidente Castillo, cerro el Congreso. ¡Y la gente salió a las calles de Lima!"
    assert segment == {
        "transcripts/segments/start_s": 0.0,
        "transcripts/segments/end_s": 2.5,
        "transcripts/segments/language": None,
        "transcripts/segments/text": text.encode(),
    }


def test_what_it_cannot_say_of_a_column_is_said_in_words(folder):
    [screens] = [each for each in read(folder).metadata.record_sets if each.id == "screen_texts"]
    [lines] = [field for field in screens.fields if field.id == "screen_texts/lines"]
    assert [part.id for part in lines.sub_fields] == [
        "screen_texts/lines/text",
        "screen_texts/lines/confidence",
    ]
    assert (
        "the part box (list of x (whole number) + y (whole number)), which the Parquet file has"
        in lines.description
    )
    assert records(folder, "screen_texts")[0]["lines"] == [
        {"screen_texts/lines/text": b"NO", "screen_texts/lines/confidence": 0.5}
    ]


def test_the_responsible_ai_vocabulary_is_read(folder):
    found = read(folder).metadata
    assert found.data_collection == (
        "Videos published from 2022-12-05 to 2022-12-14 (UTC), found by a query to TikTok's Research API. Query: at "
        "least one of keywords Castillo, hashtags golpedeestado; all of regions PE. TikTok is played by gettok's "
        "sandbox, so the videos are synthetic. Media files were fetched by the backend page."
    )
    assert found.data_collection_type == ["Web API", "User-generated content data"]
    assert [str(time) for time in found.data_collection_timeframe] == [
        "2023-01-20 00:00:00",
        "2023-03-01 00:00:00",
    ]
    assert (
        "download: 2 of 6 without a result: its author keeps it private (1); its author or TikTok removed it (1)."
        in (found.data_collection_missing_data)
    )
    assert found.data_biases[0].startswith("Only videos that match the query are in the dataset")
    assert "On 1 day of the study, videos may be missing: 2022-12-08." in found.data_limitations
    assert (
        "Names of accounts, or pseudonyms in their place: dataset.username, videos.username, videos.mentions."
        in (found.personal_sensitive_information)
    )
    assert any("frames.image" in sentence for sentence in found.personal_sensitive_information)
    assert found.annotations_per_item == (
        "No label is by a person. Each question about a video is put to 1 model, once."
    )
    assert any(each.startswith("stance (one_of): Which stance?") for each in found.data_annotation_protocol)
    assert set(found.machine_annotation_tools) >= {
        "judge-1 (table annotations)",
        "hub/large at r1 (transcripts; files with SHA-256 bb)",
        "rapidocr 3.10 (OCR)",
    }
    assert found.data_release_maintenance_plan == (
        "1 video whose removal was asked for: left out of this release."
    )
    assert found.data_use_cases is None  # no setting says for what it is meant


def test_a_public_release_loads_and_names_no_id(tmp_path, params):
    folder = written(tmp_path / "r", study(), settings(params), "public")
    release = read(folder)
    for table in folder.glob("*.parquet"):
        assert len(list(release.records(table.stem))) == pl.read_parquet(table).height
    sentences = " ".join(release.metadata.personal_sensitive_information)
    assert "Judgements of a model about the videos" in sentences
    assert "Pseudonyms of the videos" in sentences
    assert "TikTok's ids of the videos" not in sentences
    assert "721345678901234560" not in (folder / "croissant.json").read_text("utf-8")


def test_a_release_of_ids_alone_says_nothing_about_labels(tmp_path, params):
    found = read(written(tmp_path / "r", study(), settings(params), "ids_only")).metadata
    assert found.data_collection
    assert found.machine_annotation_tools is None
    assert found.data_annotation_protocol is None
    assert found.personal_sensitive_information == [
        "TikTok's ids of the videos, which lead to the videos and their authors."
    ]


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("ids", "looked up by a list of their ids in TikTok's Research API."),
        ("zeeschuimer", "captured in a browser with Zeeschuimer."),
    ],
)
def test_other_sources_are_named_and_have_no_query(tmp_path, params, kind, says):
    described = settings(params)
    source = described.source.model_copy(update={"kind": kind, "name": "ours"})
    found = read(written(tmp_path / "r", study(), described.model_copy(update={"source": source}))).metadata
    assert says in found.data_collection
    assert "Query:" not in found.data_collection
    assert "synthetic" not in found.data_collection
    assert not any("synthetic" in sentence for sentence in found.data_limitations)


def test_usernames_in_the_query_are_counted_and_not_named(tmp_path, params):
    described = settings(params)
    terms = described.study.query.any.model_copy(update={"usernames": ("someone", "else")})
    query = described.study.query.model_copy(update={"any": terms})
    of_people = described.study.model_copy(update={"query": query})
    folder = written(tmp_path / "r", study(), described.model_copy(update={"study": of_people}), "ids_only")
    content = (folder / "croissant.json").read_text("utf-8")
    assert "2 usernames" in content
    assert "someone" not in content


def test_defaults_are_valid_and_say_what_is_not_stated(tmp_path, params):
    folder = written(tmp_path / "r", study(), uncited(params))
    metadata = read(folder).metadata
    assert metadata.ctx.issues.errors == set()
    assert metadata.license == ["not stated"]
    assert metadata.description.endswith("Not stated: authors, licence.")
    assert metadata.date_published == datetime(2023, 3, 1)  # noqa: DTZ001 - of the newest observation
    assert metadata.name == "A small study <of> 2022"


def test_the_bibtex_entry_has_its_signs_escaped(folder):
    assert json.loads((folder / "croissant.json").read_text("utf-8"))["citeAs"] == (
        "@misc{small,\n"
        '  title = {{El "golpe" d\'Estado: 50 \\% \\#1 \\{Perú\\} \\& «сообщения» 視頻 — فيديو}},\n'
        '  author = {Quispe Ñahui, Ana "Anita" and 王, 小明 and {The No: Group}},\n'
        "  year = {2026},\n"
        "  note = {Version 1.10},\n"
        "  doi = {10.5281/zenodo.1234567},\n"
        "  url = {https://example.org/dataset}\n"
        "}"
    )


def test_questions_name_their_target_and_a_model_s_folder_stays_on_its_machine(tmp_path, params):
    params["asr"]["model"] = "/home/ana/models/whisper_ours"
    params["llm"] |= {"votes": 3}
    of = study()
    asked = {"question": "Which stance towards {target}?"}
    stance = of.codebook.variables["stance"].model_copy(update=asked)
    codebook = of.codebook.model_copy(update={"variables": {"stance": stance}})
    described = settings(params).model_copy(update={"codebook": codebook})
    found = read(written(tmp_path / "r", of, described)).metadata
    [asked] = found.data_annotation_protocol
    assert asked == (
        "stance (one_of): Which stance towards Pedro Castillo as President? Labels: support, no support, neutral. "
        "Judged by transcript."
    )
    assert any("transcribed by whisper_ours (whisperx)" in each for each in found.data_preprocessing_protocol)
    assert "/home/ana" not in (tmp_path / "r" / "croissant.json").read_text("utf-8")
    assert found.annotations_per_item.endswith("is put to 1 model, 3 times.")
    assert any("measured by votes" in each for each in found.data_annotation_analysis)
