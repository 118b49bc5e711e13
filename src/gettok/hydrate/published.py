"""Reads a release as others get it: the ids of its videos, and what it has of them that can be compared."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from gettok.errors import BadInput, Damaged
from gettok.report.display import label
from gettok.step import Json
from gettok.store.blobs import file_digest
from gettok.tables.forms import FORMS, Form
from gettok.tables.table import TIME
from gettok.verification.checksums import CHECKSUMS, recorded_checksums, wrong_files

_LONGEST_PROBLEM = 200
_VIDEOS = pl.Schema({"video_id": pl.String(), "created_at": TIME, "sha256": pl.String()})
_LABELS = pl.Schema({"video_id": pl.String(), "variable": pl.String(), "labels": pl.List(pl.String)})
#: For the forms that cannot be hydrated: why, and what a person can do.
_WHY_NOT: Mapping[str, tuple[str, str]] = {
    "public": (
        "it has pseudonyms in place of ids, and no one can ask TikTok for those",
        "ask its authors for a release of the form ids_only or controlled",
    ),
    "team": (
        "it has everything already, so there is nothing to ask TikTok for",
        "load its tables, as its README.md says; `gettok refresh`, in the repository that made it, finds what is gone",
    ),
}


@dataclass(frozen=True, eq=False)  # frames cannot be compared by ==
class PublishedRelease:
    """A release with ids. `digest` is the SHA-256 of its checksums, which identifies it."""

    form: Form
    digest: str
    #: The source of its videos, and the days of the study.
    source: str
    start: date
    end: date
    #: A row for each video: `video_id`, `created_at`, and `sha256` of its media; both are null where there is none.
    videos: pl.DataFrame
    #: A row for each video and variable with labels: `video_id`, `variable`, `labels`; null where it has no value.
    labels: pl.DataFrame

    @property
    def ids(self) -> list[str]:
        """The ids of its videos, in order."""
        return self.videos["video_id"].to_list()

    @property
    def has_results(self) -> bool:
        """Whether it has more than ids."""
        return self.form != "ids_only"


def read_release(folder: Path) -> PublishedRelease:
    """Check the release's checksums and read it. Raises `Damaged`, or `BadInput` for what cannot be hydrated."""
    listed = _checked(folder)
    with _readable(folder):
        provenance: Json = json.loads(listed["provenance.json"].read_bytes())
        form = provenance["form"]
        if form not in FORMS:
            raise ValueError(f"the form {form!r} is none of {', '.join(FORMS)}")
        settings = provenance["settings"]
        source, study = str(settings["source"]["name"]), settings["study"]
        start, end = date.fromisoformat(study["start"]), date.fromisoformat(study["end"])
        _refuse_form(folder, form)
        videos = _videos(listed, with_results=form != "ids_only")
        labels = _labels(listed)
    if videos.is_empty():
        raise BadInput(f"the release in {folder} has no videos", "wrote nothing", "name another release")
    return PublishedRelease(form, file_digest(folder / CHECKSUMS), source, start, end, videos, labels)


def _checked(folder: Path) -> dict[str, Path]:
    """The files of the release, by name, whose bytes are as its checksums say."""
    if not (folder / CHECKSUMS).is_file():
        raise BadInput(
            f"{folder} is no release: it has no {CHECKSUMS}",
            "wrote nothing",
            "name the folder of a release, such as data/releases/controlled",
        )
    digests, problems = recorded_checksums(folder)
    problems += wrong_files(folder, digests, lambda _: None)
    if problems:
        raise Damaged(
            f"{folder} is not as it was released: {label(problems[0], _LONGEST_PROBLEM)}",
            "wrote nothing",
            "get the release again; `gettok release check`, with this folder, lists all that is wrong",
        )
    return {name: folder / name for name in digests}


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise BadInput(
            f"{folder} cannot be read as a release: {error!r}",
            "wrote nothing",
            "its files are as they were released, so another version of gettok may have made it: provenance.json names"
            " the version",
        ) from error


def _refuse_form(folder: Path, form: Form) -> None:
    if form in _WHY_NOT:
        why, can = _WHY_NOT[form]
        raise BadInput(f"the release in {folder} has the form {form}: {why}", "wrote nothing", can)


def _videos(listed: Mapping[str, Path], *, with_results: bool) -> pl.DataFrame:
    ids = pl.read_parquet(listed["dataset.parquet"], columns=["video_id"])
    if with_results:
        created = pl.read_parquet(listed["videos.parquet"], columns=["video_id", "created_at"])
        media = pl.read_parquet(listed["media.parquet"], columns=["video_id", "sha256"])
        ids = ids.join(created, on="video_id", how="left").join(media, on="video_id", how="left")
    else:
        ids = ids.with_columns(created_at=pl.lit(None, TIME), sha256=pl.lit(None, pl.String))
    return ids.match_to_schema(_VIDEOS).unique("video_id").sort("video_id")


def _labels(listed: Mapping[str, Path]) -> pl.DataFrame:
    """The labels of each video by variable: one of a single choice; of several choices any number."""
    if "annotations.parquet" not in listed:
        return pl.DataFrame(schema=_LABELS)
    columns = ["video_id", "variable", "label", "labels"]
    rows = pl.read_parquet(listed["annotations.parquet"], columns=columns)
    single = pl.when(pl.col("label").is_not_null()).then(pl.concat_list("label"))
    labels = rows.select("video_id", "variable", labels=pl.coalesce(single, "labels"))
    has_labels = pl.col("labels").is_not_null().any().over("variable")
    return labels.filter(has_labels).match_to_schema(_LABELS).sort("variable", "video_id")
