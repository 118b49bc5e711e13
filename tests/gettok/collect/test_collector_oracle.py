"""Whatever happens to a collection: in the end every video is there, and no page was paid for twice.

The sandbox knows all videos, and its log shows every request. A kill may cost the page that is being written and the
one that is on its way.
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from collecting import Researcher, facts, ids, queries
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from killing import run_until, starter

from gettok.collect import StoredPage
from gettok.errors import UserFacingError
from gettok.store import Store
from sandbox.chance import fraction
from sandbox.profiles import Profile
from sandbox.server import Sandbox

#: Answers that leave the sandbox with status 200 and are of no use.
DAMAGE = (
    "truncated_json",
    "garbled",
    "deep_json",
    "cut",
    "cut_close",
    "cut_chunked",
    "200_error",
    "200_html",
)
OTHERS = (
    "ok",
    "500",
    "500_with_data",
    "400_trouble",
    "400_cursor",
    "429_rate",
    "429_quota",
    "401",
    "504_html",
    "503_html",
    "reset",
    "search_lost",
    "search_not_yet",
    "stuck_cursor",
    "overlap",
    "nan",
    "long_number",
)
_LOST_BY_A_KILL = 2
_MOST_RUNS = 20

WORD = st.one_of(
    st.sampled_from([*DAMAGE, *OTHERS]).map(lambda word: [word]),
    st.sampled_from(["500", "search_lost", "400_cursor", "504_html"]).map(lambda word: [word] * 6),
    st.integers(1, 8).map(lambda count: ["ok"] * count),
)
SCRIPT = st.lists(WORD, max_size=12).map(lambda words: [word for some in words for word in some])
SWITCHES = st.fixed_dictionaries(
    {
        "drop_rate": st.sampled_from([0.0, 0.22]),
        "p_500": st.sampled_from([0.0, 0.0, 0.3]),
        "warmup_requests": st.sampled_from([0, 0, 2]),
        "search_id_ttl_s": st.sampled_from([None, 3600]),
        "empty_pages": st.sampled_from([0, 0, 3]),
        "dup_rate": st.sampled_from([0.0, 0.1]),
        "daily_quota": st.sampled_from([1000, 1000, 15]),
    }
)


@dataclass(frozen=True)
class Trouble:
    """What happens to one collection; `kills` count places at which a process may die."""

    switches: dict[str, Any]
    script: list[Any]
    max_days: int
    kills: list[int]


TROUBLE = st.builds(
    Trouble,
    SWITCHES,
    SCRIPT,
    st.sampled_from([30, 30, 17, 7]),
    st.lists(st.integers(1, 400), max_size=3),
)


#: An example takes a second or two, so a failing one is shown as it is.
SETTINGS: dict[str, Any] = {
    "suppress_health_check": [HealthCheck.too_slow],
    "phases": [Phase.explicit, Phase.generate],
}


@pytest.fixture(scope="module")
def children():
    return starter()


@settings(max_examples=8, **SETTINGS)
@given(trouble=TROUBLE)
def test_f01_to_f15_and_f34_every_video_is_there_and_no_page_was_paid_for_twice(castillo, children, trouble):
    check(castillo, children, trouble)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@settings(max_examples=100, **SETTINGS)
@given(trouble=TROUBLE)
def test_f01_to_f15_and_f34_the_same_for_many_more_scripts(castillo, children, trouble):
    check(castillo, children, trouble)


def check(castillo: Path, children: Any, trouble: Trouble) -> None:
    profile = Profile(**trouble.switches)
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(corpus=castillo, profile=profile, script=trouble.script) as sandbox,
    ):
        researcher = Researcher(
            Path(folder) / "store", sandbox, max_days=trouble.max_days, patience_days=1000
        )
        kills = sum(run_until(children, researcher, place) for place in trouble.kills)
        collect_to_the_end(researcher)
        sandbox.play([])
        pages = collect_to_the_end(researcher)
        assert pages is not None, "a clean run comes to its end"
        assert ids(pages) == returned(castillo, profile)
        assert {row["state"] for row in researcher.coverage} == {"complete"}
        assert_paid_once(researcher, pages, kills, sum(word in DAMAGE for word in trouble.script))
        asked = len(sandbox.requests())
        assert sorted(map(name_of, researcher.collect())) == sorted(map(name_of, pages))
        assert len(sandbox.requests()) == asked


def collect_to_the_end(researcher: Researcher) -> list[StoredPage] | None:
    """The same command day after day, until it comes to its end."""
    for _ in range(_MOST_RUNS):
        try:
            return researcher.collect()
        except UserFacingError:
            researcher.next_day()
    return None


def returned(corpus: Path, profile: Profile) -> set[str]:
    """The videos that the sandbox returns."""
    return {video for video in facts(corpus) if fraction(profile.seed, "drop", video) >= profile.drop_rate}


def assert_paid_once(researcher: Researcher, pages: list[StoredPage], kills: int, damaged: int) -> None:
    sent, lost = researcher.sent(), _LOST_BY_A_KILL * kills
    with Store(researcher.folder) as store:
        count = sum(answers for stage, answers, _ in store.stats() if stage == "collect")
    assert len({stored.key for stored in pages}) == len(pages) == count - len(researcher.windows), (
        "every page is shown"
    )
    accepted = sum(request.purpose == "collect" and request.outcome == "ok" for request in sent)
    assert len(pages) - kills <= accepted <= len(pages) + lost
    canary_requests = sum(request.purpose == "canary" for request in sent)
    assert len(queries(researcher.sandbox, 200)) <= len(pages) + damaged + lost + canary_requests
    arrived = sum(entry["path"].startswith("/v2/research/") for entry in researcher.sandbox.requests())
    assert arrived <= len(sent) <= arrived + kills, "the quota is never undercounted"


def name_of(stored: StoredPage) -> tuple[str, int]:
    return stored.search, stored.cursor
