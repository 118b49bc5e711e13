"""A Dataverse server, by its native API and pyDataverse, the client of the Global Dataverse Community Consortium.

https://guides.dataverse.org/en/latest/api/native-api.html. pyDataverse 0.3.5 sets no time limit, leaves the file that
it uploads open, and prints: it signs and forms the requests here, and `_Native` sends them.
"""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from pyDataverse.api import NativeApi
from pyDataverse.auth import ApiTokenAuth

from gettok.deposit.archive import ArchiveLimits, BundleFile, CountedFile, Draft, OnBytes, Stored
from gettok.deposit.connection import TIMEOUT_S, Caller
from gettok.deposit.description import Person, ReleaseDescription
from gettok.errors import BadInput, NotNow
from gettok.http.json_guards import to_mapping, to_mappings, to_text
from gettok.http.loopback import is_loopback_url
from gettok.settings.secrets import Secret
from gettok.step import Json

#: Each server sets its own, and tells them to no one but its administrators; it answers 400 or 413 beyond them.
_LIMITS = ArchiveLimits(max_files=None, max_file_bytes=None, max_total_bytes=None)
_ADVICE = (
    "make an API token on the server's own page (your name, API Token), have the right to add datasets to the "
    "collection, and `export DATAVERSE_API_TOKEN=…`"
)
#: Dataverse's subject, of its closed list, for studies of what people say in public.
_SUBJECT = "Social Sciences"
_ALGORITHMS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-512": "sha512"}


