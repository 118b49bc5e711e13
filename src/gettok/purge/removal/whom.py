"""Who is erased: the lists, with names that follow from them, which are found before anything is deleted."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from gettok.collect.erased import Erased, user_digest
from gettok.collect.journal import STAGE
from gettok.collect.tombstones import sha256
from gettok.http.json_guards import to_mapping, to_mappings, to_text
from gettok.pipeline.outputs import is_made, output
from gettok.pipeline.refillable import ANSWER_TABLES
from gettok.purge.removal.names import ErasedNames
from gettok.purge.removal.record import Record
from gettok.purge.removal.rewriting import is_page
from gettok.release.pseudonyms import Pseudonyms
from gettok.research_api import Page, sent_video_id
from gettok.store import Store


def names_of(erased: Erased, record: Record) -> ErasedNames:
    """What is erased, with the names that the record has beside the lists."""
    return ErasedNames(replace(erased, users=erased.users | record.names), record.names)


def note_names(record: Record, erased: Erased, store: Store, pseudonyms: Pseudonyms | None) -> None:
    """Put into the record the authors who have no other video on any page, and the pseudonyms of what is erased."""
    gone, others = _authors(erased, store)
    record.add(names=map(user_digest, gone - others))
    if pseudonyms is not None:
        videos = set(_videos(erased, store))
        users = {name for name in gone if erased.has_user(name)} | (gone - others)
        made = [pseudonyms.of("video", video) for video in videos]
        made += [pseudonyms.of("account", user) for user in users]
        record.add(names=map(sha256, made))


def _authors(erased: Erased, store: Store) -> tuple[set[str], set[str]]:
    """The authors of erased videos on the store's pages, and those of others."""
    gone: set[str] = set()
    others: set[str] = set()
    for video in _on_pages(store):
        if name := to_text(to_mapping(video).get("username")):
            (gone if erased.video_digest(video) else others).add(name.lower())
    return gone, others


def _videos(erased: Erased, store: Store) -> Iterator[str]:
    for video in _on_pages(store):
        if erased.video_digest(video):
            yield str(sent_video_id(to_mapping(video)))


def _on_pages(store: Store) -> Iterator[object]:
    for answer, text in store.texts():
        if answer.stage == STAGE and is_page(body := json.loads(text)):
            with suppress(ValueError):  # a page that is not JSON shows no video
                yield from to_mappings(Page.from_json(body).videos)


def used_answers() -> Mapping[str, str]:
    """The keys of the answers in the tables of now, each with what its row is about."""
    used: dict[str, str] = {}
    for held in ANSWER_TABLES:
        if held.subject == "video_id" and is_made(held.output):
            rows = held.table.read(output(held.output), ["answer_key", "video_id"])
            used |= dict(rows.drop_nulls().iter_rows())
    return used
