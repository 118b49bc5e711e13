"""A study is collected day by day for weeks: its books balance, its disk grows as its data, and no day takes longer.

`GETTOK_SOAK_DAYS` sets how many days (`make soak DAYS=102`).
"""

import os
import random
from collections import Counter
from statistics import median

import pytest
from measured_programs import measured_programs
from repository import Repository
from soaked_study import Soaked, corpus

from sandbox.server import Sandbox

DAYS = int(os.environ.get("GETTOK_SOAK_DAYS", "8"))
#: After the first days, in which all is new to the cache and the store: as many early days are compared as late ones.
EARLY = slice(7, 17) if DAYS >= 30 else slice(2, 5)
LATE = slice(-10, None) if DAYS >= 30 else slice(-3, None)
#: What a day's step may take more at the end than at the beginning.
GROWTH = 1.5
#: A program that takes less CPU than this, in seconds, is not compared alone: such a figure is mostly chance.
LEAST_CPU_S = 0.3


def table(cpu: list[Counter[str]]) -> dict[str, tuple[float, float]]:
    """The median CPU of each program on the early and on the late days, in seconds."""
    names = dict.fromkeys(name for day in cpu for name in day)
    return {
        name: (median(day[name] for day in cpu[EARLY]), median(day[name] for day in cpu[LATE]))
        for name in names
    }


@pytest.mark.slow
def test_a_study_that_is_collected_day_by_day_takes_no_longer_each_day(tmp_path):
    folder = corpus(tmp_path / "corpus", DAYS)
    with Sandbox(profile="realistic", corpus=folder) as sandbox:
        repository = Repository.from_working_tree(tmp_path / "repo", sandbox.base)
        with measured_programs(repository.folder, tmp_path / "programs", repository.environment) as programs:
            soaked = Soaked(programs, sandbox.clock, random.Random("soak"))
            for number in range(DAYS):
                soaked.day(number)
                if number % 10 == 9:
                    print(
                        f"day {number + 1}: {soaked.disk[-1]}, {soaked.cpu[-1].total():.1f} s of CPU",
                        flush=True,
                    )
    compared = table(soaked.cpu) | {"a day": whole(soaked.cpu)}
    print(
        *(f"{name}: {early:.2f} s, then {late:.2f} s" for name, (early, late) in compared.items()), sep="\n"
    )
    print(*(f"week {n}: {week.total():.1f} s of CPU" for n, week in enumerate(soaked.weekly, 1)), sep="\n")
    print(f"disk after each week: {soaked.disk[6::7]}")
    assert len(soaked.videos()) > DAYS
    assert soaked.erased
    slower = {
        name: (early, late)
        for name, (early, late) in compared.items()
        if late > GROWTH * max(early, LEAST_CPU_S)
    }
    assert slower == {}
    ratios = [disk.taken / disk.data for disk in soaked.disk[6::7]]
    assert max(ratios) <= 1.5 * min(ratios), "the disk grows as the data do"


def whole(cpu: list[Counter[str]]) -> tuple[float, float]:
    totals = [day.total() for day in cpu]
    return median(totals[EARLY]), median(totals[LATE])
