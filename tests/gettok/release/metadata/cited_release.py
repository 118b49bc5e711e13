"""A release of a made-up study that has a citation, for the tools that read its metadata back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
from small_study import CODEBOOK, STUDY, attacked, coded, shared, study_of

from gettok import release
from gettok.settings import Settings, check
from gettok.tables import TABLES
from gettok.tables.forms import Form

#: Quotes of three kinds, a line break, signs of YAML, JSON and TeX, and four scripts.
TITLE = 'El "golpe" d\'Estado: 50 % #1 {Perú} & «сообщения»\n視頻 — فيديو'
AUTHORS = [
    {
        "given": 'Ana "Anita"',
        "family": "Quispe Ñahui",
        "orcid": "0000-0002-1825-0097",
        "affiliation": "PUCP, Lima",
    },
    {"given": "小明", "family": "王", "orcid": "0000-0002-9079-593X", "affiliation": None},
    {"given": None, "family": "The No: Group", "orcid": None, "affiliation": None},
]
CITATION: Mapping[str, Any] = {
    "title": TITLE,
    "description": "Videos about a 'coup': what they say,\nshow and quote.",
    "authors": AUTHORS,
    "keywords": ["TikTok", "Perú: política"],
    "licence": "CC-BY-4.0",
    "version": "1.10",
    "published": "2026-11-02",
    "doi": "10.5281/zenodo.1234567",
    "url": "https://example.org/dataset",
    "contact": {"name": "Data desk", "email": "data@example.org"},
    "funding": [{"funder": "Concytec", "grant": "PE-123"}, {"funder": "Concytec", "grant": None}],
}
PROVENANCE = {
    "gettok": "0.1.0",
    "speech_models": [{"repository": "hub/large", "revision": "r1", "sha256": "bb", "compute_type": "int8"}],
    "ocr_readers": [{"name": "rapidocr 3.10", "sha256": "aa"}],
}


def settings(params: dict[str, Any], **citation: Any) -> Settings:
    """Of the made-up study with a whole citation, but for the keys that are given."""
    params["citation"] = {**CITATION, **citation}
    whole = check(params, "params.yaml")
    return whole.model_copy(update={"study": STUDY, "codebook": CODEBOOK})


def uncited(params: dict[str, Any]) -> Settings:
    """With the defaults, which name no one."""
    return check(params, "params.yaml").model_copy(update={"study": STUDY, "codebook": CODEBOOK})


def study() -> release.Tables:
    """Six videos with every type of column: lists, lists of structs, pictures, missing numbers and times."""
    of = attacked(study_of(6))
    screens = [
        {
            "video_id": video,
            "frame_index": 0,
            "text": "NO",
            "lines": [{"text": "NO", "confidence": 0.5, "box": [{"x": 1, "y": 2}]}],
        }
        for video in of.videos["video_id"]
    ]
    seen = pl.lit(datetime(2023, 1, 20, tzinfo=UTC))
    return replace(
        of,
        videos=of.videos.with_columns(
            first_observed_at=seen.cast(TABLES["videos"].schema["first_observed_at"])
        ),
        screen_texts=TABLES["screen_texts"].frame(screens),
        media=of.media.with_columns(bytes=pl.Series([2**40 + 1, *[None] * 5], dtype=pl.Int64)),
        uncovered={"2022-12-08": "the request failed"},
    )


def every_kind(params: dict[str, Any]) -> tuple[release.Tables, Settings]:
    """The study with a variable of each kind."""
    of = coded(study())
    return of, settings(params).model_copy(update={"codebook": of.codebook})


def written(folder: Path, of: release.Tables, described: Settings, form: Form = "team") -> Path:
    about = release.About(described.citation.title or described.study.title, described)
    release.write(folder, of, shared(form), PROVENANCE, [of.videos["video_id"][5]], about=about)
    return folder
