"""Check again for comments and users: both are asked for twice before one counts as missing."""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from gettok.collect.canary import Canary
from gettok.collect.compliance import Compliance
from gettok.collect.people import People
from gettok.research_api import RequestFailing, ResearchApi
from gettok.step import Json
from gettok.store import Store

_Finding = Literal["confirmed", "refused", "unanswered"]

_LOOKS = ("first", "second")


class Checked(NamedTuple):
    """What a round did not confirm: ids that are `missing`, and ids about which the API only failed."""

    missing: tuple[str, ...]
    unanswered: tuple[str, ...] = ()


@dataclass(frozen=True)
class PeopleChecks:
    """Asks about comments and users, through the store. `settings` distinguish one round from another."""

    store: Store
    api: ResearchApi
    source: str
    settings: Mapping[str, Json]
    canary: Canary | None = None

    def comments(self, ids: tuple[str, ...]) -> Generator[int, None, Checked]:
        """Submit the ids to Batch Compliance, and those that it lacks again; yields how many are confirmed so far."""
        missing = ids
        for look in _LOOKS:
            if missing:
                valid = Compliance(self.store, self.api, look_settings(self.settings, look), "comment").valid(
                    missing
                )
                missing = tuple(name for name in missing if name not in valid)
                yield len(ids) - len(missing)
        return Checked(missing)

    def users(self, names: tuple[str, ...], requests_per_day: int) -> Generator[int, None, Checked]:
        """Ask for each profile, and for those that are refused again; yields how many are confirmed so far.

        A user for whom the API only fails is not known to be gone, and holds up no other.
        """
        asked: Iterable[str] = names
        unanswered: list[str] = []
        confirmed = 0
        for look in _LOOKS:
            settings = look_settings(self.settings, look)
            people = People(self.store, self.api, self.source, canary=self.canary, round_settings=settings)
            by_finding: dict[_Finding, list[str]] = {"confirmed": [], "refused": [], "unanswered": unanswered}
            for name in asked:
                finding = _find(people, name, requests_per_day)
                by_finding[finding].append(name)
                if finding == "confirmed":
                    confirmed += 1
                    yield confirmed
            asked = by_finding["refused"]
        return Checked(tuple(asked), tuple(unanswered))


def look_settings(round_settings: Mapping[str, Json], look: str) -> dict[str, Json]:
    """What distinguishes the answers of one of a round's two looks."""
    return {**round_settings, "look": look}


def round_looks(round_settings: Mapping[str, Json]) -> Iterable[dict[str, Json]]:
    """The settings of both looks of a round."""
    return (look_settings(round_settings, look) for look in _LOOKS)


def _find(people: People, name: str, requests_per_day: int) -> _Finding:
    """Only a refusal says that a user is gone; a failure says nothing about the user."""
    try:
        page = people.user(name, requests_per_day).page
    except RequestFailing:
        return "unanswered"
    if 400 <= page.status < 500:
        return "refused"
    return "confirmed" if page.status < 400 or page.data else "unanswered"
