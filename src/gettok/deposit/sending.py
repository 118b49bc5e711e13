"""Sending a bundle: into one draft, file by file, each compared by its digest; published only if that is asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from gettok.deposit.archive import Archive, Draft, OnBytes
from gettok.deposit.bundle import Bundle
from gettok.deposit.deposit_list import Deposit, DepositList, State
from gettok.deposit.description import ReleaseDescription
from gettok.errors import BadInput, Damaged, counted


@dataclass(frozen=True)
class Order:
    """What is to be sent, and how far."""

    #: The archive's word in the deposits.
    archive: str
    bundle: Bundle
    about: ReleaseDescription
    publish: bool
    #: Make a deposit of its own, though the study has one that could get a new version.
    anew: bool
    today: Callable[[], date]


def send(archive: Archive, order: Order, deposits: DepositList, on_bytes: OnBytes) -> Draft:
    """The deposit with all files of the bundle; a killed run is gone on with, and nothing is sent twice."""
    draft = _open(archive, order, deposits)
    if not draft.is_published:
        _fill(archive, draft, order.bundle, on_bytes)
    # a run that was killed between the two may have made it public, and minted no DOI
    is_half = draft.is_published and archive.mints_dois and draft.doi is None
    if order.publish and (is_half or not draft.is_published):
        draft = archive.publish(draft)
    if draft.is_published:
        _record(archive, draft, order, deposits, "published")
    return draft


def _open(archive: Archive, order: Order, deposits: DepositList) -> Draft:
    """The published deposit of this very release; or the draft that is to be filled, with the metadata."""
    standing = [each for each in deposits.all() if _is_of(each, archive, order)]
    previous: str | None = None
    for id_ in _candidates(archive, order, standing):
        found = archive.look(id_)
        if found is None:
            continue
        if not found.is_published:
            return _described(archive, found, order, deposits)
        _note_published(found, standing, order, deposits)
        if not _different(archive, found, order.bundle):
            return found
        previous = previous or found.id
    previous = None if order.anew else previous
    if previous and not archive.has_versions and not order.publish:
        raise BadInput(
            f"{previous} is public, and {archive.name} has no drafts of new versions: what is sent is public at once",
            "sent nothing",
            "add --publish to replace its files, or --new to make a deposit of its own",
        )
    draft = archive.create(order.bundle.metadata, order.bundle.marker, previous)
    return _described(archive, draft, order, deposits)


def _described(archive: Archive, draft: Draft, order: Order, deposits: DepositList) -> Draft:
    """The draft with its metadata; listed before, so that it is found again even if the metadata are refused."""
    _record(archive, draft, order, deposits, "draft")
    archive.update(draft, order.bundle.metadata)
    now = archive.look(draft.id) or draft
    draft = replace(draft, page=now.page, doi=now.doi)
    _record(archive, draft, order, deposits, "draft")
    return draft


def _note_published(found: Draft, standing: list[Deposit], order: Order, deposits: DepositList) -> None:
    """Record that a person has published a draft on the archive's own page."""
    for deposit in standing:
        if deposit.id == found.id and deposit.state == "draft":
            day = order.today().isoformat()
            deposits.add(replace(deposit, state="published", doi=found.doi, page=found.page, day=day))


def _candidates(archive: Archive, order: Order, standing: list[Deposit]) -> Iterator[str]:
    """Deposits that may be this one, or an earlier state or version of it, the likeliest first, each once."""
    same = [each.id for each in reversed(standing) if each.release == order.bundle.release]
    yield from dict.fromkeys(same)
    if not same and (lost := archive.find(order.bundle.marker)):
        same = [lost]
        yield lost
    if not order.anew:
        yield from dict.fromkeys(each.id for each in reversed(standing) if each.id not in same)


def _is_of(deposit: Deposit, archive: Archive, order: Order) -> bool:
    """Whether it is of the same study and form, on the same server."""
    wanted = (order.archive, archive.url, order.about.study, order.about.form)
    return (deposit.archive, deposit.url, deposit.study, deposit.form) == wanted


def _fill(archive: Archive, draft: Draft, bundle: Bundle, on_bytes: OnBytes) -> None:
    stored = archive.files(draft)
    for name in sorted(stored.keys() - {file.name for file in bundle.files}):
        archive.remove(draft, name)
    for file in bundle.files:
        if file.is_stored(stored.get(file.name)):
            on_bytes(file.size)
        else:
            archive.upload(draft, file, on_bytes)
    archive.commit(draft)
    if different := _different(archive, draft, bundle):
        raise Damaged(
            f"{archive.name} has other bytes than were sent: {counted(len(different), 'file')}, such as {different[0]}",
            "kept the draft, and did not publish it",
            "run the same command again, which sends those files again; if it happens twice, tell the archive",
        )


def _different(archive: Archive, draft: Draft, bundle: Bundle) -> list[str]:
    """The names of files that the archive lacks, has with other bytes, or has beside the bundle's."""
    stored = archive.files(draft)
    beside = stored.keys() - {file.name for file in bundle.files}
    return [file.name for file in bundle.files if not file.is_stored(stored.get(file.name))] + sorted(beside)


def _record(archive: Archive, draft: Draft, order: Order, deposits: DepositList, state: State) -> None:
    """Add a line, unless the last about this deposit says the same."""
    deposit = Deposit(
        archive=order.archive,
        url=archive.url,
        id=draft.id,
        page=draft.page,
        doi=draft.doi,
        study=order.about.study,
        version=order.about.version,
        form=order.about.form,
        release=order.bundle.release,
        state=state,
        day=order.today().isoformat(),
    )
    if not any(_says_the_same(each, deposit) for each in deposits.all()):
        deposits.add(deposit)


def _says_the_same(one: Deposit, other: Deposit) -> bool:
    return one.key == other.key and (one.release, one.state, one.doi) == (
        other.release,
        other.state,
        other.doi,
    )
