"""A stand-in for a Dataverse server: the part of its native API by which datasets are drafted, filled and published.

https://guides.dataverse.org/en/latest/api/native-api.html. As there, a table is turned into one of Dataverse's own, and
a zip file unpacked, unless the request says otherwise; a second file of a name is renamed; and a dataset that names no
licence gets CC0.
"""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from sandbox.archives.multipart import multipart
from sandbox.archives.orcid import is_orcid
from sandbox.exchange import Refusal, Reply, Request, json_body, json_reply

LICENCES = (
    {"name": "CC0 1.0", "uri": "http://creativecommons.org/publicdomain/zero/1.0", "active": True},
    {"name": "CC BY 4.0", "uri": "http://creativecommons.org/licenses/by/4.0", "active": True},
)
_REQUIRED = {
    "title": "Title",
    "author": "Author Name",
    "datasetContact": "Point of Contact E-mail",
    "dsDescription": "Description Text",
    "subject": "Subject",
}
_SUBJECTS = frozenset({"Social Sciences", "Arts and Humanities", "Computer and Information Science", "Other"})
_FOLDER = re.compile(r"[A-Za-z0-9_\-. \\/]*")
_NO_NAME = re.compile(r'[:*?"<>|;#/\\]')


@dataclass
class File:
    id: int
    label: str
    folder: str
    content: bytes


@dataclass
class Dataset:
    pid: str
    collection: str
    version: dict[str, Any]
    files: list[File] = field(default_factory=list)
    #: The files of each published version.
    published: list[list[File]] = field(default_factory=list)
    is_draft: bool = True


class Dataverse:
    def __init__(self) -> None:
        self.base = ""
        #: By alias: whether the collection is published.
        self.collections = {"root": True, "lab": True, "unpublished": False}
        self.datasets: dict[str, Dataset] = {}
        #: 0: no limit.
        self.max_file_bytes = 0
        self._next = 0

    def is_known(self, request: Request, token: str) -> bool:
        is_open = request.path.endswith(
            ("/api/licenses", "/api/info/version", "/api/v1/licenses", "/api/v1/info/version")
        )
        return is_open or request.headers.get("x-dataverse-key") == token

    def unknown(self) -> Reply:
        return _error(401, "Bad API key")

    def refused(self, refusal: Refusal) -> Reply:
        return _error(refusal.status, refusal.message)

    def answer(self, request: Request) -> Reply:
        path = re.sub(r"^/api(/v1)?", "", unquote(request.path)).strip("/")
        match request.method, path.split("/"):
            case "GET", ["licenses"]:
                return _ok(200, list(LICENCES))
            case "GET", ["info", "version"]:
                return _ok(200, {"version": "6.8", "build": "stand-in"})
            case "GET", ["search"]:
                return self._search(request.query.get("q", ""))
            case "POST", ["dataverses", alias, "datasets"]:
                return self._create(alias, json_body(request) or {})
            case "DELETE", ["files", number]:
                return self._delete(int(number))
            case _, ["datasets", ":persistentId", *rest]:
                dataset = self.datasets.get(request.query.get("persistentId", ""))
                if dataset is None:
                    raise Refusal(404, "", "Dataset with Persistent ID was not found.")
                return self._dataset(request, dataset, rest)
        raise Refusal(404, "", "endpoint does not exist on this server")

    def _dataset(self, request: Request, dataset: Dataset, rest: list[str]) -> Reply:
        match request.method, rest:
            case "GET", [] | [""] | ["versions", ":latest"]:
                state = "DRAFT" if dataset.is_draft else "RELEASED"
                return _ok(
                    200, {**dataset.version, "versionState": state, "datasetPersistentId": dataset.pid}
                )
            case "GET", ["versions", ":latest", "files"]:
                return _ok(200, [_shown(file) for file in dataset.files])
            case "PUT", ["versions", ":draft"]:
                _check(json_body(request) or {})
                dataset.version, dataset.is_draft = _licensed(json_body(request) or {}), True
                return _ok(200, dataset.version)
            case "POST", ["add"]:
                return self._add(request, dataset)
            case "POST", ["actions", ":publish"]:
                return self._publish(dataset, request.query.get("type", ""))
        raise Refusal(405, "", "method not allowed")

    def _create(self, alias: str, content: Mapping[str, Any]) -> Reply:
        if alias not in self.collections:
            raise Refusal(404, "", f"Can't find dataverse with identifier='{alias}'")
        version = content.get("datasetVersion", {})
        _check(version)
        self._next += 1
        dataset = Dataset(f"doi:10.5072/FK2/{self._next:06d}", alias, _licensed(version))
        self.datasets[dataset.pid] = dataset
        return _ok(201, {"id": self._next, "persistentId": dataset.pid})

    def _add(self, request: Request, dataset: Dataset) -> Reply:
        parts = multipart(request)
        if "file" not in parts:
            raise Refusal(
                400,
                "",
                "You must upload a file or provide a valid storageidentifier, filename, and mimetype.",
            )
        name, content = parts["file"]
        wanted = json.loads(parts["jsonData"][1]) if "jsonData" in parts else {}
        folder = str(wanted.get("directoryLabel", "")).strip("/")
        if not _FOLDER.fullmatch(folder):
            raise Refusal(400, "", "Directory Name cannot contain invalid characters.")
        if not name or _NO_NAME.search(name):
            raise Refusal(
                400, "", 'File Name cannot contain any of the following characters: / : * ? " < > | ; # .'
            )
        if self.max_file_bytes and len(content) > self.max_file_bytes:
            raise Refusal(
                400,
                "",
                f"This file size ({len(content)} B) exceeds the size limit of {self.max_file_bytes} B.",
            )
        dataset.is_draft = True
        is_ingested = str(wanted.get("tabIngest", "true")).lower() != "false"
        added = [
            self._stored(dataset, folder, *file) for file in _taken(name, content, is_ingested=is_ingested)
        ]
        dataset.files += added
        return _ok(200, {"files": [_shown(file) for file in added]})

    def _stored(self, dataset: Dataset, folder: str, name: str, content: bytes) -> File:
        taken = {file.label for file in dataset.files if file.folder == folder}
        stem, dot, ending = name.rpartition(".")
        label, number = name, 1
        while label in taken:
            label, number = f"{stem}-{number}{dot}{ending}", number + 1
        self._next += 1
        return File(self._next, label, folder, content)

    def _delete(self, number: int) -> Reply:
        for dataset in self.datasets.values():
            if any(file.id == number for file in dataset.files):
                dataset.files = [file for file in dataset.files if file.id != number]
                dataset.is_draft = True
                return _ok(200, {"message": "File deleted"})
        raise Refusal(404, "", f"File with ID {number} not found.")

    def _publish(self, dataset: Dataset, kind: str) -> Reply:
        if kind not in ("major", "minor"):
            raise Refusal(400, "", "Illegal 'type' parameter value")
        if not self.collections[dataset.collection]:
            host = f"its host dataverse ({dataset.collection}) has not been published"
            message = f"This dataset may not be published because {host}."
            raise Refusal(403, "", message)
        if not dataset.is_draft:
            raise Refusal(409, "", "Latest version of dataset is already released.")
        dataset.published.append(list(dataset.files))
        dataset.is_draft = False
        return _ok(200, {"persistentUrl": f"https://doi.org/{dataset.pid.removeprefix('doi:')}"})

    def _search(self, query: str) -> Reply:
        found = re.search(r'otherIdValue:"([^"]+)"', query)
        wanted = found[1] if found else None
        items = [
            {
                "type": "dataset",
                "global_id": each.pid,
                "versionState": "DRAFT" if each.is_draft else "RELEASED",
            }
            for each in self.datasets.values()
            if wanted is not None and wanted in json.dumps(each.version)
        ]
        return _ok(200, {"q": query, "total_count": len(items), "items": items})


