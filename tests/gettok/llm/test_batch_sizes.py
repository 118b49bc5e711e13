"""A batch takes as many requests as its limits allow, and no more."""

from decimal import Decimal
from pathlib import Path

import pytest

from gettok.errors import BadSettings
from gettok.llm import CallLog
from gettok.llm.batch.file import BatchFile
from gettok.llm.batch.log import BatchLog, SettledCall
from gettok.settings import Batch

ONE_USD = Decimal(1)


def size_of(request: str) -> int:
    with BatchFile(1, 10_000, None) as file:
        file.add(request, {"a": 1}, ONE_USD)
        return file.flushed().stat().st_size


@pytest.mark.parametrize(
    ("requests", "spare_bytes", "budget", "fits"),
    [
        (2, 0, Decimal(2), True),
        (1, 0, Decimal(2), False),
        (2, -1, Decimal(2), False),
        (2, 0, Decimal("1.99"), False),
        (2, 0, None, True),
    ],
)
def test_a_file_holds_exactly_its_requests_its_bytes_and_the_budget(
    requests: int, spare_bytes: int, budget: Decimal | None, fits: bool
) -> None:
    with BatchFile(requests, 2 * size_of("q1") + spare_bytes, budget) as file:
        assert file.add("q1", {"a": 1}, ONE_USD)
        assert file.add("q2", {"a": 1}, ONE_USD) is fits
        assert file.add("q1", {"a": 1}, ONE_USD)
        assert file.flushed().stat().st_size == (2 if fits else 1) * size_of("q1")
        assert list(file.worst) == ["q1", "q2"][: 1 + fits]


def test_a_question_of_exactly_the_bytes_of_a_file_fits() -> None:
    with BatchFile(9, size_of("q"), None) as file:
        assert file.add("q", {"a": 1}, ONE_USD)
    with BatchFile(9, size_of("q") - 1, None) as file, pytest.raises(BadSettings, match="a whole batch"):
        file.add("q", {"a": 1}, ONE_USD)


def test_the_host_s_limit_and_that_of_the_settings_both_hold() -> None:
    for own, host, most in ((5, 3, 3), (3, 5, 3)):
        with BatchFile.within(Batch(requests=own, bytes=10_000, poll_s=1), host, None) as file:
            assert sum(file.add(str(number), {}, ONE_USD) for number in range(9)) == most


def test_a_batch_is_reserved_for_if_exactly_all_of_it_fits_the_budget(tmp_path: Path) -> None:
    with CallLog(tmp_path, 3.0) as call_log:
        log = BatchLog(call_log, "host")
        worst = dict.fromkeys("abc", ONE_USD)
        batch = log.begin("m", "f", worst)
        assert batch is not None
        assert (call_log.spent_usd(), log.pending_requests()) == (3, dict.fromkeys("abc", batch.number))
        assert log.begin("m", "f", {"d": Decimal("1e-9")}) is None
        assert sorted(log.settle(batch, [("a", SettledCall(Decimal("0.5")))], Decimal(0))) == ["a", "b", "c"]
        assert call_log.spent_usd() == Decimal("0.5")
        assert log.pending_requests() == {}
        assert log.open_batches() == []