class Dataverse:
    name = "Dataverse"
    limits = _LIMITS
    has_versions = True
    mints_dois = True
    publishing = (
        "its DOI becomes public, the version can no longer be changed, and it can only be deaccessioned"
    )

    def __init__(self, url: str, secret: Secret | None, place: str | None) -> None:
        """`place` is the alias of the collection (a dataverse) that gets the dataset."""
        if place is None:
            raise BadInput(
                "Dataverse has no collection of which it could be known that it is yours",
                "sent nothing",
                "name one with --into: the last part of its address, such as `root` in …/dataverse/root",
            )
        self.url, self._place, self._secret = url, place, secret
        self._api: _Native | None = None

    @property
    def _native(self) -> "_Native":
        if self._api is None:
            assert self._secret is not None, "only a dry run has none, and it sends nothing"
            self._caller = Caller(self.name, self.url, self._secret, _ADVICE)
            self._api = _Native(self.url, self._secret)
        return self._api

    def close(self) -> None:
        if self._api is not None:
            self._api.http.close()

    def metadata(self, about: ReleaseDescription, marker: str) -> dict[str, Json]:
        if about.contact is None:
            raise BadInput(
                "Dataverse requires a contact, and the release states none",
                "sent nothing",
                "fill in citation.contact in conf/citation/, run `gettok compose`, and make the release again",
            )
        name, email = about.contact
        fields = [
            _text("title", about.title),
            _group("author", [_author(person) for person in about.authors]),
            _group("datasetContact", [{"datasetContactName": name, "datasetContactEmail": email}]),
            _group("dsDescription", [{"dsDescriptionValue": text} for text in about.paragraphs]),
            {
                "typeName": "subject",
                "typeClass": "controlledVocabulary",
                "multiple": True,
                "value": [_SUBJECT],
            },
            _group("keyword", [{"keywordValue": word} for word in about.keywords]),
            _group("otherId", [{"otherIdAgency": "gettok", "otherIdValue": marker}]),
            _group("publication", [{"publicationURL": each.url} for each in about.related]),
            _group(
                "grantNumber",
                [
                    {
                        "grantNumberAgency": grant.funder,
                        **({"grantNumberValue": grant.number} if grant.number else {}),
                    }
                    for grant in about.funding
                ],
            ),
        ]
        return {
            "datasetVersion": {
                # sent to the server under its own name for it; without a licence, the server would put CC0
                "license": {"name": about.licence, "uri": f"https://spdx.org/licenses/{about.licence}.html"},
                "metadataBlocks": {
                    "citation": {
                        "displayName": "Citation Metadata",
                        "fields": [field for field in fields if field["value"]],
                    }
                },
            }
        }

    def prepare(self, files: Path, metadata: Mapping[str, Json]) -> Mapping[str, Json]:  # noqa: ARG002
        """Nothing: names with folders are sent as they are, and no file is unpacked or converted."""
        return metadata

    def find(self, marker: str) -> str | None:
        query = quote(f'otherIdValue:"{marker}"')
        address = f"/search?q={query}&type=dataset&per_page=1"
        items = to_mappings(to_mapping(self._data(self._get(address))).get("items"))
        return next((text for item in items if (text := to_text(item.get("global_id")))), None)

    def look(self, id_: str) -> Draft | None:
        answer = self._get(f"/datasets/:persistentId/versions/:latest?persistentId={id_}", accepted=(404,))
        if answer.status_code == 404:
            return None
        version = to_mapping(self._data(answer))
        return self._draft(id_, version.get("versionState") == "RELEASED")

    def create(self, metadata: Mapping[str, Json], marker: str, previous: str | None) -> Draft:
        if previous is not None:
            return self._draft(previous, is_published=False)
        content = self._with_known_licence(metadata)
        answer = self._call(
            lambda: self._native.post_request(
                f"{self._base}/dataverses/{quote(self._place)}/datasets", data=json.dumps(content)
            ),
            settle=lambda: self._settled(marker),
        )
        data = to_mapping(self._data(answer))
        return self._draft(
            str(data.get("persistentId") or data.get("datasetPersistentId")), is_published=False
        )

    def update(self, draft: Draft, metadata: Mapping[str, Json]) -> None:
        version = to_mapping(self._with_known_licence(metadata)["datasetVersion"])
        address = f"{self._base}/datasets/:persistentId/versions/:draft?persistentId={draft.id}"
        self._call(lambda: self._native.put_request(address, data=json.dumps(version)))

    def files(self, draft: Draft) -> Mapping[str, Stored]:
        return {name: stored for name, (_, stored) in self._files(draft).items()}

    def upload(self, draft: Draft, file: BundleFile, on_bytes: OnBytes) -> None:
        """One request with the whole file. A file with this name and other bytes goes first: else it is renamed."""
        folder, _, label = file.name.rpartition("/")
        if file.name in self._files(draft):
            self.remove(draft, file.name)
        # by default, the server would turn a table into one of its own
        content = {
            "tabIngest": "false",
            "restrict": "false",
            **({"directoryLabel": folder} if folder else {}),
        }
        address = f"{self._base}/datasets/:persistentId/add?persistentId={draft.id}"

        with CountedFile(file.path, on_bytes) as opened:

            def send() -> httpx.Response:
                answer: httpx.Response = self._native.post_request(
                    address,
                    data={"jsonData": json.dumps(content)},
                    files={"file": (label, opened.again(), "application/octet-stream")},
                )
                return answer

            self._call(send, settle=lambda: self._uploaded(draft, file))

    def remove(self, draft: Draft, name: str) -> None:
        id_, _ = self._files(draft)[name]
        self._call(lambda: self._native.delete_request(f"{self._base}/files/{id_}"), accepted=(404,))

    def commit(self, draft: Draft) -> None:
        """Nothing: each file is in the draft."""

    def publish(self, draft: Draft) -> Draft:
        address = f"{self._base}/datasets/:persistentId/actions/:publish?persistentId={draft.id}&type=major"
        # 409: another request of ours has locked it, and finishes
        self._call(lambda: self._native.post_request(address), settle=lambda: self._published(draft.id))
        published = self.look(draft.id)
        if published is None or not published.is_published:
            raise NotNow(
                "Dataverse has accepted the publication, and has not finished it (the dataset may be in a review)",
                "kept the draft",
                f"look at {draft.page}; once it is published, run the same command again, which notes it",
            )
        return published

    @property
    def _base(self) -> str:
        return f"{self._native.base_url_api_native}"

    def _get(self, address: str, accepted: tuple[int, ...] = ()) -> httpx.Response:
        return self._call(lambda: self._native.get_request(f"{self._base}{address}"), accepted=accepted)

    def _call(
        self,
        send: Callable[[], httpx.Response],
        *,
        accepted: tuple[int, ...] = (),
        settle: Callable[[], httpx.Response | None] = lambda: None,
    ) -> httpx.Response:
        _ = self._native
        return self._caller.call(send, (httpx.TransportError,), accepted=accepted, settle=settle)

    @staticmethod
    def _data(answer: httpx.Response) -> Json:
        return to_mapping(answer.json()).get("data")

    def _draft(self, id_: str, is_published: bool) -> Draft:
        version = "" if is_published else "&version=DRAFT"
        page = f"{self.url}/dataset.xhtml?persistentId={id_}{version}"
        return Draft(id_, page, id_.removeprefix("doi:") if id_.startswith("doi:") else None, is_published)

    def _files(self, draft: Draft) -> dict[str, tuple[str, Stored]]:
        """The number and the digest of each file."""
        answer = self._get(f"/datasets/:persistentId/versions/:latest/files?persistentId={draft.id}")
        found = {}
        for entry in to_mappings(self._data(answer)):
            file = to_mapping(entry.get("dataFile"))
            checksum = to_mapping(file.get("checksum"))
            folder, label = to_text(entry.get("directoryLabel")), to_text(entry.get("label")) or ""
            algorithm = _ALGORITHMS.get(str(checksum.get("type")), "md5")
            found[f"{folder}/{label}" if folder else label] = (
                str(file.get("id")),
                Stored(algorithm, str(checksum.get("value"))),
            )
        return found

    def _uploaded(self, draft: Draft, file: BundleFile) -> httpx.Response | None:
        """An answer, if the upload whose answer was lost had succeeded; what is there with other bytes is removed."""
        stored = self._files(draft).get(file.name)
        if stored is None:
            return None
        if file.is_stored(stored[1]):
            return self._get("/info/version")
        self.remove(draft, file.name)
        return None

    def _settled(self, marker: str) -> httpx.Response | None:
        found = self.find(marker)
        return self._get(f"/datasets/:persistentId/?persistentId={found}") if found else None

    def _published(self, id_: str) -> httpx.Response | None:
        found = self.look(id_)
        return self._get("/info/version") if found and found.is_published else None

    def _with_known_licence(self, metadata: Mapping[str, Json]) -> dict[str, Json]:
        """The metadata with the licence as the server calls it; where it lacks it, as terms in words."""
        version = dict(to_mapping(metadata["datasetVersion"]))
        wanted = str(to_mapping(version.pop("license"))["name"])
        for licence in to_mappings(self._data(self._get("/licenses"))):
            name, uri = to_text(licence.get("name")) or "", to_text(licence.get("uri"))
            if licence.get("active", True) and _plain(wanted) in (
                _plain(name),
                _plain(str(licence.get("rightsIdentifier"))),
            ):
                return {"datasetVersion": {**version, "license": {"name": name, "uri": uri}}}
        terms = f"Licence {wanted}: https://spdx.org/licenses/{wanted}.html"
        return {"datasetVersion": {**version, "termsOfUse": terms}}