def _taken(name: str, content: bytes, *, is_ingested: bool) -> Iterator[tuple[str, bytes]]:
    """The files that an upload becomes."""
    if zipfile.is_zipfile(io.BytesIO(content)) and name.endswith(".zip"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from ((member.rpartition("/")[2], archive.read(member)) for member in archive.namelist())
    elif is_ingested and name.endswith((".csv", ".xlsx")):
        yield f"{name.rpartition('.')[0]}.tab", content.replace(b",", b"\t")
    else:
        yield name, content


def _shown(file: File) -> dict[str, Any]:
    digest = hashlib.md5(file.content, usedforsecurity=False).hexdigest()
    stored = {
        "id": file.id,
        "filename": file.label,
        "filesize": len(file.content),
        "checksum": {"type": "MD5", "value": digest},
    }
    return {
        "label": file.label,
        **({"directoryLabel": file.folder} if file.folder else {}),
        "dataFile": stored,
    }


def _licensed(version: Mapping[str, Any]) -> dict[str, Any]:
    if "license" in version or version.get("termsOfUse"):
        return dict(version)
    return {**version, "license": dict(LICENCES[0])}


def _check(version: Mapping[str, Any]) -> None:
    """Refuse a version without the fields that the citation block requires, or with others than it knows."""
    named = {
        each["typeName"]: each
        for each in version.get("metadataBlocks", {}).get("citation", {}).get("fields", [])
    }
    for name, title in _REQUIRED.items():
        if not named.get(name, {}).get("value"):
            raise Refusal(400, "", f"Validation Failed: {title} is required.")
    for subject in named["subject"]["value"]:
        if subject not in _SUBJECTS:
            raise Refusal(400, "", f"Error parsing Json: Value '{subject}' does not exist in type 'subject'")
    for contact in named["datasetContact"]["value"]:
        if "@" not in contact.get("datasetContactEmail", {}).get("value", ""):
            raise Refusal(400, "", "Validation Failed: Point of Contact E-mail is not a valid email address.")
    for author in named["author"]["value"]:
        scheme = author.get("authorIdentifierScheme", {}).get("value")
        if scheme == "ORCID" and not is_orcid(author.get("authorIdentifier", {}).get("value", "")):
            raise Refusal(400, "", "Validation Failed: ORCID is not valid.")
    licence = version.get("license")
    if licence and licence.get("name") not in [each["name"] for each in LICENCES]:
        raise Refusal(400, "", f"Error parsing Json: Invalid license: {licence.get('name')}")


def _ok(status: int, data: Any) -> Reply:
    return json_reply(status, {"status": "OK", "data": data})


def _error(status: int, message: str) -> Reply:
    return json_reply(status, {"status": "ERROR", "message": message})
