"""Zenodo, and other servers of InvenioRDM, by the REST API that they document.

https://inveniordm.docs.cern.ch/reference/rest_api_drafts_records/ and https://developers.zenodo.org. No client library
would do: zenodo-client puts the token into each address, which errors print, and knows no server but zenodo.org and its
sandbox; inveniordm-py has had no release since 2024, and keeps no time limit.
"""

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from gettok.deposit.archive import ArchiveLimits, BundleFile, CountedFile, Draft, OnBytes, Stored
from gettok.deposit.connection import ConnectedArchive
from gettok.deposit.description import Person, Related, ReleaseDescription
from gettok.errors import BadInput
from gettok.http.json_guards import to_mapping, to_mappings, to_text, to_texts
from gettok.release.metadata.schema_org import stated
from gettok.step import Json

#: Decimal gigabytes, as https://help.zenodo.org/docs/deposit/manage-files/ gives them.
_LIMITS = ArchiveLimits(
    max_files=100, max_file_bytes=50 * 10**9, max_total_bytes=50 * 10**9, has_folders=False
)
_ADVICE = (
    "make a token with the rights deposit:write and deposit:actions (Zenodo: Account, Applications, Personal access "
    "tokens; the sandbox has tokens of its own), and `export ZENODO_TOKEN=…`"
)


class Zenodo(ConnectedArchive):
    name = "Zenodo"
    advice = _ADVICE
    limits = _LIMITS
    has_versions = True
    mints_dois = True
    publishing = "it gets a DOI, its files can no longer be changed, and it cannot be deleted"

    def metadata(self, about: ReleaseDescription, marker: str) -> dict[str, Json]:
        licence = (about.licence or "").lower()
        return {
            "access": {"record": "public", "files": "public"},
            "files": {"enabled": True},
            "metadata": stated(
                {
                    "resource_type": {"id": "dataset"},
                    "title": about.title,
                    "description": "".join(f"<p>{html.escape(text)}</p>" for text in about.paragraphs),
                    "creators": [_creator(author) for author in about.authors],
                    "publication_date": about.published,
                    "publisher": self.name,
                    "version": about.version,
                    "rights": [{"id": licence}],
                    "subjects": [{"subject": keyword} for keyword in about.keywords],
                    "identifiers": [{"scheme": "other", "identifier": marker}],
                    "related_identifiers": [_related(each) for each in about.related],
                    "funding": [
                        {
                            "funder": {"name": grant.funder},
                            **(
                                {"award": {"number": grant.number, "title": {"en": grant.number}}}
                                if grant.number
                                else {}
                            ),
                        }
                        for grant in about.funding
                    ],
                }
            ),
        }

    def prepare(self, files: Path, metadata: Mapping[str, Json]) -> Mapping[str, Json]:  # noqa: ARG002
        """Nothing: Zenodo takes the files as they are."""
        return metadata

    def find(self, marker: str) -> str | None:
        query = {"q": f'metadata.identifiers.identifier:"{marker}" AND is_published:false', "size": "1"}
        found = self._http("GET", "/api/user/records", params=query).json()
        hits = to_mappings(to_mapping(to_mapping(found).get("hits")).get("hits"))
        return next((str(hit["id"]) for hit in hits if not hit.get("is_published")), None)

    def look(self, id_: str) -> Draft | None:
        """A published record, a draft, or neither."""
        for address in (f"/api/records/{id_}/draft", f"/api/records/{id_}"):
            answer = self._http("GET", address, accepted=(404, 410))
            if answer.status_code == 200:
                record = to_mapping(answer.json())
                # a published record that a person edits has a draft, too, whose files cannot be changed
                if not (record.get("is_draft") and record.get("is_published")):
                    return _draft(record, self.url)
        return None

    def create(self, metadata: Mapping[str, Json], marker: str, previous: str | None) -> Draft:
        if previous is not None:
            # asked for twice, it gives back the same draft
            return _draft(self._http("POST", f"/api/records/{previous}/versions").json(), self.url)
        answer = self._http("POST", "/api/records", json=metadata, settle=lambda: self._settled(marker))
        return _draft(answer.json(), self.url)

    def update(self, draft: Draft, metadata: Mapping[str, Json]) -> None:
        """Send it, and reserve a DOI: the files can then name the DOI under which they will be found."""
        address = f"/api/records/{draft.id}/draft"
        current = to_mapping(self._http("GET", address).json())
        sent = {**metadata, "pids": to_mapping(current.get("pids"))}
        answer = to_mapping(self._http("PUT", address, json=sent).json())
        # the draft is kept although these are wrong, and only publishing would fail
        if errors := [_error(each) for each in to_mappings(answer.get("errors"))]:
            raise BadInput(
                f"{self.name} refuses the metadata: {'; '.join(errors)}",
                "kept the draft, without files",
                "correct what the message names in conf/citation/, make the release again, and run the same command",
            )
        if not to_mapping(to_mapping(answer.get("pids")).get("doi")).get("identifier"):
            self._http("POST", f"{address}/pids/doi", accepted=(400,))  # 400: it has one by now

    def files(self, draft: Draft) -> Mapping[str, Stored]:
        suffix = "" if draft.is_published else "/draft"
        answer = self._http("GET", f"/api/records/{draft.id}{suffix}/files").json()
        return {
            str(entry["key"]): Stored(*str(entry["checksum"]).split(":", 1))
            for entry in to_mappings(to_mapping(answer).get("entries"))
            if entry.get("status") == "completed" and entry.get("checksum")
        } | {
            # started by a run that was killed: it is there, and has no bytes that could be compared
            str(entry["key"]): Stored("md5", "incomplete")
            for entry in to_mappings(to_mapping(answer).get("entries"))
            if entry.get("status") != "completed"
        }

    def upload(self, draft: Draft, file: BundleFile, on_bytes: OnBytes) -> None:
        if file.name in self.files(draft):
            self.remove(draft, file.name)
        files = f"/api/records/{draft.id}/draft/files"
        one = f"{files}/{quote(file.name)}"
        # 400: a lost answer said that it is started
        self._http("POST", files, json=[{"key": file.name}], accepted=(400,))
        with CountedFile(file.path, on_bytes) as opened:
            self._http(
                "PUT",
                f"{one}/content",
                data=opened.again,
                headers={"Content-Type": "application/octet-stream"},
            )
        self._http("POST", f"{one}/commit")

    def remove(self, draft: Draft, name: str) -> None:
        self._http("DELETE", f"/api/records/{draft.id}/draft/files/{quote(name)}", accepted=(404,))

    def commit(self, draft: Draft) -> None:
        """Nothing: each file has been committed."""

    def publish(self, draft: Draft) -> Draft:
        self._http(
            "POST",
            f"/api/records/{draft.id}/draft/actions/publish",
            settle=lambda: self._published(draft.id),
        )
        return self.look(draft.id) or draft

    def _settled(self, marker: str) -> requests.Response | None:
        """The draft that a request made whose answer was lost."""
        found = self.find(marker)
        return self._http("GET", f"/api/records/{found}/draft") if found else None

    def _published(self, id_: str) -> requests.Response | None:
        answer = self._http("GET", f"/api/records/{id_}", accepted=(404,))
        return answer if answer.status_code == 200 else None


