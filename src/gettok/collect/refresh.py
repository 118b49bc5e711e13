"""Check again for the videos, comments and users of a dataset, and find out which of them are gone.

TikTok's terms ask to refresh data every 15 days (2023) or 30 days (2026), and to delete what is no longer available.
This finds what is due, confirms videos by the method that costs fewer requests, and counts as gone what both searches
of a round missed.
"""

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple

from gettok.collect.canary import Canary
from gettok.collect.compliance import IDS_PER_TASK, REQUESTS_PER_TASK, Compliance
from gettok.collect.id_lookup import IdLookup
from gettok.collect.journal import STAGE
from gettok.collect.refresh_people import Checked, PeopleChecks
from gettok.collect.tombstones import Subject, sha256
from gettok.errors import Stop
from gettok.research_api import AccessDenied, ResearchApi
from gettok.step import Answer, Json
from gettok.store import Key, Store

_VERSION = 1
#: The method's name in stored rounds; what is in an answer store never changes.
_METHOD = "way"
#: A round that misses more than this share of at least so many videos points at the API, not at the videos.
_MAX_MISSING, _MIN_VIDEOS = 0.5, 20
#: What an outcome lists; a round that lists nothing does not count.
_FINDINGS = ("missing", "confirmed", "unanswered")

Method = Literal["ids", "compliance"]


class DatasetVideo(NamedTuple):
    """A video of the dataset: its day of publication, and when it was last observed on a page."""

    video_id: str
    day: date
    observed_at: datetime


@dataclass(frozen=True)
class Round:
    """One refresh of one subject. Its name is its start by the server's clock, to the second.

    `days` has the day of publication of each video that it asks about; for comments and users, of their observation.
    """

    name: str
    method: Method
    days: Mapping[str, date]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(self.days)


@dataclass(frozen=True)
class Outcome:
    """The result of a round. What is neither missing nor confirmed, the API did not answer; it stays due."""

    round: Round
    missing: tuple[str, ...]
    confirmed: tuple[str, ...]

    @property
    def unanswered(self) -> int:
        """How many ids the API only failed for."""
        return len(self.round.days) - len(self.missing) - len(self.confirmed)

    def line(self, source: str) -> dict[str, str]:
        """The round's line in the list of rounds."""
        numbers = {"asked": self.round.days, "confirmed": self.confirmed, "missing": self.missing}
        counts = {name: str(len(ids)) for name, ids in numbers.items()}
        return {"round": self.round.name, "source": source, "method": self.round.method, **counts}


