"""The Hugging Face Hub, by its own client library.

https://huggingface.co/docs/hub/datasets. A draft is a private dataset repository; to publish it makes it public. The
Hub mints a DOI only where a person asks for one in the repository's settings. Its README.md must begin with a card in
YAML, so that file, and its line in the checksums, are the two that have other bytes than those of the release.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import requests
import yaml
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, constants
from huggingface_hub.errors import HfHubHTTPError
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils.tqdm import disable_progress_bars

from gettok.deposit.archive import ArchiveLimits, BundleFile, Draft, OnBytes, Stored
from gettok.deposit.connection import Caller, Response
from gettok.deposit.description import ReleaseDescription
from gettok.errors import BadInput
from gettok.release.metadata.schema_org import stated
from gettok.settings.secrets import Secret
from gettok.step import Json
from gettok.store.atomic_write import atomic_write
from gettok.store.blobs import file_digest
from gettok.tables.dataset import DATASET
from gettok.verification.checksums import CHECKSUMS

#: https://huggingface.co/docs/hub/storage-limits: of a file, and what is advised for a repository.
_LIMITS = ArchiveLimits(max_files=100_000, max_file_bytes=50 * 10**9, max_total_bytes=None)
_ADVICE = (
    "make a token with the right to write to the repository (https://huggingface.co/settings/tokens), and "
    "`export HF_TOKEN=…`"
)
_README = "README.md"
#: The Hub makes this file with the repository, and needs it.
_OF_THE_HUB = ".gitattributes"
#: The licences that the Hub has a word for, which is the SPDX id in small letters.
_LICENCES = frozenset(
    {
        *(
            "cc-by-4.0",
            "cc-by-sa-4.0",
            "cc-by-nc-4.0",
            "cc-by-nd-4.0",
            "cc-by-nc-sa-4.0",
            "cc-by-nc-nd-4.0",
            "cc0-1.0",
        ),
        *("mit", "apache-2.0", "bsd-3-clause", "odc-by-1.0", "gpl-3.0", "pddl-1.0"),
    }
)
_SHORTER = {"odc-by-1.0": "odc-by", "pddl-1.0": "pddl"}
T = TypeVar("T")


class HuggingFace:
    name = "Hugging Face"
    limits = _LIMITS
    has_versions = False
    mints_dois = False
    publishing = "the repository becomes public; others may keep copies of it"

    def __init__(self, url: str, secret: Secret | None, place: str | None) -> None:
        """`place` is the repository, such as `lab/peru-2022`."""
        if place is None or place.count("/") != 1:
            raise BadInput(
                "Hugging Face has no name for the repository",
                "sent nothing",
                "give one with --into, such as `--into your-lab/peru-2022`",
            )
        self.url, self._repo, self._secret = url, place, secret
        self._api: HfApi | None = None
        self._added: list[CommitOperationAdd] = []
        self._removed: list[str] = []

    @property
    def _hub(self) -> HfApi:
        if self._api is None:
            assert self._secret is not None, "only a dry run has none, and it sends nothing"
            disable_progress_bars()  # the command has one of its own
            self._caller = Caller(self.name, self.url, self._secret, _ADVICE)
            # create_commit reads the address of what it has made by this one, whatever the HfApi has (0.36)
            constants.ENDPOINT = self.url
            self._api = HfApi(endpoint=self.url, token=self._secret.reveal())
        return self._api

    def close(self) -> None:
        """Nothing: the library keeps its connections for the whole process."""

    def metadata(self, about: ReleaseDescription, marker: str) -> dict[str, Json]:
        """The card, without the tables, which `prepare` adds from the files."""
        licence = (about.licence or "").lower()
        known = licence in _LICENCES
        return stated(
            {
                "pretty_name": " ".join(about.title.split()),
                "license": _SHORTER.get(licence, licence) if known else "other",
                "license_name": None if known else licence,
                "license_link": None if known else f"https://spdx.org/licenses/{about.licence}.html",
                "tags": [*about.keywords, marker],
            }
        )

    def prepare(self, files: Path, metadata: Mapping[str, Json]) -> dict[str, Json]:
        """Put the card before the README's text, and correct the README's line in the checksums."""
        card = {**metadata, "configs": _configs(files)}
        head = yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=10_000)
        text = (files / _README).read_text("utf-8")
        before = file_digest(files / _README)
        atomic_write(files / _README, f"---\n{head}---\n\n{text}".encode())
        checksums = (files / CHECKSUMS).read_text("utf-8")
        after = checksums.replace(f"{before}  {_README}\n", f"{file_digest(files / _README)}  {_README}\n")
        atomic_write(files / CHECKSUMS, after.encode())
        return card

    def find(self, marker: str) -> str | None:
        """The repository, if it is empty or has this release: no other is written into."""
        if self.look(self._repo) is None:
            return None
        names = {file.path for file in self._tree()}
        if names <= {_OF_THE_HUB}:
            return self._repo
        info = self._call(lambda: self._hub.dataset_info(self._repo))
        return self._repo if marker in (info.tags or []) else None

    def look(self, id_: str) -> Draft | None:
        """The repository that is asked for; any other counts as gone."""
        if id_ != self._repo:
            return None
        exists = self._call(lambda: self._hub.repo_exists(id_, repo_type="dataset"))
        if not exists:
            return None
        info = self._call(lambda: self._hub.dataset_info(id_))
        return Draft(id_, f"{self.url}/datasets/{id_}", is_published=not info.private)

    def create(self, metadata: Mapping[str, Json], marker: str, previous: str | None) -> Draft:  # noqa: ARG002
        """A private repository; raises `BadInput` if there is one of this name with other files."""
        if previous is None:
            self._call(
                lambda: self._hub.create_repo(self._repo, repo_type="dataset", private=True),
                settle=lambda: self.find(marker),
            )
        return Draft(self._repo, f"{self.url}/datasets/{self._repo}")

    def update(self, draft: Draft, metadata: Mapping[str, Json]) -> None:
        """Nothing: the metadata are at the top of README.md."""

    def files(self, draft: Draft) -> Mapping[str, Stored]:  # noqa: ARG002 - there is one repository
        return {
            file.path: Stored("sha256", file.lfs.sha256) if file.lfs else Stored("git-sha1", file.blob_id)
            for file in self._tree()
            if file.path != _OF_THE_HUB
        }

    def upload(self, draft: Draft, file: BundleFile, on_bytes: OnBytes) -> None:
        """Send the bytes of a large file; those of small ones are sent with the commit."""

        def send() -> CommitOperationAdd:
            added = CommitOperationAdd(file.name, str(file.path))
            self._hub.preupload_lfs_files(draft.id, [added], repo_type="dataset", free_memory=False)
            return added

        self._added.append(self._call(send))
        on_bytes(file.size)

    def remove(self, draft: Draft, name: str) -> None:  # noqa: ARG002
        self._removed.append(name)

    def commit(self, draft: Draft) -> None:
        """All changes at once: no one sees a half of them."""
        if self._added or self._removed:
            self._call(lambda: self._commit(draft))
        self._added, self._removed = [], []

    def _commit(self, draft: Draft) -> None:
        """Not what is removed already: its answer may have been lost."""
        names = {file.path for file in self._tree()}
        removed = [CommitOperationDelete(name) for name in self._removed if name in names]
        message = "Upload the release"
        self._hub.create_commit(
            draft.id, [*self._added, *removed], commit_message=message, repo_type="dataset"
        )

    def publish(self, draft: Draft) -> Draft:
        self._call(lambda: self._hub.update_repo_settings(draft.id, private=False, repo_type="dataset"))
        return self.look(draft.id) or draft

    def _tree(self) -> list[RepoFile]:
        tree = self._call(
            lambda: list(self._hub.list_repo_tree(self._repo, recursive=True, repo_type="dataset"))
        )
        return [entry for entry in tree if isinstance(entry, RepoFile)]

    def _call(self, ask: Callable[[], T], settle: Callable[[], T | None] = lambda: None) -> T:
        _ = self._hub
        answer = self._caller.call(
            lambda: _answered(ask),
            (requests.RequestException,),
            settle=lambda: None if (found := settle()) is None else _Success(found),
        )
        assert isinstance(answer, _Success), "any other answer is refused"
        value: T = answer.value
        return value


@dataclass(frozen=True)
class _Success:
    """What the library gave back, in the form of an answer."""

    value: Any
    status_code: int = 200
    text: str = ""

    @property
    def headers(self) -> Mapping[str, str]:
        return {}

    def json(self) -> Any:
        return self.value


def _answered(ask: Callable[[], Any]) -> Response:
    try:
        return _Success(ask())
    except HfHubHTTPError as error:
        return error.response
    except RuntimeError as error:
        # so it wraps what went wrong with a large file
        if isinstance(error.__cause__, HfHubHTTPError):
            return error.__cause__.response
        if isinstance(error.__cause__, requests.RequestException):
            raise error.__cause__ from None
        raise


def _configs(files: Path) -> list[dict[str, Any]]:
    """The tables, by which `datasets.load_dataset` finds them; the dataset is the one that it loads without a name."""
    folders = {path.parent.name for path in files.rglob("*.parquet") if path.parent != files}
    named = {path.stem: path.name for path in files.glob("*.parquet")} | {
        name.removesuffix(".parquet"): f"{name}/*.parquet" for name in folders
    }
    return [
        {
            "config_name": name,
            "data_files": named[name],
            **({"default": True} if name == DATASET.name else {}),
        }
        for name in sorted(named, key=lambda name: (name != DATASET.name, name))
    ]
