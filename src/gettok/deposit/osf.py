"""The Open Science Framework, by its API (version 2) and WaterButler, which stores its files.

https://developer.osf.io and https://waterbutler.readthedocs.io. Its client library, osfclient, has had no release since
2021, makes no projects, and repeats nothing: these requests are our own.

A draft is a private project. To publish it makes it public and mints a DOI. Its people are accounts of OSF, which only
they can accept, so the authors are named in the description.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests

from gettok.deposit.archive import ArchiveLimits, BundleFile, CountedFile, Draft, OnBytes, Stored
from gettok.deposit.connection import ConnectedArchive
from gettok.deposit.description import ReleaseDescription
from gettok.errors import BadInput
from gettok.http.json_guards import to_mapping, to_mappings, to_text, to_texts
from gettok.step import Json

#: Binary gigabytes, of https://help.osf.io/article/386-project-storage: of a file, and of a private project.
_LIMITS = ArchiveLimits(max_files=None, max_file_bytes=5 * 2**30, max_total_bytes=5 * 2**30)
_ADVICE = "make a token with the scope osf.full_write (OSF: Settings, Personal access tokens), and `export OSF_TOKEN=…`"
_STORAGE = "osfstorage"
#: OSF's own names for the licences that it knows and that need no more than a name.
_LICENCES = {"CC-BY-4.0": "CC-By Attribution 4.0 International", "CC0-1.0": "CC0 1.0 Universal"}


class Osf(ConnectedArchive):
    name = "OSF"
    advice = _ADVICE
    limits = _LIMITS
    has_versions = False
    mints_dois = True
    publishing = "the project becomes public and gets a DOI; others may keep copies of it"

    def metadata(self, about: ReleaseDescription, marker: str) -> dict[str, Json]:
        authors = "; ".join(
            f"{each.name} (https://orcid.org/{each.orcid})" if each.orcid else each.name
            for each in about.authors
        )
        related = ", ".join(each.url for each in about.related)
        parts = (
            *about.paragraphs,
            f"Authors: {authors}. Version {about.version}, {about.published}.",
            f"Licence: {about.licence}, https://spdx.org/licenses/{about.licence}.html",
            f"See also: {related}" if related else "",
        )
        attributes = {
            "title": about.title,
            "category": "data",
            "description": "\n\n".join(filter(None, parts)),
            "tags": [*about.keywords, marker],
        }
        known = _LICENCES.get(about.licence or "")
        licence = {"relationships": {"license": {"data": {"type": "licenses", "id": known}}}} if known else {}
        return {"data": {"type": "nodes", "attributes": attributes, **licence}}

    def prepare(self, files: Path, metadata: Mapping[str, Json]) -> Mapping[str, Json]:  # noqa: ARG002
        """Nothing: OSF takes the files as they are."""
        return metadata

    def find(self, marker: str) -> str | None:
        found = self._http("GET", "/v2/users/me/nodes/", params={"filter[tags]": marker}).json()
        # the filter finds tags that contain the word, too
        ids = (
            str(node["id"])
            for node in to_mappings(to_mapping(found).get("data"))
            if marker in (to_texts(to_mapping(node.get("attributes")).get("tags")))
        )
        return next(ids, None)

    def look(self, id_: str) -> Draft | None:
        answer = self._http("GET", f"/v2/nodes/{id_}/", accepted=(404, 410))
        if answer.status_code in (404, 410):
            return None
        node = to_mapping(to_mapping(answer.json()).get("data"))
        is_public = bool(to_mapping(node.get("attributes")).get("public"))
        page = to_text(to_mapping(node.get("links")).get("html")) or f"{self.url}/{id_}"
        return Draft(id_, page, self._doi(id_) if is_public else None, is_public)

    def create(self, metadata: Mapping[str, Json], marker: str, previous: str | None) -> Draft:
        if previous is not None:
            return Draft(previous, f"{self.url}/{previous}")
        content = self._with_known_licence(metadata, public=False)
        answer = self._http("POST", "/v2/nodes/", json=content, settle=lambda: self._settled(marker)).json()
        node = to_mapping(to_mapping(answer).get("data"))
        return self.look(str(node["id"])) or Draft(str(node["id"]), f"{self.url}/{node['id']}")

    def update(self, draft: Draft, metadata: Mapping[str, Json]) -> None:
        content = self._with_known_licence(metadata)
        content["data"]["id"] = draft.id
        self._http("PATCH", f"/v2/nodes/{draft.id}/", json=content)

    def files(self, draft: Draft) -> Mapping[str, Stored]:
        return {
            name: Stored("sha256", each.sha256)
            for name, each in self._entries(draft).items()
            if not each.is_folder
        }

    def upload(self, draft: Draft, file: BundleFile, on_bytes: OnBytes) -> None:
        with CountedFile(file.path, on_bytes) as opened:
            # 409: a lost answer said that it is there; it then gets these bytes as its next version
            for _ in range(2):
                address = self._address(draft, file.name)
                if self._http("PUT", address, data=opened.again, accepted=(409,)).status_code != 409:
                    return
            raise BadInput(
                f"OSF says that {file.name} is there, and does not list it",
                "kept the draft and the files that it has",
                f"look at {draft.page}, remove the file, and run the same command again",
            )

    def remove(self, draft: Draft, name: str) -> None:
        self._http("DELETE", self._entries(draft)[name].delete, accepted=(404,))

    def commit(self, draft: Draft) -> None:
        """Nothing: each file is in the project."""

    def publish(self, draft: Draft) -> Draft:
        public = {"data": {"type": "nodes", "id": draft.id, "attributes": {"public": True}}}
        self._http("PATCH", f"/v2/nodes/{draft.id}/", json=public)
        if self._doi(draft.id) is None:
            wanted = {"data": {"type": "identifiers", "attributes": {"category": "doi"}}}
            # 400: it has one by now
            self._http("POST", f"/v2/nodes/{draft.id}/identifiers/", json=wanted, accepted=(400,))
        return self.look(draft.id) or draft

    def _doi(self, id_: str) -> str | None:
        found = to_mappings(to_mapping(self._http("GET", f"/v2/nodes/{id_}/identifiers/").json()).get("data"))
        attributes = [to_mapping(each.get("attributes")) for each in found]
        return next(
            (to_text(each.get("value")) for each in attributes if each.get("category") == "doi"), None
        )

    def _settled(self, marker: str) -> requests.Response | None:
        found = self.find(marker)
        return self._http("GET", f"/v2/nodes/{found}/") if found else None

    def _with_known_licence(self, metadata: Mapping[str, Json], **attributes: Json) -> dict[str, Any]:
        """The metadata with OSF's id of the licence in place of its name."""
        data = dict(to_mapping(metadata["data"]))
        data["attributes"] = {**to_mapping(data["attributes"]), **attributes}
        if relationships := to_mapping(data.pop("relationships", None)):
            name = str(to_mapping(to_mapping(relationships["license"])["data"])["id"])
            found = to_mapping(self._http("GET", "/v2/licenses/", params={"filter[name]": name}).json())
            if known := to_mappings(found.get("data")):
                data["relationships"] = {"license": {"data": {"type": "licenses", "id": known[0]["id"]}}}
        return {"data": data}

    def _address(self, draft: Draft, name: str) -> str:
        """Where a file is uploaded: over one of this name, or into its folder, which is made if it is missing."""
        entries = self._entries(draft)
        if name in entries:
            return f"{entries[name].upload}?kind=file"
        folder, _, last = name.rpartition("/")
        return f"{self._folder(draft, folder, entries).upload}?{urlencode({'kind': 'file', 'name': last})}"

    def _folder(self, draft: Draft, name: str, entries: Mapping[str, "_Entry"]) -> "_Entry":
        if name in entries:
            return entries[name]
        parent, _, last = name.rpartition("/")
        within = self._folder(draft, parent, entries)
        self._http("PUT", f"{within.upload}?{urlencode({'kind': 'folder', 'name': last})}", accepted=(409,))
        return self._entries(draft)[name]

    def _entries(self, draft: Draft) -> dict[str, "_Entry"]:
        """The files and folders of a project, by name; its storage has the empty name."""
        providers = self._pages(f"/v2/nodes/{draft.id}/files/")
        storage = next(
            _Entry.of(each) for each in providers if to_mapping(each["attributes"]).get("name") == _STORAGE
        )
        found = {"": storage}
        folders = [f"/v2/nodes/{draft.id}/files/{_STORAGE}/"]
        while folders:
            for content in self._pages(folders.pop()):
                entry = _Entry.of(content)
                found[str(to_mapping(content["attributes"]).get("materialized_path")).strip("/")] = entry
                if entry.is_folder:
                    folders.append(entry.listing)
        return found

    def _pages(self, address: str) -> Iterator[dict[str, Json]]:
        options: dict[str, Any] = {"params": {"page[size]": "100"}}
        while address:
            page = to_mapping(self._http("GET", address, **options).json())
            yield from to_mappings(page.get("data"))
            address, options = to_text(to_mapping(page.get("links")).get("next")) or "", {}


@dataclass(frozen=True)
class _Entry:
    """A file or folder of a project, with the addresses that OSF names for it."""

    is_folder: bool
    sha256: str
    upload: str
    delete: str
    listing: str

    @staticmethod
    def of(content: Mapping[str, Json]) -> "_Entry":
        attributes, links = to_mapping(content.get("attributes")), to_mapping(content.get("links"))
        hashes = to_mapping(to_mapping(attributes.get("extra")).get("hashes"))
        files = to_mapping(to_mapping(content.get("relationships")).get("files"))
        listing = to_mapping(to_mapping(files.get("links")).get("related"))
        return _Entry(
            is_folder=attributes.get("kind") == "folder",
            sha256=str(hashes.get("sha256")),
            upload=str(links.get("upload")),
            delete=str(links.get("delete")),
            listing=str(listing.get("href")),
        )
