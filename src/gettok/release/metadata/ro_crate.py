"""`ro-crate-metadata.json`: the release as an RO-Crate 1.2."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gettok.release.metadata import schema_org
from gettok.release.metadata.facts import Facts
from gettok.release.metadata.files import ReleasedFile, media_type, sentence_of
from gettok.verification.checksums import CHECKSUMS

_CONTEXT = "https://w3id.org/ro/crate/1.2/context"
_CONFORMS_TO = "https://w3id.org/ro/crate/1.2"
_SOFTWARE = "#gettok"


def content(facts: Facts, files: Sequence[ReleasedFile]) -> dict[str, Any]:
    """The graph of the release, flat as the format asks for: each file, person and organisation on its own.

    The file of checksums has no digest here, as it has the digest of this file.
    """
    entities: dict[str, dict[str, Any]] = {}
    root = _flat(schema_org.described(facts), entities)
    names = [*(file.name for file in files), CHECKSUMS]
    software = {
        "@id": _SOFTWARE,
        "@type": "SoftwareApplication",
        "name": "gettok",
        **schema_org.stated({"version": facts.provenance.get("gettok")}),
    }
    made = {
        "@id": "#made",
        "@type": "CreateAction",
        "name": "Assembled by gettok; see provenance.json",
        "instrument": {"@id": _SOFTWARE},
        "result": {"@id": "./"},
    }
    graph = [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "about": {"@id": "./"},
            "conformsTo": {"@id": _CONFORMS_TO},
        },
        {
            "@id": "./",
            "@type": "Dataset",
            **root,
            **_licence(facts, entities),
            "hasPart": [{"@id": name} for name in names],
            "mentions": {"@id": made["@id"]},
        },
        *(_file(file) for file in files),
        _checksums(),
        made,
        software,
        *entities.values(),
    ]
    return {"@context": _CONTEXT, "@graph": graph}


def _licence(facts: Facts, entities: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A licence is an entity of its own; the text that none is stated stays a text."""
    url = facts.licence_url
    if url is None:
        return {}
    entities[url] = {"@id": url, "@type": "CreativeWork", "name": facts.citation.licence, "url": url}
    return {"license": {"@id": url}}


def _flat(properties: Mapping[str, Any], entities: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The properties with a reference in the place of each nested entity, which goes into `entities`."""
    return {name: _reference(value, entities) for name, value in properties.items()}


def _reference(value: Any, entities: dict[str, dict[str, Any]]) -> Any:
    if isinstance(value, list):
        return [_reference(each, entities) for each in value]
    if not isinstance(value, dict):
        return value
    flat = _flat(value, entities)
    key = flat.get("@id") or _key_of(flat, entities.values())
    entities[key] = {"@id": key, **flat}
    return {"@id": key}


def _key_of(entity: Mapping[str, Any], known: Iterable[Mapping[str, Any]]) -> str:
    """An id for an entity that has none: that of an equal one, or the next number of its type."""
    known = list(known)
    for other in known:
        if {**other, "@id": None} == {**entity, "@id": None}:
            return str(other["@id"])
    kind = entity["@type"].lower()
    return f"#{kind}-{sum(str(other['@id']).startswith(f'#{kind}-') for other in known) + 1}"


def _file(file: ReleasedFile) -> dict[str, Any]:
    return {
        "@id": file.name,
        "@type": "File",
        "name": file.name,
        "description": file.sentence,
        "encodingFormat": file.media_type,
        "contentSize": str(file.bytes),
        "sha256": file.sha256,
    }


def _checksums() -> dict[str, Any]:
    return {
        "@id": CHECKSUMS,
        "@type": "File",
        "name": CHECKSUMS,
        "description": sentence_of(CHECKSUMS),
        "encodingFormat": media_type(CHECKSUMS),
    }