def _draft(content: Json, url: str) -> Draft:
    record = to_mapping(content)
    is_published = bool(record.get("is_published")) and not record.get("is_draft")
    place = "records" if is_published else "uploads"
    doi = to_text(to_mapping(to_mapping(record.get("pids")).get("doi")).get("identifier"))
    links = to_mapping(record.get("links"))
    page = to_text(links.get("self_html")) or f"{url}/{place}/{record['id']}"
    return Draft(str(record["id"]), page, doi, is_published)


def _creator(author: Person) -> dict[str, Any]:
    kind = "personal" if author.given else "organizational"
    names = (
        {"given_name": author.given, "family_name": author.family}
        if author.given
        else {"name": author.family}
    )
    return stated(
        {
            "person_or_org": stated(
                {
                    "type": kind,
                    **names,
                    "identifiers": [{"scheme": "orcid", "identifier": author.orcid}]
                    if author.orcid
                    else None,
                }
            ),
            "affiliations": [{"name": author.affiliation}] if author.affiliation else None,
        }
    )


def _related(each: Related) -> dict[str, Any]:
    return {
        "identifier": each.url,
        "scheme": "url",
        "relation_type": {"id": each.relation.lower()},
    }


def _error(error: Mapping[str, Json]) -> str:
    return f"{error.get('field')}: {' '.join(to_texts(error.get('messages')))}"
