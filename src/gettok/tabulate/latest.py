"""The latest observation of each thing, out of more rows than memory holds."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

#: Rows wait in memory until they are so many bytes, then go to disk by day.
_WAITING_BYTES = 192 * 2**20


class Latest:
    """Rows with `day` and `observed_at`, of which each id's latest is given back, day by day.

    Of several observed at one time, one is chosen by what is in it: neither the order in which rows come nor the
    pages that they come on make a difference. Rows lie in `folder` in between; a few columns stay in memory.
    """

    def __init__(
        self, folder: Path, identity: str, kept: Sequence[str] = (), most_bytes: int = _WAITING_BYTES
    ) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._identity = identity
        self._light = ["n", "day", identity, "observed_at", *kept]
        self._waiting: list[pl.DataFrame] = []
        self._index: list[pl.DataFrame] = []
        self._count = self._parts = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Take rows in; every frame has the same columns."""
        if not frame.height:
            return
        numbered = frame.with_row_index("n", self._count)
        self._count += frame.height
        self._index.append(numbered.select(self._light).rechunk())
        self._waiting.append(numbered)
        if sum(waiting.estimated_size() for waiting in self._waiting) > self._most_bytes:
            self._spill()

    def _spill(self) -> None:
        for (day,), of_day in pl.concat(self._waiting).partition_by("day", as_dict=True).items():
            place = self._folder / str(day)
            place.mkdir(parents=True, exist_ok=True)
            of_day.write_ipc(place / f"{self._parts}.arrow", compression="lz4")
        self._waiting.clear()
        self._parts += 1

    def index(self) -> pl.DataFrame | None:
        """Every row's number `n`, day, id, time and what else was to be kept; None if there is no row."""
        self._index = [pl.concat(self._index)] if self._index else []
        return self._index[0] if self._index else None

    def winners(self) -> pl.DataFrame | None:
        """The index of the latest row of each id; None if there is no row."""
        if (index := self.index()) is None:
            return None
        if self._waiting:
            self._spill()
        at_last = index.filter(pl.col("observed_at") == pl.col("observed_at").max().over(self._identity))
        tied = at_last.filter(pl.col(self._identity).is_duplicated())
        chosen = pl.Series("n", self._chosen(tied), dtype=pl.UInt32)
        lost = tied.filter(~pl.col("n").is_in(chosen.implode()))
        return at_last.join(lost, on="n", how="anti")

    def _chosen(self, tied: pl.DataFrame) -> list[int]:
        best: dict[str, tuple[bytes, int]] = {}
        for day in tied["day"].unique().sort():
            for row in self._rows(day, tied).iter_rows(named=True):
                number = row.pop("n")
                rank = (hashlib.sha256(repr(row).encode()).digest(), number)
                best[row[self._identity]] = max(rank, best.get(row[self._identity], rank))
        return [number for _, number in best.values()]

    def _rows(self, day: object, wanted: pl.DataFrame) -> pl.DataFrame:
        """The rows of a day whose numbers are among the wanted, with what is known of them beside."""
        files = sorted((self._folder / str(day)).glob("*.arrow"))
        parts = []
        for file in files:
            rows = pl.read_ipc(file)
            beside = wanted.select("n", pl.exclude(rows.columns))
            parts.append(rows.join(beside, on="n", how="inner"))
        return pl.concat(parts).rechunk()

    def days(self, winners: pl.DataFrame) -> Iterator[tuple[object, pl.DataFrame]]:
        """Each day with its winning rows, in order of day; columns that were added to `winners` come with them."""
        for (day,), wanted in sorted(winners.partition_by("day", as_dict=True).items()):
            yield day, self._rows(day, wanted)