def cheaper_method(count: int, by_ids: int) -> Method:
    """The method that costs fewer requests; on a tie by ids, since that also refreshes the counts."""
    tasks = -(-count // IDS_PER_TASK)
    return "compliance" if tasks * REQUESTS_PER_TASK < by_ids else "ids"


@dataclass(frozen=True)
class Refresher:
    """Refreshes the videos, comments or users of one source, through the store."""

    store: Store
    api: ResearchApi
    source: str
    subject: Subject = "video"
    #: For users alone: the part of the day's quota for profiles, and what shows whether a profile or the API fails.
    requests_per_day: int = 1000
    canary: Canary | None = None

    def due(
        self, rows: Iterable[tuple[str, date, datetime]], after: timedelta, gone: Collection[str]
    ) -> dict[str, date]:
        """The ids in `rows`, each with its day, that were last confirmed at least `after` ago and are not `gone`.

        A row has an id, its day and the time of its last observation; `gone` has digests.
        """
        confirmed = self._confirmed()
        before = self.api.now() - after
        return {
            name: day
            for name, day, observed_at in sorted(rows)
            if max(observed_at, confirmed.get(name, observed_at)) <= before and sha256(name) not in gone
        }

    def unfinished(self, method: Method | None = None, about: Collection[str] | None = None) -> Round | None:
        """A round that was begun and has no outcome yet; `method` replaces the one that it began with.

        `about` limits it to rounds about any of these ids: other studies may have begun more.
        """
        ended = {body["round"] for body in self._noted("outcome")}
        own = None if about is None else frozenset(about)
        for round_ in self._rounds():
            if round_.name not in ended and (own is None or not own.isdisjoint(round_.days)):
                return replace(round_, method=method or round_.method)
        return None

    def _rounds(self) -> Iterator[Round]:
        """Every round that was begun."""
        for body in self._noted("round"):
            days = {video_id: date.fromisoformat(day) for video_id, day in body["days"].items()}
            yield Round(body["round"], body[_METHOD], days)

    def least_requests(self, days: Mapping[str, date]) -> int:
        """The fewest requests that a lookup by ids costs."""
        return self._lookup(tuple(days), days, {}).least_requests()

    def begin(self, days: Mapping[str, date], method: Method) -> Round:
        """Record a round before it asks anything, so that the next run continues it after an interruption."""
        begun = Round(self._free_name(), method, days)
        iso_days = {video_id: day.isoformat() for video_id, day in days.items()}
        self._note("round", begun.name, {_METHOD: method, "days": iso_days})
        return begun

    def _free_name(self) -> str:
        """The time now, or the first second after it that is not the name of another round: studies share a source."""
        start, taken = self.api.now(), {body["round"] for body in self._noted("round")}
        while (name := start.strftime("%Y-%m-%dT%H:%M:%SZ")) in taken:
            start += timedelta(seconds=1)
        return name

    def run(self, round_: Round, *, accept_losses: bool = False) -> Iterator[int]:
        """Run the round, and yield how many were found so far; those missed at first are looked up again.

        Raises `Stop` at its end if it misses more than is likely, unless `accept_losses` is set.
        """
        checked = yield from self._check(round_)
        self._end(round_, checked, accept_losses=accept_losses)

    def _check(self, round_: Round) -> Generator[int, None, Checked]:
        if self.subject == "video":
            return (yield from self._check_videos(round_))
        settings = round_settings(self.source, round_.name, self.subject)
        checks = PeopleChecks(self.store, self.api, self.source, settings, self.canary)
        if self.subject == "comment":
            return (yield from checks.comments(round_.ids))
        return (yield from checks.users(round_.ids, self.requests_per_day))

    def _check_videos(self, round_: Round) -> Generator[int, None, Checked]:
        missed = round_.ids
        if round_.method == "compliance":
            missed = self._not_valid(round_)
        confirmed = len(round_.days) - len(missed)
        yield confirmed
        lookup = self._lookup(missed, round_.days, round_settings(self.source, round_.name))
        for _ in lookup.collect():
            yield confirmed + len(lookup.found)
        return Checked(tuple(lookup.missing))

    def _not_valid(self, round_: Round) -> tuple[str, ...]:
        """The ids that Batch Compliance does not confirm: all of them if the client may not use it."""
        compliance = Compliance(self.store, self.api, round_settings(self.source, round_.name))
        try:
            valid = compliance.valid(round_.ids)
        except AccessDenied:
            return round_.ids
        return tuple(video_id for video_id in round_.ids if video_id not in valid)

    def outcome(self, round_: Round) -> Outcome:
        """The outcome of a round that has been run."""
        return next(outcome for outcome in self.outcomes() if outcome.round.name == round_.name)

    def outcomes(self) -> list[Outcome]:
        """The outcomes of all rounds that count, oldest first."""
        ended = {
            body["round"]: body
            for body in self._noted("outcome")
            if any(body.get(name) for name in _FINDINGS)
        }
        rounds = sorted(self._rounds(), key=lambda round_: round_.name)
        return [_outcome(round_, ended[round_.name]) for round_ in rounds if round_.name in ended]

    def _end(self, round_: Round, checked: Checked, *, accept_losses: bool) -> None:
        missing, unanswered = checked
        answered = len(round_.days) - len(unanswered)
        if not accept_losses and answered >= _MIN_VIDEOS and len(missing) > _MAX_MISSING * answered:
            self._note("outcome", round_.name, {"missing": [], "confirmed": []})
            raise Stop(
                f"{len(missing)} of {answered} {self.subject}s were not found, which is not likely",
                "counted none of them as gone; the round does not count",
                "check whether the Research API finds anything today, and run the same command again later; if they "
                "are truly gone, `gettok refresh --accept-losses` asks once more and counts them as gone",
            )
        confirmed = sorted(set(round_.days).difference(missing, unanswered))
        found = {"missing": list(missing), "confirmed": confirmed, "unanswered": list(unanswered)}
        facts = {_METHOD: round_.method, **found}
        self._note("outcome", round_.name, facts)

    def _confirmed(self) -> dict[str, datetime]:
        """When each id was last confirmed by a round."""
        confirmed: dict[str, datetime] = {}
        for body in sorted(self._noted("outcome"), key=lambda body: str(body["round"])):
            confirmed |= dict.fromkeys(body["confirmed"], datetime.fromisoformat(body["round"]))
        return confirmed

    def _lookup(
        self, ids: tuple[str, ...], days: Mapping[str, date], settings: Mapping[str, Json]
    ) -> IdLookup:
        return IdLookup(self.store, self.api, ids, settings, "refresh", days)

    def _noted(self, what: str) -> list[Mapping[str, Json]]:
        return [entry.answer.body for entry in self.store.scan(self._key(what, {}).scope)]

    def _note(self, what: str, name: str, facts: Mapping[str, Json]) -> None:
        self.store.put(self._key(what, {"round": name}), name, Answer({"round": name, **facts}))

    def _key(self, what: str, inputs: Mapping[str, Json]) -> Key:
        return Key.of(
            STAGE, _VERSION, {"source": self.source, "refresh": what, **_about(self.subject)}, inputs
        )


def _outcome(round_: Round, body: Mapping[str, Json]) -> Outcome:
    """The outcome that was recorded at a round's end; its method may differ from the one that it began with."""
    method = body.get(_METHOD, round_.method)
    return Outcome(replace(round_, method=method), tuple(body["missing"]), tuple(body["confirmed"]))


def round_settings(source: str, name: str, subject: Subject = "video") -> dict[str, Json]:
    """What distinguishes the pages of a round from all others."""
    return {"source": source, "round": name, **_about(subject)}


def _about(subject: Subject) -> dict[str, Json]:
    """The first rounds were about videos alone, and did not say so."""
    return {} if subject == "video" else {"subject": subject}
