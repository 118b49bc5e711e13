"""Which texts a video has, and figure 4: the share of each day's videos that have one."""

from datetime import UTC, date, datetime

import polars as pl

from gettok.compare.text_sources import TEXT_SOURCES, per_day, translations, video_texts
from gettok.tables import CAPTIONS, TRANSCRIPTS, VIDEOS


def video(number, day, voice_to_text=None):
    return {
        "video_id": str(number),
        "created_at": datetime(2022, 12, day, 23, 59, tzinfo=UTC),
        "voice_to_text": voice_to_text,
    }


def caption(number, source="ASR", text="Sí."):
    return {"video_id": str(number), "source": source, "text": text, "language": "spa-ES"}


def five_videos():
    videos = VIDEOS.frame(
        [video(1, 8, "hola"), video(2, 7), video(3, 7, ""), video(4, 7, "sí"), video(5, 7, " ")]
    )
    captions = CAPTIONS.frame([caption(1), caption(2, "LC"), caption(3, "MT"), caption(5, None)])
    transcripts = TRANSCRIPTS.frame(
        [
            {"video_id": "1", "status": "unusable", "reason": "no_speech"},
            {"video_id": "2", "status": "ok", "text": "El pueblo."},
            {"video_id": "4", "status": "ok", "text": "Sí."},
            {"video_id": "9", "status": "ok", "text": "of no video"},
        ]
    )
    return video_texts(videos, captions, transcripts)


def test_figure_4_counts_for_each_day_the_videos_with_a_text_from_each_source():
    assert per_day(five_videos()).columns == ["day", "videos", *TEXT_SOURCES]
    assert per_day(five_videos()).rows() == [
        (date(2022, 12, 7), 4, 1, 2, 2),
        (date(2022, 12, 8), 1, 1, 1, 0),
    ]


def test_figure_4_of_nothing_is_an_empty_table_with_its_columns():
    empty = per_day(video_texts(VIDEOS.frame([]), CAPTIONS.frame([]), TRANSCRIPTS.frame([])))
    assert empty.schema == {"day": pl.Date, "videos": pl.Int64, **dict.fromkeys(TEXT_SOURCES, pl.Int64)}
    assert empty.is_empty()


def test_a_machine_translation_is_not_a_text_of_what_is_said_and_is_counted():
    assert five_videos().filter(video_id="3")["captions"].to_list() == [None]
    assert translations(CAPTIONS.frame([caption(1), caption(3, "MT"), caption(5, None)])) == 1
