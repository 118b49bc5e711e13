"""What a release needs to know beside its tables: the key of its pseudonyms, and whether a refresh comes first."""

import os
import secrets
from datetime import UTC, datetime
from functools import partial

from gettok.collect.tombstones import RefreshLists
from gettok.errors import BadInput, counted
from gettok.pipeline.outputs import output
from gettok.pipeline.paths import REFRESH_LISTS, store_root
from gettok.pipeline.runner import say
from gettok.release import Pseudonyms, Sharing
from gettok.settings import Settings
from gettok.settings.query import with_usernames
from gettok.store.atomic_write import atomic_write
from gettok.tables import VIDEOS

_KEY_VARIABLE = "GETTOK_PSEUDONYM_KEY"
_KEY_FILE = "pseudonym.key"
_SHORTEST_KEY = 16
#: The sandbox's videos are synthetic, and its releases are the same everywhere.
_SANDBOX_KEY = b"the key of the sandbox is public"


def sharing(settings: Settings) -> Sharing:
    """The form that the settings ask for, with the pseudonyms of the study."""
    return Sharing(settings.release.form, pseudonyms(settings.source.name), settings.release.smallest_group)


def existing_pseudonyms(source: str) -> Pseudonyms | None:
    """The pseudonyms in the releases made here; None without a key, as releases then have none."""
    has_key = source == "sandbox" or os.environ.get(_KEY_VARIABLE) or (store_root() / _KEY_FILE).is_file()
    return pseudonyms(source) if has_key else None


def pseudonyms(source: str) -> Pseudonyms:
    """With the key from the environment, or from a file beside the answer store, which is made if there is none."""
    if source == "sandbox":
        return Pseudonyms(_SANDBOX_KEY)
    if key := os.environ.get(_KEY_VARIABLE):
        if len(key) < _SHORTEST_KEY:
            raise BadInput(
                f"{_KEY_VARIABLE} has {counted(len(key), 'character')}, which can be found by trying",
                "wrote nothing",
                f"give it at least {_SHORTEST_KEY} random ones, such as those of `openssl rand -hex 32`",
            )
        return Pseudonyms(key.encode())
    path = store_root() / _KEY_FILE
    if not path.is_file():
        atomic_write(path, secrets.token_hex(32).encode("ascii"))
        say(f"release: {path} has a new key for pseudonyms: keep a copy of it, and keep it secret")
    path.chmod(0o600)
    return Pseudonyms(path.read_bytes().strip())


def as_shared(settings: Settings, shared: Sharing) -> Settings:
    """The settings as a release of this form shows them: with pseudonyms for the accounts that the query names."""
    if shared.form == "team":
        return settings
    query = with_usernames(settings.study.query, partial(shared.names.of, "account"))
    return settings.model_copy(update={"study": settings.study.model_copy(update={"query": query})})


def last_confirmed(settings: Settings) -> datetime | None:
    """When all videos were last confirmed to exist: at the last refresh, or when the first was collected."""
    rounds = RefreshLists(REFRESH_LISTS).rounds(settings.source.name)
    if rounds:
        return datetime.fromisoformat(rounds[-1])
    first: datetime | None = VIDEOS.read(output("videos"), ["observed_at"])["observed_at"].min()  # type: ignore[assignment]
    return first


def refuse_overdue(settings: Settings) -> None:
    """Raise `BadInput` if the terms ask for a refresh before anything is released."""
    terms = settings.terms
    if not terms.is_binding or settings.release.although_overdue:
        return
    confirmed = last_confirmed(settings)
    days = 0 if confirmed is None else (datetime.now(UTC) - confirmed).days
    if days > terms.refresh_days:
        raise BadInput(
            f"the videos were last confirmed to exist {counted(days, 'day')} ago, and the terms {terms.name!r} ask for"
            f" a refresh every {counted(terms.refresh_days, 'day')}",
            "wrote no release; everything else is kept",
            "run `gettok refresh`, commit its lists, and run `dvc repro`; or set release.although_overdue to true,"
            " which the release then says",
        )
