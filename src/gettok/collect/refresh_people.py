"""Check again for comments and users: both are asked for twice before one counts as missing."""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass

from gettok.collect.compliance import Compliance
from gettok.collect.people import USERS, People
from gettok.research_api import RequestFailing, ResearchApi, as_not_now
from gettok.step import Json
from gettok.store import Store

_LOOKS = ("first", "second")


@dataclass(frozen=True)
class PeopleChecks:
    """Asks about comments and users, through the store. `settings` distinguish one round from another."""

    store: Store
    api: ResearchApi
    source: str
    settings: Mapping[str, Json]

    def comments(self, ids: tuple[str, ...]) -> Generator[int, None, tuple[str, ...]]:
        """Submit the ids to Batch Compliance, and those that it lacks again; yields how many are confirmed so far."""
        missing = ids
        for look in _LOOKS:
            if missing:
                valid = Compliance(self.store, self.api, look_settings(self.settings, look), "comment").valid(
                    missing
                )
                missing = tuple(name for name in missing if name not in valid)
                yield len(ids) - len(missing)
        return missing

    def users(
        self, names: tuple[str, ...], requests_per_day: int, patience_days: int
    ) -> Generator[int, None, tuple[str, ...]]:
        """Ask for each profile, and for those that are refused again; yields how many are confirmed so far."""
        missing, confirmed = names, 0
        for look in _LOOKS:
            settings = look_settings(self.settings, look)
            people = People(self.store, self.api, self.source, patience_days, round_settings=settings)
            refused = []
            for name in missing:
                if _has_profile(people, name, requests_per_day):
                    confirmed += 1
                    yield confirmed
                else:
                    refused.append(name)
            missing = tuple(refused)
        return missing


def look_settings(round_settings: Mapping[str, Json], look: str) -> dict[str, Json]:
    """What distinguishes the answers of one of a round's two looks."""
    return {**round_settings, "look": look}


def round_looks(round_settings: Mapping[str, Json]) -> Iterable[dict[str, Json]]:
    """The settings of both looks of a round."""
    return (look_settings(round_settings, look) for look in _LOOKS)


def _has_profile(people: People, name: str, requests_per_day: int) -> bool:
    """Whether the API gives a profile. A question that fails on several days is given up, and is no profile."""
    try:
        page = people.user(name, requests_per_day).page
    except RequestFailing as error:
        if people.is_given_up(USERS, name):
            return False
        raise as_not_now(error) from error
    return not 400 <= page.status < 500
