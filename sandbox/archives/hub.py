"""A stand-in for the Hugging Face Hub: the part of its API by which datasets are written, and read again.

https://huggingface.co/docs/hub/api, and the protocol of Git LFS for large files. As there, a commit is all or nothing,
a repository is made with a `.gitattributes`, the card at the top of README.md is checked, and the content of a large
file that is there is not asked for again.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import yaml

from sandbox.exchange import Refusal, Reply, Request, json_body, json_reply

#: A file with this ending, or larger than this, is a large one.
_LARGE = (".parquet", ".xlsx", ".zip")
_LARGE_BYTES = 10 * 2**20
_ATTRIBUTES = b"*.parquet filter=lfs diff=lfs merge=lfs -text\n"
#: Some of the Hub's words for licences.
LICENCES = frozenset({"cc-by-4.0", "cc-by-sa-4.0", "cc0-1.0", "mit", "odc-by", "other"})


@dataclass
class Repository:
    name: str
    is_private: bool
    #: The commits, the newest last, each with all files; large ones by their SHA-256.
    commits: list[dict[str, "Blob"]] = field(default_factory=list)

    @property
    def head(self) -> str:
        """The id of the last commit, which depends on all content as in Git: clients keep files by it."""
        history = [sorted((name, blob.git_id) for name, blob in commit.items()) for commit in self.commits]
        return hashlib.sha1(repr([self.name, history]).encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Blob:
    content: bytes
    is_large: bool

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def git_id(self) -> str:
        pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.sha256}\nsize {len(self.content)}\n"
        stored = pointer.encode() if self.is_large else self.content
        return hashlib.sha1(b"blob %d\0" % len(stored) + stored, usedforsecurity=False).hexdigest()


class Hub:
    def __init__(self) -> None:
        self.base = ""
        self.repositories: dict[str, Repository] = {}
        self.large: dict[str, bytes] = {}

    def is_known(self, request: Request, token: str) -> bool:
        # the address of an upload is signed, and public repositories are read without a token
        if request.path.startswith("/lfs/") or request.headers.get("authorization") == f"Bearer {token}":
            return True
        name = self._name(request.path)
        is_public = name in self.repositories and not self.repositories[name].is_private
        return is_public and request.method in ("GET", "HEAD") and "authorization" not in request.headers

    def unknown(self) -> Reply:
        return json_reply(401, {"error": "Invalid username or password."})

    def refused(self, refusal: Refusal) -> Reply:
        headers = (
            (("X-Error-Code", refusal.code), ("X-Error-Message", refusal.message)) if refusal.code else ()
        )
        return json_reply(refusal.status, {"error": refusal.message}, headers)

    def answer(self, request: Request) -> Reply:
        path = unquote(request.path).strip("/")
        match request.method, path.split("/"):
            case "POST", ["api", "repos", "create"]:
                return self._create(json_body(request) or {})
            case "POST", ["api", "validate-yaml"]:
                return _validated(json_body(request) or {})
            case "PUT", ["lfs", oid]:
                if hashlib.sha256(request.body).hexdigest() != oid:
                    raise Refusal(400, "", "The content does not have this SHA-256.")
                self.large[oid] = request.body
                return Reply(200)
            case "POST", ["datasets", owner, name, "info", "lfs", "objects", "batch"]:
                self._found(f"{owner}/{name.removesuffix('.git')}")
                return self._batch(json_body(request) or {})
            case "GET" | "HEAD", ["datasets", owner, name, "resolve", revision, *file]:
                return self._resolve(request, self._found(f"{owner}/{name}"), revision, "/".join(file))
            case _, ["api", "datasets", owner, name, *rest]:
                return self._dataset(request, self._found(f"{owner}/{name}"), rest)
        raise Refusal(404, "RepoNotFound", "Repository not found")

    def _name(self, path: str) -> str:
        found = re.match(r"/(?:api/)?datasets/([^/]+/[^/]+)", path)
        return found[1] if found else ""

    def _found(self, name: str) -> Repository:
        if name not in self.repositories:
            raise Refusal(404, "RepoNotFound", "Repository not found")
        return self.repositories[name]

    def _create(self, wanted: Mapping[str, Any]) -> Reply:
        name = f"{wanted.get('organization')}/{wanted.get('name')}"
        if wanted.get("type") != "dataset":
            raise Refusal(400, "", "Only datasets are served here.")
        if name in self.repositories:
            raise Refusal(409, "", "You already created this dataset repo")
        attributes = {".gitattributes": Blob(_ATTRIBUTES, is_large=False)}
        self.repositories[name] = Repository(name, bool(wanted.get("private")), [attributes])
        return json_reply(200, {"url": f"{self.base}/datasets/{name}", "name": name})

    def _dataset(self, request: Request, repository: Repository, rest: list[str]) -> Reply:
        match request.method, rest:
            case "GET", [] | ["revision", _]:
                return json_reply(200, self._info(repository))
            case "GET", ["tree", _, *folder]:
                return json_reply(200, _tree(repository.commits[-1], "/".join(folder)))
            case "POST", ["paths-info", _]:
                paths = _paths(request)
                entries = _tree(repository.commits[-1], "", deep=True)
                return json_reply(200, [entry for entry in entries if entry["path"] in paths])
            case "POST", ["preupload", _]:
                files = (json_body(request) or {}).get("files", [])
                return json_reply(200, {"files": [_mode(repository, file) for file in files]})
            case "POST", ["commit", _]:
                return self._commit(request, repository)
            case "PUT", ["settings"]:
                wanted = json_body(request) or {}
                repository.is_private = wanted.get("private", repository.is_private)
                return json_reply(200, {"private": repository.is_private})
        raise Refusal(404, "", "Not found")

    def _info(self, repository: Repository) -> dict[str, Any]:
        card = _card(repository.commits[-1].get("README.md"))
        return {
            "id": repository.name,
            "sha": repository.head,
            "private": repository.is_private,
            "tags": list(card.get("tags", [])),
            "siblings": [{"rfilename": name} for name in sorted(repository.commits[-1])],
            "cardData": card,
        }

    def _batch(self, wanted: Mapping[str, Any]) -> Reply:
        objects = []
        for each in wanted["objects"]:
            upload = {"upload": {"href": f"{self.base}/lfs/{each['oid']}"}}
            actions = {} if each["oid"] in self.large else {"actions": upload}
            objects.append({"oid": each["oid"], "size": each["size"], **actions})
        return json_reply(200, {"transfer": "basic", "objects": objects})

    def _commit(self, request: Request, repository: Repository) -> Reply:
        files = dict(repository.commits[-1])
        for line in request.body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            match entry["key"]:
                case "file":
                    files[value["path"]] = Blob(base64.b64decode(value["content"]), is_large=False)
                case "lfsFile":
                    if value["oid"] not in self.large:
                        raise Refusal(
                            400, "", f"LFS pointer pointed to a file that does not exist: {value['path']}"
                        )
                    files[value["path"]] = Blob(self.large[value["oid"]], is_large=True)
                case "deletedFile":
                    if files.pop(value["path"], None) is None:
                        raise Refusal(404, "EntryNotFound", "A file with this name doesn't exist")
        repository.commits.append(files)
        url = f"{self.base}/datasets/{repository.name}/commit/{repository.head}"
        return json_reply(200, {"commitUrl": url, "commitOid": repository.head, "success": True})

    def _resolve(self, request: Request, repository: Repository, revision: str, name: str) -> Reply:
        if revision not in ("main", repository.head):
            raise Refusal(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        blob = repository.commits[-1].get(name)
        if blob is None:
            raise Refusal(404, "EntryNotFound", "Entry not found")
        etag = blob.sha256 if blob.is_large else blob.git_id
        headers = (("ETag", f'"{etag}"'), ("X-Repo-Commit", repository.head), ("Accept-Ranges", "bytes"))
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("range", ""))
        if wanted is None or request.method == "HEAD":
            return Reply(200, blob.content, "application/octet-stream", headers)
        first, last = int(wanted[1]), int(wanted[2]) if wanted[2] else len(blob.content) - 1
        ranged = (*headers, ("Content-Range", f"bytes {first}-{last}/{len(blob.content)}"))
        return Reply(206, blob.content[first : last + 1], "application/octet-stream", ranged)


def _mode(repository: Repository, file: Mapping[str, Any]) -> dict[str, Any]:
    is_large = file["path"].endswith(_LARGE) or file["size"] > _LARGE_BYTES
    known = repository.commits[-1].get(file["path"])
    oid = None if known is None else known.sha256 if known.is_large else known.git_id
    return {
        "path": file["path"],
        "uploadMode": "lfs" if is_large else "regular",
        "shouldIgnore": False,
        "oid": oid,
    }


def _tree(files: Mapping[str, Blob], folder: str, *, deep: bool = False) -> list[dict[str, Any]]:
    within = {name: blob for name, blob in files.items() if not folder or name.startswith(f"{folder}/")}
    entries: list[dict[str, Any]] = [_file(name, blob) for name, blob in sorted(within.items())]
    folders = {name.rpartition("/")[0] for name in within} - {""}
    if deep or folders:
        entries += [
            {"type": "directory", "path": name, "oid": "0" * 40, "size": 0} for name in sorted(folders)
        ]
    return entries


def _file(name: str, blob: Blob) -> dict[str, Any]:
    large = (
        {"lfs": {"oid": blob.sha256, "size": len(blob.content), "pointerSize": 130}} if blob.is_large else {}
    )
    return {"type": "file", "path": name, "oid": blob.git_id, "size": len(blob.content), **large}


def _paths(request: Request) -> list[str]:
    content = json_body(request)
    if content is not None:
        return list(content["paths"])
    return [unquote(value).replace("+", " ") for value in re.findall(r"paths=([^&]+)", request.body.decode())]


def _card(readme: Blob | None) -> dict[str, Any]:
    found = re.match(rb"---\n(.*?)\n---\n", readme.content, re.DOTALL) if readme else None
    return dict(yaml.safe_load(found[1])) if found else {}


def _validated(wanted: Mapping[str, Any]) -> Reply:
    card = _card(Blob(str(wanted.get("content", "")).encode(), is_large=False))
    if not card:
        return json_reply(
            200, {"errors": [], "warnings": [{"message": "empty or missing yaml metadata in repo card"}]}
        )
    if card.get("license") not in LICENCES:
        error = {"message": f'"license" must be one of {sorted(LICENCES)}'}
        return json_reply(400, {"errors": [error], "warnings": []})
    return json_reply(200, {"errors": [], "warnings": []})
