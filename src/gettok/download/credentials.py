"""The Content Credentials of a video's files: read once, when the files come, into the answer.

Whom to trust is a setting, which may change later. So the answer does not depend on it, and a signature that holds is
looked at again when the answer is read.
"""

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from gettok.download.file_layout import files_of
from gettok.errors import RETRYABLE, BadSettings, Unusable
from gettok.media.content_credentials import ContentCredentials, claims_ai, read_credentials
from gettok.step import Answer, Json, Row
from gettok.store.blobs import link_or_copy


def credentials_of(files: Sequence[Path]) -> dict[str, Json]:
    """What the answer keeps of them."""
    return asdict(_read(files, None))


def credentials_row(answer: Answer, trust_list: str | None) -> Row:
    """The columns of the table; `trust_list` has certificates in PEM."""
    kept = answer.body["c2pa"]
    state = _judged(answer, trust_list) if trust_list and kept["state"] == "valid" else kept["state"]
    return {
        "c2pa": state,
        "c2pa_ai": claims_ai(kept["source_types"], is_read=kept["is_read"]),
        "c2pa_trust_list_sha256": trust_list and hashlib.sha256(trust_list.encode()).hexdigest(),
    }


def read_trust_list(path: str | None) -> str | None:
    """The certificates in the file that the settings name. Raises `BadSettings`."""
    if path is None:
        return None
    try:
        text = Path(path).read_bytes().decode("ascii")  # with its own line ends, for the digest
    except (OSError, ValueError) as error:
        raise _not_a_trust_list(path, str(error)) from error
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise _not_a_trust_list(path, "it has no certificate in PEM")
    return text


def _read(files: Sequence[Path], trust_list: str | None) -> ContentCredentials:
    """A reader that crashes on a file has not read it, and costs nothing else. Raises `Unusable`: too_large."""
    from gettok.media.subprocess_decode import run_in_subprocess  # noqa: PLC0415 - most answers are known, and not judged

    try:
        return run_in_subprocess(read_credentials, [file.absolute() for file in files], trust_list)
    except Unusable as error:
        if error.reason in RETRYABLE:
            raise
        return ContentCredentials("not_supported")


def _judged(answer: Answer, trust_list: str) -> str:
    with tempfile.TemporaryDirectory(prefix="gettok-") as folder:
        files = {Path(folder) / name: blob for name, blob in files_of(answer).items()}
        for file, blob in files.items():
            blob.check()
            link_or_copy(blob, file)
        return "trusted" if _read(list(files), trust_list).state == "trusted" else "valid"


def _not_a_trust_list(path: str, why: str) -> BadSettings:
    return BadSettings(
        f"download.trust_list: {path!r} is not a list of certificates: {why}",
        "stopped before looking for any file",
        "name a file with certificates in PEM, or null to trust no signer of Content Credentials",
    )
