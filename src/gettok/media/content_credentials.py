"""Reads the Content Credentials (C2PA) of a video's files: whether they hold, and which sources they name.

Every remux drops them, so they are read from the bytes as they came. Runs in a child process, and makes no request: a
file may name an address for its manifest, and by default the library would ask for it, whatever it is.
"""

import json
import mmap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from gettok.http.json_guards import replace_surrogates, to_mapping, to_text
from gettok.step import Json

State = Literal["not_supported", "none", "elsewhere", "trusted", "valid", "invalid"]
#: From the least to the most remarkable: a slideshow has the last of its files' states.
STATES: Final[tuple[State, ...]] = ("not_supported", "none", "elsewhere", "trusted", "valid", "invalid")
_OFFLINE: Final = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
    "core": {"allowed_network_hosts": []},
}
#: The box that every manifest is in (JUMBF, ISO/IEC 19566-5).
_MANIFEST_BOX = b"jumb"
#: The sources that mean generative AI, in the vocabularies of IPTC and C2PA; the rest of the address varies.
_AI_SOURCES = frozenset(
    (
        "trainedAlgorithmicMedia",
        "compositeWithTrainedAlgorithmicMedia",
        "compositeSynthetic",
        "trainedAlgorithmicData",
    )
)


@dataclass(frozen=True)
class ContentCredentials:
    """What the manifests in the files say; `source_types` are the addresses of the kinds of source that they name."""

    state: State
    is_read: bool = False
    """Whether a manifest could be read, whatever its signature is worth."""
    source_types: tuple[str, ...] = ()
    signers: tuple[str, ...] = ()


def claims_ai(source_types: Sequence[str], *, is_read: bool) -> bool | None:
    """Whether the credentials say that AI generated the pictures or part of them; None if no manifest was read."""
    if not is_read:
        return None
    return any(source.rstrip("/").rpartition("/")[2] in _AI_SOURCES for source in source_types)


def read_credentials(files: Sequence[Path], trust_list: str | None = None) -> ContentCredentials:
    """The credentials of all files of a video or slideshow together; the files are unchanged since they were fetched.

    `trust_list` has certificates in PEM; a signer below one of them is trusted.
    """
    found = [_of_file(file, trust_list) for file in files]
    return ContentCredentials(
        max((each.state for each in found), key=STATES.index),
        any(each.is_read for each in found),
        tuple(sorted({source for each in found for source in each.source_types})),
        tuple(sorted({signer for each in found for signer in each.signers})),
    )


def _of_file(path: Path, trust_list: str | None) -> ContentCredentials:
    from c2pa import C2paError, Context, Reader, Settings  # noqa: PLC0415 -- loads 23 MB

    settings = Settings.from_dict(_OFFLINE | ({"trust": {"trust_anchors": trust_list}} if trust_list else {}))
    try:
        with (
            path.open("rb") as file,
            Context(settings) as context,
            Reader(None, file, context=context) as reader,
        ):
            return _read(reader.get_validation_state(), json.loads(reader.json()))
    except C2paError.ManifestNotFound:
        return ContentCredentials("none")
    except C2paError.NotSupported:
        return ContentCredentials("not_supported")
    except C2paError as error:
        # c2pa-python 0.38 has a class for this error and does not raise it: findings/c2pa-remote-manifest-error.sh
        if str(error).startswith("Remote"):
            return ContentCredentials("elsewhere")
        return ContentCredentials("invalid" if _has_manifest(path) else "not_supported")


def _read(validation: str | None, report: Json) -> ContentCredentials:
    """From the library's report on all manifests in the file, those of its ingredients among them."""
    manifests = to_mapping(to_mapping(report).get("manifests"))
    signers = (to_mapping(to_mapping(manifest).get("signature_info")) for manifest in manifests.values())
    names = (to_text(signer.get("common_name")) or to_text(signer.get("issuer")) for signer in signers)
    state: dict[str | None, State] = {"Valid": "valid", "Trusted": "trusted"}
    return ContentCredentials(
        state.get(validation, "invalid"),
        bool(manifests),
        tuple(str(replace_surrogates(source)) for source in _source_types(manifests)),
        tuple(str(replace_surrogates(name)) for name in names if name),
    )


def _source_types(value: Json) -> Iterator[str]:
    """Each value of `digitalSourceType`, wherever it is: in actions, in their templates, in metadata."""
    if isinstance(value, list):
        for part in value:
            yield from _source_types(part)
    elif isinstance(value, dict):
        for key, part in value.items():
            if key.lower().endswith("digitalsourcetype") and isinstance(part, str):
                yield part
            else:
                yield from _source_types(part)


def _has_manifest(path: Path) -> bool:
    with path.open("rb") as file:
        if not path.stat().st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(_MANIFEST_BOX) >= 0
