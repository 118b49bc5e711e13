"""Table 2 and figures 2 to 4 of the report, computed by DuckDB from the files of a release.

It shares no code with the report, so that the two do not have the same mistake. All values are texts, as the report
writes them.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Literal

import duckdb

#: Case and accents: as DuckDB has them, and not as the column `hashtags_folded`.
_TAG = {"folded": "lower(strip_accents(spelling))", "verbatim": "spelling"}
_HAS_WORDS = r"coalesce(regexp_matches({}, '[\p{{L}}\p{{N}}]'), false)"
#: The share to four digits in whole numbers, so that no digit depends on how a machine rounds; midway, to the even one.
_SHARE = """
    (CASE WHEN (20000 * {0} + videos) % (2 * videos) = 0 AND (20000 * {0} + videos) // (2 * videos) % 2 = 1
          THEN (20000 * {0} + videos) // (2 * videos) - 1
          ELSE (20000 * {0} + videos) // (2 * videos) END / 10000)::DOUBLE::VARCHAR
"""


class Release:
    """The files of a release, form `team`."""

    def __init__(self, folder: Path) -> None:
        self._database = duckdb.connect()
        self._database.execute("SET TimeZone = 'Asia/Tokyo'")  # a day is a day in UTC wherever it is counted
        for name in ("dataset", "captions", "transcripts"):
            rows = self._database.read_parquet(str(folder / f"{name}.parquet"))
            rows.create_view(name)

    def _rows(self, sql: str) -> list[tuple[str, ...]]:
        return self._database.execute(sql).fetchall()

    def totals(self) -> Mapping[str, str]:
        """Table 2."""
        found = self._database.execute("""
            SELECT count(*) AS videos,
                   count(DISTINCT username) AS users,
                   coalesce(sum(like_count), 0) AS likes,
                   coalesce(sum(view_count), 0) AS views,
                   coalesce(sum(comment_count), 0) AS comments,
                   coalesce(sum(share_count), 0) AS shares
            FROM dataset
        """)
        names = [column[0] for column in found.description]
        return dict(zip(names, map(str, found.fetchone()), strict=True))

    def hashtags(
        self, by: Literal["videos", "views"], spellings: Literal["folded", "verbatim"]
    ) -> list[tuple[str, ...]]:
        """One half of figure 2: the first ten hashtags, each with its number."""
        return self._rows(f"""
            WITH spelled AS (
                SELECT video_id, coalesce(view_count, 0) AS views, nfc_normalize(unnest(hashtags)) AS spelling
                FROM dataset
            ),
            tagged AS (SELECT *, {_TAG[spellings]} AS tag FROM spelled),
            counted AS (
                SELECT tag, count(*) AS videos, sum(views) AS views
                FROM (SELECT DISTINCT video_id, views, tag FROM tagged WHERE tag <> '')
                GROUP BY tag
            ),
            most AS (
                SELECT tag, spelling
                FROM tagged
                GROUP BY tag, spelling
                QUALIFY row_number() OVER (PARTITION BY tag ORDER BY count(DISTINCT video_id) DESC, spelling) = 1
            )
            SELECT '#' || spelling, format('{{:,}}', {by}::BIGINT)
            FROM counted JOIN most USING (tag)
            ORDER BY {by} DESC, tag
            LIMIT 10
        """)

    def posts_per_day(self, start: date, end: date) -> list[tuple[str, ...]]:
        """Figure 3: every day from the first of the study, or with a video, to the last."""
        return self._rows(f"""
            WITH published AS (SELECT (created_at AT TIME ZONE 'UTC')::DATE AS day FROM dataset),
            limits AS (
                SELECT least(DATE '{start}', min(day)) AS first, greatest(DATE '{end}', max(day)) AS last
                FROM published
            ),
            days AS (SELECT unnest(range(first, last + 1, INTERVAL 1 DAY))::DATE AS day FROM limits)
            SELECT days.day::VARCHAR, count(published.day)::VARCHAR
            FROM days LEFT JOIN published USING (day)
            GROUP BY days.day
            ORDER BY days.day
        """)

    def transcripts_per_day(self) -> list[tuple[str, ...]]:
        """Figure 4: of each day with videos, how many, and the share of them that has a text from each source."""
        shares = ", ".join(_SHARE.format(source) for source in ("theirs", "captioned", "ours"))
        return self._rows(f"""
            WITH days AS (
                SELECT (created_at AT TIME ZONE 'UTC')::DATE AS day,
                       count(*) AS videos,
                       count_if({_HAS_WORDS.format("voice_to_text")}) AS theirs,
                       count_if(video_id IN (
                           SELECT video_id FROM captions
                           WHERE source IS DISTINCT FROM 'MT' AND {_HAS_WORDS.format("text")}
                       )) AS captioned,
                       count_if(video_id IN (
                           SELECT video_id FROM transcripts WHERE {_HAS_WORDS.format("text")}
                       )) AS ours
                FROM dataset
                GROUP BY day
            )
            SELECT day::VARCHAR, videos::VARCHAR, {shares}
            FROM days
            ORDER BY day
        """)