class _Native(NativeApi):  # type: ignore[misc]
    """The requests of pyDataverse, on one connection with time limits, with no proxy to this machine."""

    def __init__(self, url: str, secret: Secret) -> None:
        super().__init__(url, auth=ApiTokenAuth(secret.reveal()))
        self.http = httpx.Client(timeout=TIMEOUT_S, trust_env=not is_loopback_url(url))

    def _sync_request(self, method: Callable[..., Any], **options: Any) -> httpx.Response:
        # no redirects: httpx would send the key's header to another host
        return self.http.request(method.__name__.upper(), auth=self.auth, **self._filter_kwargs(options))


def _text(name: str, value: str) -> dict[str, Any]:
    return {"typeName": name, "typeClass": "primitive", "multiple": False, "value": value}


def _group(name: str, members: list[dict[str, str]]) -> dict[str, Any]:
    value = [{key: _part(key, text) for key, text in member.items()} for member in members]
    return {"typeName": name, "typeClass": "compound", "multiple": True, "value": value}


def _part(name: str, value: str) -> dict[str, Any]:
    kind = "controlledVocabulary" if name == "authorIdentifierScheme" else "primitive"
    return {"typeName": name, "typeClass": kind, "multiple": False, "value": value}


def _author(person: Person) -> dict[str, str]:
    orcid = {"authorIdentifierScheme": "ORCID", "authorIdentifier": person.orcid} if person.orcid else {}
    return {
        "authorName": person.name,
        **({"authorAffiliation": person.affiliation} if person.affiliation else {}),
        **orcid,
    }


def _plain(name: str) -> str:
    """`CC BY 4.0` and `CC-BY-4.0` are one licence."""
    return re.sub(r"[^a-z0-9.]", "", name.lower())
