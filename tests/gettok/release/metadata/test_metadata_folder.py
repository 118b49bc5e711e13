"""The files for machines are the same bytes each time, have their checksums, and forget no column of people."""

import subprocess
from dataclasses import fields

import polars as pl
from cited_release import settings, study, uncited, written
from small_study import shared

from gettok import release
from gettok.release.metadata.personal import PERSONAL
from gettok.tables import IMAGE, TABLES
from gettok.tables.dataset import DATASET

METADATA = {"CITATION.cff", "croissant.json", "datapackage.json", "ro-crate-metadata.json"}


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_two_builds_have_the_same_bytes(tmp_path, params):
    first = contents(written(tmp_path / "a", study(), settings(params)))
    second = contents(written(tmp_path / "b", study(), settings(params)))
    assert first.keys() >= METADATA
    assert first == second
    assert str(tmp_path).encode() not in b"".join(first.values())


def test_the_checksums_have_every_file_and_hold(tmp_path, params):
    folder = written(tmp_path / "r", study(), settings(params))
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "checksums.sha256"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    files = {file.name for file in folder.iterdir()} - {"checksums.sha256"}
    assert {line.partition(":")[0] for line in checked.stdout.splitlines()} == files
    assert files >= METADATA


def test_a_study_without_videos_has_no_day_of_publication(tmp_path, params):
    of = study()
    everyone = list(of.videos["video_id"])
    about = release.About("Empty", uncited(params))
    release.write(tmp_path / "r", of, shared("ids_only"), {}, everyone, about=about)
    assert b"date-released" not in contents(tmp_path / "r")["CITATION.cff"]
    assert b"datePublished" not in contents(tmp_path / "r")["croissant.json"]


#: Columns of texts and lists that say nothing of a person, in whatever table.
IMPERSONAL = frozenset(
    """
    answer answer_key attack_type audio_codec backend c2pa c2pa_trust_list_sha256 captions_trouble clean_label
    color_primaries color_range color_space color_transfer confidence_by container effect_ids effect_info endpoint
    evidence_in failed_votes file finish_reason first_model format frame_indices inputs_used inserted_into kind label
    labels language left left_language mended model music_id ai_label paid_label no_description_because no_media_because
    no_transcript_because ocr_cer_reason ocr_unread_scripts on_screen_language playlist_id quality_flags quotes_in
    reader reader_sha256 reason retyped right right_language sha256 sound_trouble source speech speech_compute_type
    speech_model speech_model_revision speech_model_sha256 status transcript_language variable video_codec video_id
    video_label video_tag voters wanted
    """.split()  # noqa: SIM905 - one word beside the other
)


def test_every_column_of_a_release_is_known_to_be_about_people_or_not():
    """A new column of texts fails here, until it stands among those of `PERSONAL` or of `IMPERSONAL`."""
    tables = [DATASET, *(TABLES[part.name] for part in fields(release.Tables) if part.name in TABLES)]
    texts = [
        (table.name, column.name)
        for table in tables
        for column in table.columns
        if (column.dtype == pl.String or column.dtype.is_nested()) and column.dtype != IMAGE
    ]
    personal = frozenset().union(*PERSONAL.values())
    assert {f"{table}.{name}" for table, name in texts if name not in IMPERSONAL} == personal
