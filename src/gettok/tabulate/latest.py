"""The latest observation of each id, from more rows than fit into memory."""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

#: Rows wait in memory up to so many bytes, then go to disk by day.
_MAX_BYTES = 192 * 2**20


class Latest:
    """Takes rows with `day` and `observed_at`, and returns the latest of each id, day by day.

    Among rows observed at the same time, the choice depends only on their content, not on the order of rows or pages.
    Rows are kept in `folder` meanwhile; a few columns stay in memory.
    """

    def __init__(
        self, folder: Path, id_column: str, index_columns: Sequence[str] = (), max_bytes: int = _MAX_BYTES
    ) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._id = id_column
        self._index_columns = ["n", "day", id_column, "observed_at", *index_columns]
        self._waiting: list[pl.DataFrame] = []
        self._index: list[pl.DataFrame] = []
        self._count = self._parts = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Add rows; every frame has the same columns."""
        if not frame.height:
            return
        numbered = frame.with_row_index("n", self._count)
        self._count += frame.height
        self._index.append(numbered.select(self._index_columns).rechunk())
        self._waiting.append(numbered)
        if sum(waiting.estimated_size() for waiting in self._waiting) > self._max_bytes:
            self._spill()

    def _spill(self) -> None:
        for (day,), rows in pl.concat(self._waiting).partition_by("day", as_dict=True).items():
            folder = self._folder / str(day)
            folder.mkdir(parents=True, exist_ok=True)
            rows.write_ipc(folder / f"{self._parts}.arrow", compression="lz4")
        self._waiting.clear()
        self._parts += 1

    def index(self) -> pl.DataFrame | None:
        """Every row's number `n`, day, id, time and the other index columns; None if there are no rows."""
        self._index = [pl.concat(self._index)] if self._index else []
        return self._index[0] if self._index else None

    def newest(self) -> pl.DataFrame | None:
        """The index of the latest row of each id; None if there are no rows."""
        if (index := self.index()) is None:
            return None
        if self._waiting:
            self._spill()
        latest = index.filter(pl.col("observed_at") == pl.col("observed_at").max().over(self._id))
        tied = latest.filter(pl.col(self._id).is_duplicated())
        chosen = pl.Series("n", self._chosen(tied), dtype=pl.UInt32)
        dropped = tied.filter(~pl.col("n").is_in(chosen.implode()))
        return latest.join(dropped, on="n", how="anti")

    def _chosen(self, tied: pl.DataFrame) -> list[int]:
        best: dict[str, tuple[bytes, int]] = {}
        for day in tied["day"].unique().sort():
            for row in self._rows(day, tied).iter_rows(named=True):
                number = row.pop("n")
                rank = (hashlib.sha256(repr(row).encode()).digest(), number)
                best[row[self._id]] = max(rank, best.get(row[self._id], rank))
        return [number for _, number in best.values()]

    def _rows(self, day: object, wanted: pl.DataFrame) -> pl.DataFrame:
        """The wanted rows of a day, with the columns that only `wanted` has."""
        files = sorted((self._folder / str(day)).glob("*.arrow"))
        parts = []
        for file in files:
            rows = pl.read_ipc(file)
            added = wanted.select("n", pl.exclude(rows.columns))
            parts.append(rows.join(added, on="n", how="inner"))
        return pl.concat(parts).rechunk()

    def days(self, newest: pl.DataFrame) -> Iterator[tuple[object, pl.DataFrame]]:
        """Each day with its newest rows, in order of day, with any columns that were added to `newest`."""
        for (day,), wanted in sorted(newest.partition_by("day", as_dict=True).items()):
            yield day, self._rows(day, wanted)
