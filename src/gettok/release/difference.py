"""What changed from one release to another of the same form: videos, codes, shares, provenance and files."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from gettok.errors import BadInput
from gettok.release.code_changes import VariableChange, variable_change
from gettok.settings.differences import SettingDifference, differences
from gettok.step import Json
from gettok.tables.dataset import DATASET
from gettok.tables.dictionary_reading import declared_tables
from gettok.verification.checksums import recorded_checksums

#: Where provenance names what answered, beside the settings.
_MODELS = frozenset({"models", "speech_models", "ocr_readers", "embedding_model", "cascade"})
_SETTINGS, _PROMPTS = "settings.", "settings.prompts."
#: The kinds of a variable whose values are labels.
_LABELS = frozenset({"one_of", "any_of", "ordinal", "yes_no"})


@dataclass(frozen=True)
class ReleaseDifference:
    """Videos are counted, not named: a list of those that are gone would publish the ids of deleted ones."""

    old: str
    new: str
    videos: tuple[int, int]
    added: int
    gone: int
    #: As far as the books count more of a reason than before; the others are `unknown`.
    gone_by_reason: Mapping[str, int]
    variables_added: tuple[str, ...]
    variables_gone: tuple[str, ...]
    variables: tuple[VariableChange, ...]
    prompts: tuple[SettingDifference, ...]
    models: tuple[SettingDifference, ...]
    settings: tuple[SettingDifference, ...]
    files_added: tuple[str, ...]
    files_gone: tuple[str, ...]
    files_changed: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the two have the same files, and so the same of everything else."""
        return not (self.files_added or self.files_gone or self.files_changed)

    def as_json(self) -> dict[str, Json]:
        """For scripts."""
        content = asdict(self)
        for group in ("prompts", "models", "settings"):
            content[group] = [found._asdict() for found in getattr(self, group)]
        return content


@dataclass(frozen=True)
class _Released:
    """A release's name for people, its folder, provenance and books, and the column with the id of a video."""

    name: str
    folder: Path
    provenance: Mapping[str, Json]
    books: Mapping[str, Json]
    key: str

    @property
    def variables(self) -> Mapping[str, Json]:
        found: Mapping[str, Json] = self.provenance["settings"]["codebook"]["variables"]
        return found

    def dataset(self) -> pl.LazyFrame:
        return pl.scan_parquet(self.folder / f"{DATASET.name}.parquet", glob=False)

    def ids(self) -> pl.DataFrame:
        return self.dataset().select(self.key).collect()

    def checksums(self) -> dict[str, str]:
        return recorded_checksums(self.folder)[0]


def compare_releases(old: Path, new: Path, names: tuple[str, str]) -> ReleaseDifference:
    """What changed from one folder to another; `names` are theirs for people.

    Raises `BadInput` if one cannot be read or the two cannot be compared. Neither is verified.
    """
    before, after = _read(old, names[0]), _read(new, names[1])
    _refuse_other_form(before, after)
    ids = before.ids(), after.ids()
    gone = ids[0].join(ids[1], on=before.key, how="anti").height
    _refuse_other_keys(before, after, kept=ids[0].height - gone)
    prompts, models, settings = _of_provenance(before, after)
    files = before.checksums(), after.checksums()
    return ReleaseDifference(
        *names,
        videos=(ids[0].height, ids[1].height),
        added=ids[1].join(ids[0], on=before.key, how="anti").height,
        gone=gone,
        gone_by_reason=_gone_by_reason(before.books, after.books, gone),
        variables_added=tuple(name for name in after.variables if name not in before.variables),
        variables_gone=tuple(name for name in before.variables if name not in after.variables),
        variables=tuple(_changes(before, after)),
        prompts=prompts,
        models=models,
        settings=settings,
        files_added=tuple(sorted(files[1].keys() - files[0].keys())),
        files_gone=tuple(sorted(files[0].keys() - files[1].keys())),
        files_changed=tuple(
            sorted(name for name in files[0].keys() & files[1].keys() if files[0][name] != files[1][name])
        ),
    )


def _read(folder: Path, name: str) -> _Released:
    try:
        provenance, books = (
            json.loads((folder / f"{part}.json").read_bytes()) for part in ("provenance", "books")
        )
        dictionary = (folder / "data_dictionary.md").read_text("utf-8")
        found = _Released(name, folder, provenance, books, declared_tables(dictionary)[DATASET.name].sort[0])
        _ = found.variables, found.dataset().select(found.key).collect_schema(), books["stages"]
    except (OSError, ValueError, LookupError, TypeError, pl.exceptions.PolarsError) as error:
        raise BadInput(
            f"{name} cannot be read as a release: {error}",
            "compared nothing",
            f"run `gettok release check {name}`, which says what is wrong with it",
        ) from error
    return found


def _refuse_other_form(old: _Released, new: _Released) -> None:
    forms = [str(released.provenance.get("form")) for released in (old, new)]
    if forms[0] != forms[1] or old.key != new.key:
        raise BadInput(
            f"{old.name} has the form {forms[0]}, and {new.name} the form {forms[1]}",
            "compared nothing: one of them lacks what the other has, or names videos in another way",
            "compare two releases of the same form",
        )


def _refuse_other_keys(old: _Released, new: _Released, kept: int) -> None:
    if not kept and old.ids().height and new.ids().height:
        keys = [released.provenance.get("pseudonym_key") for released in (old, new)]
        raise BadInput(
            f"{old.name} and {new.name} have no video in common",
            "compared nothing: "
            + (
                "they are of different studies"
                if keys[0] == keys[1]
                else "their pseudonyms were made with different keys, so that no video can be found again"
            ),
            "compare two releases of one study; where videos have pseudonyms, they need the same GETTOK_PSEUDONYM_KEY",
        )


def _gone_by_reason(old: Mapping[str, Json], new: Mapping[str, Json], gone: int) -> dict[str, int]:
    reasons = [_removed(books) for books in (old, new)]
    more = {reason: count - reasons[0].get(reason, 0) for reason, count in reasons[1].items()}
    known = {reason: count for reason, count in sorted(more.items()) if count > 0}
    unknown = gone - sum(known.values())
    if unknown < 0:  # some of these were never released
        known, unknown = {}, gone
    return known | ({"unknown": unknown} if unknown else {})


def _removed(books: Mapping[str, Json]) -> dict[str, int]:
    """How many videos the books count that are not in the release, by reason."""
    of_pages = books["stages"].get("tabulate", {}).get("unusable", {})
    return {**of_pages, "withdrawn": books.get("withdrawn", 0)}


def _changes(old: _Released, new: _Released) -> list[VariableChange]:
    changes = [
        variable_change(name, old.dataset(), new.dataset(), old.key, has_labels=variable["kind"] in _LABELS)
        for name, variable in new.variables.items()
        if old.variables.get(name, {}).get("kind") == variable["kind"]
    ]
    return [change for change in changes if change is not None and not change.is_empty]


def _of_provenance(old: _Released, new: _Released) -> tuple[tuple[SettingDifference, ...], ...]:
    """The differences of prompts, of models, and of all else, with the dotted paths that settings have."""
    groups: tuple[list[SettingDifference], ...] = [], [], []
    for found in differences(old.provenance, new.provenance):
        group = 0 if found.key.startswith(_PROMPTS) else 1 if found.key.split(".")[0] in _MODELS else 2
        groups[group].append(found._replace(key=found.key.removeprefix(_SETTINGS)))
    return tuple(map(tuple, groups))
