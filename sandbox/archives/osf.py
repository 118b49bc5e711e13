"""A stand-in for OSF: the part of its API (version 2) and of WaterButler by which projects are made and filled.

https://developer.osf.io and https://waterbutler.readthedocs.io. As there, a new project is private, a second file of a
name is refused (its own address takes the next version), lists have pages, and only a public project gets a DOI.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.exchange import Refusal, Reply, Request, json_body, json_reply

MAX_FILE_BYTES = 5 * 2**30
_CATEGORIES = frozenset({"", "data", "project", "analysis", "other"})
_LICENCES = {
    "563c1cf88c5e4a3877f9e96a": "CC-By Attribution 4.0 International",
    "563c1cf88c5e4a3877f9e96c": "CC0 1.0 Universal",
}
_BY_PAGE = 10


@dataclass
class Entry:
    id: str
    name: str
    parent: str
    #: None: a folder.
    versions: list[bytes] | None


@dataclass
class Node:
    id: str
    attributes: dict[str, Any]
    licence: str | None = None
    doi: str | None = None
    entries: dict[str, Entry] = field(default_factory=dict)


class Osf:
    def __init__(self) -> None:
        self.base = ""
        self.nodes: dict[str, Node] = {}
        self._next = 0

    def is_known(self, request: Request, token: str) -> bool:
        return request.headers.get("authorization") == f"Bearer {token}"

    def unknown(self) -> Reply:
        return json_reply(401, {"errors": [{"detail": "User provided an invalid OAuth2 access token"}]})

    def refused(self, refusal: Refusal) -> Reply:
        if refusal.code == "waterbutler":
            return json_reply(refusal.status, {"code": refusal.status, "message": refusal.message})
        return json_reply(refusal.status, {"errors": [{"detail": refusal.message}]})

    def answer(self, request: Request) -> Reply:
        match request.path.strip("/").split("/"):
            case ["v2", "licenses"]:
                wanted = request.query.get("filter[name]", "").lower()
                found = [
                    {"id": id_, "type": "licenses"}
                    for id_, name in _LICENCES.items()
                    if wanted in name.lower()
                ]
                return _page(request, found, self.base)
            case ["v2", "users", "me", "nodes"]:
                wanted = request.query.get("filter[tags]", "")
                nodes = [
                    each
                    for each in self.nodes.values()
                    if any(wanted in tag for tag in each.attributes["tags"])
                ]
                return _page(request, [self._shown(node) for node in nodes], self.base)
            case ["v2", "nodes"] if request.method == "POST":
                return self._create(request)
            case ["v2", "nodes", id_, *rest]:
                return self._node(request, self._found(id_), rest)
            case ["v1", "resources", id_, "providers", "osfstorage", *rest]:
                return self._files(request, self._found(id_), rest[0] if rest else "")
        raise Refusal(404, "", "Not found.")

    def _found(self, id_: str) -> Node:
        if id_ not in self.nodes:
            raise Refusal(404, "", "Not found.")
        return self.nodes[id_]

    def _create(self, request: Request) -> Reply:
        node = Node(self._id(), {"public": False, "tags": [], "description": ""})
        self._change(node, _data(request))
        self.nodes[node.id] = node
        return json_reply(201, {"data": self._shown(node)})

    def _change(self, node: Node, data: dict[str, Any]) -> None:
        attributes = data.get("attributes", {})
        merged = {**node.attributes, **attributes}
        if not str(merged.get("title", "")).strip():
            raise Refusal(400, "", "This field may not be blank.")
        if len(merged["title"]) > 512:
            raise Refusal(400, "", "Title cannot exceed 512 characters.")
        if merged.get("category", "") not in _CATEGORIES:
            raise Refusal(400, "", f'"{merged["category"]}" is not a valid choice.')
        licence = data.get("relationships", {}).get("license", {}).get("data", {}).get("id")
        if licence is not None and licence not in _LICENCES:
            raise Refusal(404, "", "Unable to find specified license.")
        node.attributes, node.licence = merged, licence or node.licence

    def _node(self, request: Request, node: Node, rest: Sequence[str]) -> Reply:
        match request.method, rest:
            case "GET", []:
                return json_reply(200, {"data": self._shown(node)})
            case "PATCH", []:
                data = _data(request)
                if data.get("id") != node.id:
                    raise Refusal(409, "", "The id you used in the URL is not the id in the data.")
                self._change(node, data)
                return json_reply(200, {"data": self._shown(node)})
            case "GET", ["identifiers"]:
                return _page(request, [_identifier(node.doi)] if node.doi else [], self.base)
            case "POST", ["identifiers"]:
                if not node.attributes["public"]:
                    raise Refusal(403, "", "You do not have permission to perform this action.")
                if node.doi:
                    raise Refusal(400, "", "A DOI already exists for this resource.")
                node.doi = f"10.17605/OSF.IO/{node.id.upper()}"
                return json_reply(201, {"data": _identifier(node.doi)})
            case "GET", ["files"]:
                return _page(request, [self._provider(node)], self.base)
            case "GET", ["files", "osfstorage", *folder]:
                parent = folder[0] if folder else ""
                found = [each for each in node.entries.values() if each.parent == parent]
                return _page(request, [self._entry(node, each) for each in found], self.base)
        raise Refusal(405, "", f'Method "{request.method}" not allowed.')

    def _files(self, request: Request, node: Node, id_: str) -> Reply:
        if id_ and id_ not in node.entries:
            raise Refusal(404, "waterbutler", f"Could not retrieve file or directory /{id_}")
        entry = node.entries.get(id_)
        if request.method == "DELETE" and entry is not None:
            del node.entries[id_]
            return Reply(204)
        if request.method != "PUT":
            raise Refusal(405, "waterbutler", "Method Not Allowed")
        kind = request.query.get("kind", "file")
        if entry is not None and entry.versions is not None:
            self._refuse_too_large(request)
            entry.versions.append(request.body)
            return json_reply(200, {"data": self._entry(node, entry)})
        name = request.query.get("name", "")
        if not name or "/" in name:
            raise Refusal(400, "waterbutler", "Missing required parameter: name")
        if any(each.name == name and each.parent == id_ for each in node.entries.values()):
            message = f'Cannot complete action: file or folder "{name}" already exists in this location'
            raise Refusal(409, "waterbutler", message)
        self._refuse_too_large(request)
        new = Entry(self._id(), name, id_, [request.body] if kind == "file" else None)
        node.entries[new.id] = new
        return json_reply(201, {"data": self._entry(node, new)})

    @staticmethod
    def _refuse_too_large(request: Request) -> None:
        if len(request.body) > MAX_FILE_BYTES:
            raise Refusal(413, "waterbutler", "Request Entity Too Large")

    def _id(self) -> str:
        self._next += 1
        return f"n{self._next:04d}"

    def _shown(self, node: Node) -> dict[str, Any]:
        licence = {"license": {"data": {"type": "licenses", "id": node.licence}}} if node.licence else {}
        return {
            "id": node.id,
            "type": "nodes",
            "attributes": node.attributes,
            "relationships": licence,
            "links": {"html": f"{self.base}/{node.id}/"},
        }

    def _storage(self, node: Node) -> str:
        return f"{self.base}/v1/resources/{node.id}/providers/osfstorage/"

    def _provider(self, node: Node) -> dict[str, Any]:
        links = {"upload": self._storage(node), "new_folder": f"{self._storage(node)}?kind=folder"}
        return {
            "id": f"{node.id}:osfstorage",
            "attributes": {"name": "osfstorage", "kind": "folder"},
            "links": links,
        }

    def _entry(self, node: Node, entry: Entry) -> dict[str, Any]:
        own = f"{self._storage(node)}{entry.id}"
        attributes: dict[str, Any] = {"name": entry.name, "materialized_path": _path(node, entry)}
        if entry.versions is None:
            listing = {
                "links": {"related": {"href": f"{self.base}/v2/nodes/{node.id}/files/osfstorage/{entry.id}/"}}
            }
            return {
                "id": entry.id,
                "attributes": {**attributes, "kind": "folder"},
                "relationships": {"files": listing},
                "links": {"upload": f"{own}/", "new_folder": f"{own}/?kind=folder", "delete": f"{own}/"},
            }
        content = entry.versions[-1]
        digest = hashlib.sha256(content).hexdigest()
        hashes = {"md5": hashlib.md5(content, usedforsecurity=False).hexdigest(), "sha256": digest}
        return {
            "id": entry.id,
            "attributes": {**attributes, "kind": "file", "size": len(content), "extra": {"hashes": hashes}},
            "links": {"upload": own, "delete": own, "download": own},
        }


def _path(node: Node, entry: Entry) -> str:
    above = _path(node, node.entries[entry.parent]) if entry.parent else "/"
    return f"{above}{entry.name}" + ("/" if entry.versions is None else "")


def _data(request: Request) -> dict[str, Any]:
    data = (json_body(request) or {}).get("data")
    if not isinstance(data, dict) or "type" not in data:
        raise Refusal(400, "", "Request must include /data/type.")
    return data


def _identifier(doi: str) -> dict[str, Any]:
    return {"type": "identifiers", "attributes": {"category": "doi", "value": doi}}


def _page(request: Request, entries: Sequence[dict[str, Any]], base: str) -> Reply:
    """Ten at a time, or as many as are asked for, at most 100; and the address of the next ones."""
    size = min(100, int(request.query.get("page[size]", _BY_PAGE)))
    number = int(request.query.get("page", 1))
    more = number * size < len(entries)
    following = f"{base}{request.path}?page={number + 1}&page%5Bsize%5D={size}" if more else None
    return json_reply(
        200, {"data": entries[(number - 1) * size : number * size], "links": {"next": following}}
    )
