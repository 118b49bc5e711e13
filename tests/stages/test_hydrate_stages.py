"""Hydrating a release at the sandbox, where some of its videos have vanished, with a kill in the middle."""

import json
import os
import shlex
import signal
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from small_study import shared, tables, video
from waiting import wait_until
from workspace import Workspace

from gettok import release
from gettok.tables import VIDEOS
from gettok.tables.forms import Form
from sandbox import bulk
from sandbox.profiles import Profile
from sandbox.server import Sandbox

COUNT, DAYS = 120, 120
PROVENANCE = {
    "settings": {
        "study": {"start": "2022-11-20", "end": "2023-03-19"},
        "source": {"kind": "research_api", "name": "sandbox"},
    }
}
#: Every tenth video is gone.
GONE = slice(3, None, 10)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    bulk.write(folder, videos=COUNT, seed="hydrate", start=date(2022, 11, 20), days=DAYS)
    return folder


@pytest.fixture(scope="module")
def rows(corpus) -> list[dict]:
    return [row["api"] for row in json.loads((corpus / "videos.json").read_text("utf-8"))]


def released(rows: list[dict], folder: Path, form: Form) -> None:
    videos = [
        video(place, video_id=str(row["id"]), created_at=datetime.fromtimestamp(row["create_time"], UTC))
        for place, row in enumerate(rows)
    ]
    release.write(folder, tables(*videos), shared(form, 1), PROVENANCE)


def hydrating(folder: Path, sandbox: Sandbox, rows: list[dict], form: Form = "controlled") -> Workspace:
    """A workspace in which the release's ids are listed, with the settings that the command names."""
    workspace = Workspace.make(folder, sandbox.base)
    released(rows, folder / "release", form)
    code, said, err = workspace.gettok("hydrate", "release")
    assert code == 0, err
    (line,) = (shlex.split(line) for line in said.splitlines() if "gettok compose" in line)
    code, _, err = workspace.gettok(*line[1:])
    assert code == 0, err
    return workspace


def asked(sandbox: Sandbox) -> int:
    return sum("/v2/research/" in entry["path"] for entry in sandbox.requests())


def receipt(workspace: Workspace) -> dict:
    code, _, err = workspace.gettok("hydrate", "release", "--receipt")
    assert code == 0, err
    return json.loads((workspace.data / "hydration" / "receipt.json").read_text("utf-8"))


@pytest.mark.slow
def test_a_killed_hydration_goes_on_without_asking_twice_and_gives_the_same_receipt(corpus, rows, tmp_path):
    gone = frozenset(str(row["id"]) for row in rows[GONE])
    with Sandbox(corpus=corpus, profile=Profile(hidden=gone, delay_s=0.05)) as sandbox:
        (tmp_path / "clean").mkdir()
        clean = hydrating(tmp_path / "clean", sandbox, rows)
        code, said, err = clean.gettok("plan")
        assert (code, sandbox.requests()) == (0, []), err
        assert "looks up 120 videos of inputs/collect/ids.csv by id" in said
        clean.run("collect", "tabulate")
        needed = asked(sandbox)
        assert needed > 8, "several batches, each looked for twice"
        expected = receipt(clean)

        (tmp_path / "killed").mkdir()
        workspace = hydrating(tmp_path / "killed", sandbox, rows)
        for answered in (3, 6):
            process = workspace.start("collect")
            wait_until(lambda: asked(sandbox) >= needed + answered)  # noqa: B023 - called in this turn
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            assert not (workspace.data / "pages").exists(), "half-done must not look done"
        code, _, err = workspace.gettok("hydrate", "release", "--receipt")
        assert code == 66
        assert "there are no tables of its videos in data/" in err
        workspace.run("collect", "tabulate")
        assert asked(sandbox) - needed <= needed + 2, "at most the two in flight were asked for twice"
        found = receipt(workspace)
        total = asked(sandbox)
        workspace.run("collect", "tabulate")
        assert asked(sandbox) == total, "nothing is asked for twice"
        assert receipt(workspace) == found
    assert {**found, "asked": None} == {**expected, "asked": None}
    assert found["videos"] == {"released": 120, "found": 108, "changed": 0, "gone": 12}
    assert found["gone_because"] == {"not_found": 12}
    ids = VIDEOS.read(workspace.data / "videos")["video_id"].to_list()
    assert sorted(ids) == sorted({str(row["id"]) for row in rows} - gone)


def test_the_receipt_counts_by_label_and_day_what_the_release_and_the_sandbox_have(corpus, rows, tmp_path):
    gone = frozenset(str(row["id"]) for row in rows[GONE])
    with Sandbox(corpus=corpus, profile=Profile(hidden=gone)) as sandbox:
        workspace = hydrating(tmp_path, sandbox, rows)
        workspace.run("collect", "tabulate")
        found = receipt(workspace)
    by_day = Counter(str(datetime.fromtimestamp(row["create_time"], UTC).date()) for row in rows)
    lost = Counter(str(datetime.fromtimestamp(row["create_time"], UTC).date()) for row in rows[GONE])
    assert {day["day"]: (day["released"], day["gone"]) for day in found["days"]} == {
        day: (count, lost[day]) for day, count in by_day.items()
    }
    stance = found["variables"]["stance"]
    labels = ("support", "no support", "neutral")
    of_gone = Counter(labels[place % 3] for place in range(COUNT)[GONE])
    assert {each["label"]: (each["released"], each["gone"]) for each in stance["labels"]} == {
        label: (40, of_gone[label]) for label in labels
    }
    for each in stance["labels"]:
        assert each["share"] == 0.3333
        assert each["lowest"] == pytest.approx((40 - of_gone[each["label"]]) / COUNT, abs=1e-4)
        assert each["highest"] - each["lowest"] == pytest.approx(12 / COUNT, abs=2e-4)


def test_a_release_of_ids_becomes_tables_and_another_list_is_never_overwritten(corpus, rows, tmp_path):
    with Sandbox(corpus=corpus) as sandbox:
        workspace = hydrating(tmp_path, sandbox, rows, "ids_only")
        listed = (tmp_path / "inputs/collect/ids.csv").read_bytes()
        assert listed.decode().split() == ["video_id", *sorted(str(row["id"]) for row in rows)]
        assert workspace.gettok("hydrate", "release")[0] == 0, "the same list may be there"
        workspace.run("collect", "tabulate")
        found = receipt(workspace)
        assert found["videos"] == {"released": 120, "found": 120, "changed": None, "gone": 0}
        assert found["variables"] == {}
        (tmp_path / "inputs/collect/ids.csv").write_text("id\n1\n", "utf-8")
        code, _, err = workspace.gettok("hydrate", "release")
        assert code == 66
        assert "inputs/collect/ids.csv is another list of ids" in err
        assert (tmp_path / "inputs/collect/ids.csv").read_text("utf-8") == "id\n1\n"
