"""The archives by the command's words, each with its module, its token and its address."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from types import MappingProxyType

from gettok.deposit.archive import Archive
from gettok.errors import BadInput
from gettok.settings.secrets import from_environment


@dataclass(frozen=True)
class Target:
    """How an archive is reached; its module is imported only when it is chosen."""

    module: str
    class_name: str
    #: The environment variable that has the token, as the archive's own client calls it where it has a client.
    token: str
    #: The environment variable that has the server's address, and the address without it; None: each has its own.
    url: str
    default_url: str | None


ARCHIVES: Mapping[str, Target] = MappingProxyType(
    {
        "zenodo": Target("zenodo", "Zenodo", "ZENODO_TOKEN", "ZENODO_URL", "https://zenodo.org"),
        "dataverse": Target("dataverse", "Dataverse", "DATAVERSE_API_TOKEN", "DATAVERSE_URL", None),
        "osf": Target("osf", "Osf", "OSF_TOKEN", "OSF_URL", "https://api.osf.io"),
        "hf": Target("hugging_face", "HuggingFace", "HF_TOKEN", "HF_ENDPOINT", "https://huggingface.co"),
    }
)


def open_archive(word: str, url: str | None, place: str | None, *, to_send: bool) -> Archive:
    """The archive at this address; only one that is sent to needs a token. Nothing is sent yet."""
    target = ARCHIVES[word]
    server = (url or os.environ.get(target.url) or target.default_url or "").rstrip("/")
    if not server:
        raise BadInput(
            f"{target.class_name} is many servers, and none is named",
            "sent nothing",
            f"give its address with --url or {target.url}, such as https://demo.dataverse.org",
        )
    try:
        module = import_module(f"gettok.deposit.{target.module}")
    except ModuleNotFoundError as error:
        raise BadInput(
            f"the package {error.name}, which sends to {target.class_name}, is not installed",
            "sent nothing",
            "install what deposits need: `uv sync --inexact --extra deposit`",
        ) from error
    secret = from_environment(target.token) if to_send else None
    archive: Archive = getattr(module, target.class_name)(server, secret, place)
    return archive
