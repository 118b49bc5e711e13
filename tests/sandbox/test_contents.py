"""What the corpus has for a study: counted as the sandbox's own search finds it."""

import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from root import ROOT

from gettok.settings.query import Query, conditions
from sandbox.contents import contents
from sandbox.corpus.plan import planned_videos
from sandbox.videos import Corpus

DEMO_DAYS = {"start": "2022-11-20", "end": "2023-02-28"}


def request(start: str, end: str, **query) -> dict:
    return {"query": conditions(Query.model_validate(query)), "start": start, "end": end}


def test_the_corpus_s_days_regions_and_hashtags_are_named():
    first, _, days, hashtags = contents(request(**DEMO_DAYS, any={"keywords": ["nothing of this kind"]}))
    assert first == f"0 of the sandbox's {len(planned_videos())} videos match this study's terms and days"
    assert days.startswith("days: 2022-11-20 to 2023-03-01; regions: PE ")
    assert "golpedeestadoperu" in hashtags


@pytest.mark.parametrize("end", ["2023-02-27", "2023-02-28", "2023-03-01"])
def test_both_days_are_included(end):
    days = [
        datetime.fromtimestamp(video.created, UTC).date().isoformat() for video in Corpus().videos.values()
    ]
    assert (min(days), max(days)) == ("2022-11-20", "2023-03-01")
    asked = request("2022-11-20", end, all={"regions": ["PE", "CL", "CO", "US"]})
    assert contents(asked)[0].startswith(f"{sum(day <= end for day in days)} of ")


def test_each_group_of_terms_counts():
    videos = Corpus().videos.values()
    tag = "GolpeDeEstado"
    tagged = [
        v for v in videos if tag.lower() in [name.lower() for name in v.facts.get("hashtag_names") or []]
    ]
    in_peru = [video for video in tagged if video.facts["region_code"] == "PE"]
    days = (DEMO_DAYS["start"], "2023-03-01")
    assert len(in_peru) > 2
    asked = request(*days, any={"hashtags": [tag, "nothing"]}, all={"regions": ["PE"]})
    assert contents(asked)[0].startswith(f"{len(in_peru)} of ")
    username = in_peru[0].facts["username"]
    by_others = [video for video in in_peru if video.facts["username"] != username]
    asked = request(*days, any={"hashtags": [tag]}, all={"regions": ["PE"]}, none={"usernames": [username]})
    assert contents(asked)[0].startswith(f"{len(by_others)} of ")


@pytest.mark.parametrize(
    ("days", "query", "alone"),
    [
        (DEMO_DAYS, {"any": {"keywords": ["nothing"]}}, "49 within the days, 0 with a term of any"),
        (
            {"start": "2022-01-01", "end": "2022-01-31"},
            {"any": {"hashtags": ["GolpeDeEstado"]}, "all": {"regions": ["PE"]}},
            "0 within the days, 12 with a term of any, 49 with all terms of all",
        ),
        (
            DEMO_DAYS,
            {"all": {"regions": ["DE"]}, "none": {"keywords": ["nothing"]}},
            "49 within the days, 0 with all terms of all, 52 with no term of none",
        ),
    ],
)
def test_if_nothing_is_found_each_condition_alone_shows_which_is_at_fault(days, query, alone):
    assert (
        contents(request(**days, **query))[1]
        == f"each condition alone: {alone}; change the one with the fewest first"
    )


def test_it_is_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.contents"],
        input=json.dumps(request(**DEMO_DAYS, any={"keywords": ["Castillo"]})),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 3
