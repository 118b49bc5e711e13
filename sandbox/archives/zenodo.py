"""A stand-in for Zenodo: the part of InvenioRDM's REST API by which records are drafted, filled and published.

https://inveniordm.docs.cern.ch/reference/rest_api_drafts_records/. As there, a draft with wrong metadata is kept, and
its answer lists the errors; publishing it is what fails. A published record's files cannot be changed.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from sandbox.archives.orcid import is_orcid
from sandbox.exchange import Refusal, Reply, Request, json_body, json_reply

MAX_FILES = 100
MAX_BYTES = 50 * 10**9
#: Some of the vocabulary: ids are those of SPDX in small letters.
LICENCES = frozenset({"cc-by-4.0", "cc-by-sa-4.0", "cc0-1.0", "mit", "odbl-1.0"})
RELATIONS = frozenset(
    {"references", "iscompiledby", "isderivedfrom", "cites", "issupplementto", "isdescribedby"}
)
_DAY = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


@dataclass
class Record:
    id: str
    parent: str
    content: dict[str, Any]
    doi: str | None = None
    is_published: bool = False
    #: By key; None while the content has not been committed.
    files: dict[str, bytes | None] = field(default_factory=dict)
    #: What was sent and not committed.
    sent: dict[str, bytes] = field(default_factory=dict)


class Zenodo:
    def __init__(self) -> None:
        self.base = ""
        self.records: dict[str, Record] = {}
        self._next = 1000

    def is_known(self, request: Request, token: str) -> bool:
        return request.headers.get("authorization") == f"Bearer {token}"

    def unknown(self) -> Reply:
        return json_reply(403, {"status": 403, "message": "Permission denied."})

    def refused(self, refusal: Refusal) -> Reply:
        errors = {"errors": refusal.param} if refusal.param else {}
        return json_reply(refusal.status, {"status": refusal.status, "message": refusal.message, **errors})

    def answer(self, request: Request) -> Reply:
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        if parts == ["api", "records"] and request.method == "POST":
            return json_reply(201, self._shown(self._new(json_body(request) or {})))
        if parts == ["api", "user", "records"] and request.method == "GET":
            return self._search(request.query.get("q", ""))
        if parts[:2] != ["api", "records"] or len(parts) < 3:
            raise Refusal(404, "", "The requested URL was not found on the server.")
        record = self.records.get(parts[2])
        if record is None:
            raise Refusal(404, "", "The persistent identifier does not exist.")
        if parts[3:4] == ["draft"]:
            if record.is_published:
                raise Refusal(404, "", "No draft found for this record.")
            return self._draft(request, record, parts[4:])
        if not record.is_published and parts[3:] != ["versions"]:
            raise Refusal(404, "", "The persistent identifier is not registered.")
        return self._record(request, record, parts[3:])

    def _record(self, request: Request, record: Record, rest: list[str]) -> Reply:
        if request.method == "GET" and not rest:
            return json_reply(200, self._shown(record))
        if request.method == "GET" and rest == ["files"]:
            return json_reply(
                200, {"enabled": True, "entries": [_entry(record, key) for key in record.files]}
            )
        if request.method == "POST" and rest == ["versions"]:
            drafts = (each for each in self.records.values() if each.parent == record.parent)
            open_one = next((each for each in drafts if not each.is_published), None)
            return json_reply(201, self._shown(open_one or self._version(record)))
        raise Refusal(405, "", "The method is not allowed for the requested URL.")

    def _draft(self, request: Request, record: Record, rest: list[str]) -> Reply:
        match request.method, rest:
            case "GET", []:
                return json_reply(200, self._shown(record))
            case "PUT", []:
                record.content = json_body(request) or {}
                return json_reply(200, self._shown(record))
            case "POST", ["pids", "doi"]:
                if record.doi:
                    raise Refusal(400, "", "A PID already exists for type doi")
                record.doi = f"10.5072/zenodo.{record.id}"
                return json_reply(201, self._shown(record))
            case "POST", ["actions", "publish"]:
                return self._publish(record)
            case _, ["files", *names]:
                return self._files(request, record, names)
        raise Refusal(405, "", "The method is not allowed for the requested URL.")

    def _files(self, request: Request, record: Record, names: list[str]) -> Reply:
        if not names:
            if request.method == "POST":
                self._start(request, record)
            entries = [_entry(record, key) for key in record.files]
            return json_reply(201 if request.method == "POST" else 200, {"enabled": True, "entries": entries})
        key = names[0]
        if "/" in key or key not in record.files:
            raise Refusal(404, "", f'File with key "{key}" has not been found.')
        match request.method, names[1:]:
            case "PUT", ["content"]:
                if record.files[key] is not None:
                    raise Refusal(400, "", f"File {key} is already committed.")
                record.sent[key] = request.body
            case "POST", ["commit"]:
                if key not in record.sent:
                    raise Refusal(400, "", f"No content was uploaded for {key}.")
                record.files[key] = record.sent.pop(key)
            case "DELETE", []:
                del record.files[key]
                record.sent.pop(key, None)
                return Reply(204)
            case _:
                raise Refusal(405, "", "The method is not allowed for the requested URL.")
        return json_reply(200, _entry(record, key))

    def _start(self, request: Request, record: Record) -> None:
        for entry in json.loads(request.body):
            key = str(entry["key"])
            if "/" in key:
                raise Refusal(400, "", f"The key {key} has a slash.")
            if key in record.files:
                raise Refusal(400, "", f"File with key {key} already exists.")
            if len(record.files) == MAX_FILES:
                raise Refusal(
                    400, "", f"Uploading selected files will result in more than {MAX_FILES} files."
                )
            record.files[key] = None

    def _publish(self, record: Record) -> Reply:
        errors = _errors(record.content)
        if not record.files:
            errors.append({"field": "files.enabled", "messages": ["Missing uploaded files."]})
        if any(content is None for content in record.files.values()):
            errors.append(
                {"field": "files", "messages": ["One or more files have not completed their transfer."]}
            )
        if errors:
            return json_reply(
                400, {"status": 400, "message": "A validation error occurred.", "errors": errors}
            )
        record.is_published = True
        record.doi = record.doi or f"10.5072/zenodo.{record.id}"
        return json_reply(202, self._shown(record))

    def _search(self, query: str) -> Reply:
        found = re.search(r'identifiers\.identifier:"([^"]+)"', query)
        wanted = found[1] if found else None
        hits = [self._shown(each) for each in self.records.values() if wanted in _identifiers(each.content)]
        return json_reply(200, {"hits": {"hits": hits, "total": len(hits)}})

    def _new(self, content: dict[str, Any]) -> Record:
        self._next += 1
        record = Record(str(self._next), f"p{self._next}", content)
        self.records[record.id] = record
        return record

    def _version(self, record: Record) -> Record:
        """A draft without files, and without the day and version of the one before."""
        metadata = {
            name: value
            for name, value in record.content["metadata"].items()
            if name not in ("version", "publication_date")
        }
        new = self._new({**record.content, "metadata": metadata, "pids": {}})
        new.parent = record.parent
        return new

    def _shown(self, record: Record) -> dict[str, Any]:
        place = "records" if record.is_published else "uploads"
        errors = [] if record.is_published else _errors(record.content)
        pids = {"doi": {"identifier": record.doi, "provider": "datacite"}} if record.doi else {}
        return {
            **record.content,
            "id": record.id,
            "parent": {"id": record.parent},
            "pids": pids,
            "is_published": record.is_published,
            "is_draft": not record.is_published,
            "links": {"self_html": f"{self.base}/{place}/{record.id}"},
            **({"errors": errors} if errors else {}),
        }


def _entry(record: Record, key: str) -> dict[str, Any]:
    content = record.files[key]
    if content is None:
        return {"key": key, "status": "pending"}
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return {"key": key, "status": "completed", "size": len(content), "checksum": f"md5:{digest}"}


def _identifiers(content: Mapping[str, Any]) -> list[str]:
    return [each["identifier"] for each in content.get("metadata", {}).get("identifiers", [])]


def _errors(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"field": f"metadata.{name}", "messages": [text]}
        for name, text in _wrong(content.get("metadata", {}))
    ]


def _wrong(metadata: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name in ("title", "publication_date", "creators", "resource_type"):
        if not metadata.get(name):
            yield name, "Missing data for required field."
    if len(str(metadata.get("title", "xxx"))) < 3:
        yield "title", "Shorter than minimum length 3."
    if not _DAY.fullmatch(str(metadata.get("publication_date", "2026"))):
        yield "publication_date", "Please provide a valid date or interval."
    for place, creator in enumerate(metadata.get("creators", [])):
        yield from _wrong_creator(f"creators.{place}.person_or_org", creator.get("person_or_org", {}))
    for right in metadata.get("rights", []):
        if right.get("id") not in LICENCES:
            yield "rights", f"Invalid value {right.get('id')}."
    for each in metadata.get("related_identifiers", []):
        if each.get("relation_type", {}).get("id") not in RELATIONS:
            yield "related_identifiers", "Invalid relation type."


def _wrong_creator(field_: str, person: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if person.get("type") == "personal" and not person.get("family_name"):
        yield f"{field_}.family_name", "Family name must be filled."
    if person.get("type") == "organizational" and not person.get("name"):
        yield f"{field_}.name", "Name cannot be blank."
    for identifier in person.get("identifiers", []):
        if identifier["scheme"] == "orcid" and not is_orcid(identifier["identifier"]):
            yield f"{field_}.identifiers", "Invalid ORCID identifier."
