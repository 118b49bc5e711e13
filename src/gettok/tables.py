"""Every table's schema, in one place, with a sentence for each column: the data dictionary is made from it.

Rows are written sorted, with the declared columns in the declared order and nothing else, so that the same rows give
the same bytes. Tables by day hold one Parquet file for each publication day: a new day leaves the old files untouched.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import polars as pl

from gettok.errors import BadInput
from gettok.step import Row
from gettok.writing import write_whole

_TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class Column:
    """A column's name, its type, and the sentence that the data dictionary prints."""

    name: str
    dtype: pl.DataType | type[pl.DataType]
    sentence: str


@dataclass(frozen=True)
class Table:
    """A table's name, what one row is, its columns, and the columns that its rows are sorted by."""

    name: str
    sentence: str
    columns: tuple[Column, ...]
    sort: tuple[str, ...] = ("video_id",)
    #: Rows that are read together at least; few where rows are heavy and one video's are wanted.
    rows_per_group: int = 100_000

    @property
    def schema(self) -> pl.Schema:
        return pl.Schema({column.name: column.dtype for column in self.columns})

    def frame(self, rows: Iterable[Row]) -> pl.DataFrame:
        """Rows as a sorted frame of the declared columns. A column that a row lacks is null; an unknown one raises."""
        schema = self.schema
        rows = list(rows)
        for row in rows:
            if unknown := row.keys() - schema.keys():
                raise ValueError(f"table {self.name} declares no column {sorted(unknown)}")
        return pl.DataFrame(rows, schema=schema, strict=True).sort(self.sort, nulls_last=True)

    def write(self, rows: Iterable[Row] | pl.DataFrame, path: Path) -> None:
        """Write one Parquet file; the same rows give the same bytes."""
        # polars forgets the inner type of a list column that is all null when it turns a frame round
        frame = rows.cast(self.schema) if isinstance(rows, pl.DataFrame) else self.frame(rows)
        buffer = BytesIO()
        frame.write_parquet(buffer, compression="zstd", statistics=True, row_group_size=self.rows_per_group)
        write_whole(path, buffer.getvalue())

    def read(self, path: Path, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Read one file, or all the days of a folder in order of day; an empty folder gives an empty table."""
        files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
        wanted = list(columns) if columns is not None else [column.name for column in self.columns]
        try:
            frames = [pl.read_parquet(file, columns=wanted) for file in files]
        except (FileNotFoundError, pl.exceptions.PolarsError) as error:
            raise BadInput(
                f"{path} cannot be read as the table {self.name}: {error}",
                "nothing was written",
                "run `dvc repro` for the stage that writes it, or `dvc pull` if it comes from a remote",
            ) from error
        empty = pl.DataFrame(schema={name: self.schema[name] for name in wanted})
        return pl.concat([empty, *frames])


_VIDEO_ID = Column(
    "video_id", pl.String, "TikTok's id of the video, as text: it does not fit a spreadsheet's numbers."
)

#: What every table of a costly stage has beside its own columns.
_ANSWERED = (
    Column("status", pl.String, "`ok`, or `unusable` when this stage has no result for the video."),
    Column("reason", pl.String, "Why the video is unusable, out of a closed list; empty when it is ok."),
    Column(
        "detail",
        pl.String,
        "What was seen when the video turned out unusable, in the words of the tool that saw it.",
    ),
    Column(
        "answer_key",
        pl.String,
        "The key of the stored answer that this row was read from; empty if nothing was asked.",
    ),
    Column(
        "answer",
        pl.String,
        "The stored answer, whole and verbatim, as JSON; the other columns were read from it.",
    ),
)

PAGES = Table(
    "pages",
    "One page that the Research API returned.",
    (
        Column(
            "window",
            pl.String,
            "The date window that the page belongs to, as first and last day, `2022-11-20_2022-12-19`.",
        ),
        Column("attempt", pl.Int64, "0, or how often the window's search was lost and begun again."),
        Column("cursor", pl.Int64, "Where in the search the page starts; it counts candidates, not rows."),
        Column("observed_at", _TIME, "When the server sent the page, by the server's clock."),
        Column("answer_key", pl.String, "The key of the stored answer that holds the page."),
        Column("answer", pl.String, "The page with its request and headers, verbatim, as JSON."),
    ),
    ("window", "attempt", "cursor"),
)

WINDOWS = Table(
    "windows",
    "One date window of the study's query and how far it is covered.",
    (
        Column("start", pl.Date, "First day of the window (UTC), included."),
        Column("end", pl.Date, "Last day of the window (UTC), included."),
        Column("state", pl.String, "`done`: asked to the end."),
        Column("pages", pl.Int64, "Pages received."),
        Column("rows", pl.Int64, "Videos on these pages, before duplicates are dropped."),
        Column(
            "candidates",
            pl.Int64,
            "The search's last cursor: candidates that the API looked at, of which it drops some.",
        ),
        Column("restarts", pl.Int64, "How often the search was lost and begun again."),
        Column("answer_key", pl.String, "The key of the stored answer that marks the window as done."),
        Column("answer", pl.String, "That answer, as JSON."),
    ),
    ("start",),
)

VIDEOS = Table(
    "videos",
    "One video that the study's query found.",
    (
        _VIDEO_ID,
        Column("created_at", _TIME, "When the video was published."),
        Column("username", pl.String, "Its author's name at the time of observation; names change."),
        Column("region_code", pl.String, "Country of the author's account, two upper-case letters."),
        Column("description", pl.String, "The caption, with hashtags and mentions, exactly as received."),
        Column("hashtags", pl.List(pl.String), "Hashtags without `#`, as received."),
        Column("voice_to_text", pl.String, "TikTok's own transcript; empty for most videos."),
        Column("view_count", pl.Int64, "Views when observed; counts settle for up to ten days."),
        Column("like_count", pl.Int64, "Likes when observed."),
        Column("comment_count", pl.Int64, "Comments when observed."),
        Column("share_count", pl.Int64, "Shares when observed."),
        Column("favorites_count", pl.Int64, "Bookmarks when observed."),
        Column("duration_s", pl.Int64, "Length in seconds as the API states it."),
        Column("music_id", pl.String, "TikTok's id of the sound."),
        Column("playlist_id", pl.String, "TikTok's id of the playlist that the video is part of."),
        Column("effect_ids", pl.List(pl.String), "TikTok's ids of the effects used."),
        Column("mentions", pl.List(pl.String), "Users tagged in the video."),
        Column(
            "is_stem_verified", pl.Boolean, "Whether TikTok verified it as science or technology content."
        ),
        Column("hashtag_info", pl.String, "`hashtag_info_list` as JSON."),
        Column("sticker_info", pl.String, "`sticker_info_list` as JSON."),
        Column("effect_info", pl.String, "`effect_info_list` as JSON."),
        Column("video_label", pl.String, "`video_label` as JSON; its members are not documented."),
        Column(
            "video_tag", pl.String, "`video_tag` as JSON; TikTok's pages disagree on what its numbers mean."
        ),
        Column(
            "other_fields",
            pl.String,
            "Fields that the API's documentation does not name, or whose value is not of the documented type, as JSON.",
        ),
        Column("observed_at", _TIME, "When the values in this row were observed."),
        Column("observations", pl.Int64, "On how many pages the video was seen."),
    ),
)

MEDIA = Table(
    "media",
    "One video's file: its facts, or the reason why there is none.",
    (
        _VIDEO_ID,
        Column("file", pl.String, "The file's name under `media/`."),
        Column("sha256", pl.String, "SHA-256 of the file."),
        Column("bytes", pl.Int64, "Size of the file."),
        Column("duration_s", pl.Float64, "Length of the decoded pictures in seconds, to the millisecond."),
        Column("frame_count", pl.Int64, "Pictures that decode."),
        Column("frame_rate", pl.Float64, "Average pictures a second."),
        Column("width", pl.Int64, "Width as shown, after rotation, in pixels."),
        Column("height", pl.Int64, "Height as shown, after rotation, in pixels."),
        Column(
            "rotation",
            pl.Int64,
            "Degrees by which a player turns the stored picture, counter-clockwise: 0, 90, 180 or 270.",
        ),
        Column("video_codec", pl.String, "Codec of the pictures, such as `h264`."),
        Column("has_audio", pl.Boolean, "Whether there is a sound track. None is a fact, not a failure."),
        Column("audio_codec", pl.String, "Codec of the sound."),
        Column("audio_channels", pl.Int64, "Sound channels."),
        Column("sample_rate", pl.Int64, "Sound samples a second."),
        *_ANSWERED,
    ),
)

FRAMES = Table(
    "frames",
    "One frame of a video; a video without frames has one row with the reason.",
    (
        _VIDEO_ID,
        Column("frame_index", pl.Int64, "Position of the frame in display order, from 0."),
        Column(
            "time_s",
            pl.Float64,
            "When the frame is shown, in seconds from the first frame, to the millisecond.",
        ),
        Column("width", pl.Int64, "Width of the JPEG in pixels."),
        Column("height", pl.Int64, "Height of the JPEG in pixels."),
        Column("sha256", pl.String, "SHA-256 of the JPEG."),
        Column("jpeg", pl.Binary, "The frame as JPEG."),
        *_ANSWERED,
    ),
    ("video_id", "frame_index"),
    rows_per_group=64,
)

SEGMENT = pl.Struct({"start_s": pl.Float64, "end_s": pl.Float64, "text": pl.String})

TRANSCRIPTS = Table(
    "transcripts",
    "What is said in one video.",
    (
        _VIDEO_ID,
        Column("text", pl.String, "The whole transcript."),
        Column("language", pl.String, "Language of the transcript, two letters: as set, or as detected."),
        Column("segments", pl.List(SEGMENT), "The transcript in pieces, with start and end in seconds."),
        Column("sound_s", pl.Float64, "Length of the sound in seconds."),
        Column(
            "speech_ratio",
            pl.Float64,
            "Share of the sound in which the voice activity detection hears a voice.",
        ),
        Column(
            "avg_logprob",
            pl.Float64,
            "Mean log-probability of the segments as the recogniser reports it; nearer 0 is surer.",
        ),
        Column(
            "compression_ratio",
            pl.Float64,
            "Length of the text over its zlib-compressed length; above 2.4 hints at a loop.",
        ),
        Column(
            "chars_per_s",
            pl.Float64,
            "Characters of text for each second of detected voice; speech has 5 to 25.",
        ),
        Column(
            "suspect",
            pl.Boolean,
            "Whether a flag is out of range: compression above 2.4 or chars_per_s above 30.",
        ),
        *_ANSWERED,
    ),
)

_USAGE = (
    Column("model", pl.String, "The model that answered, as it named itself."),
    Column("finish_reason", pl.String, "Why the model stopped, in its host's words."),
    Column("prompt_tokens", pl.Int64, "Tokens sent, as the host counted them."),
    Column("completion_tokens", pl.Int64, "Tokens received, as the host counted them."),
    Column("cost_usd", pl.Float64, "Price of the tokens at the settings' prices."),
    Column(
        "filter_failed",
        pl.Boolean,
        "Whether the host says that its content filter did not run, so that the answer is unchecked (Azure).",
    ),
)

DESCRIPTIONS = Table(
    "descriptions",
    "What a model sees in the frames of one video.",
    (
        _VIDEO_ID,
        Column("description", pl.String, "What happens in the video."),
        Column("on_screen_text", pl.String, "Text that appears in the frames."),
        Column("frame_indices", pl.List(pl.Int64), "The frames that were sent."),
        *_USAGE,
        *_ANSWERED,
    ),
)

STANCES = Table(
    "stances",
    "The stance of one video towards the study's target.",
    (
        _VIDEO_ID,
        Column("label", pl.String, "The stance, one of the study's labels."),
        Column(
            "confidence",
            pl.Float64,
            "Share of the votes for the label; empty when only one vote was asked for.",
        ),
        Column(
            "votes", pl.List(pl.String), "Each answer's label, in the order asked; null where one had none."
        ),
        Column("tied", pl.Boolean, "Whether another label had as many votes; the one answered first stands."),
        Column(
            "evidence", pl.String, "What the model quotes from the inputs for the label; empty if nothing."
        ),
        Column(
            "inputs_used",
            pl.List(pl.String),
            "Which inputs the video had: transcript, description, on_screen_text, caption, frame.",
        ),
        *_USAGE,
        *_ANSWERED,
    ),
)

PAIRS = Table(
    "pairs",
    "One video that has both TikTok's transcript and ours, and how far the two agree.",
    (
        _VIDEO_ID,
        Column("created_at", _TIME, "When the video was published."),
        Column("tiktok_text", pl.String, "TikTok's transcript (`voice_to_text`)."),
        Column("whisper_text", pl.String, "Our transcript."),
        Column("tiktok_words", pl.Int64, "Words in TikTok's transcript."),
        Column("whisper_words", pl.Int64, "Words in ours."),
        Column("jaccard", pl.Float64, "Shared words over all words, as sets of normalised words."),
        Column("cosine", pl.Float64, "Cosine similarity of the two texts' embeddings."),
        Column("wer", pl.Float64, "Word error rate of ours against TikTok's, on normalised words."),
        Column("capitalisation", pl.Int64, "Aligned words that differ in capitals only."),
        Column("punctuation", pl.Int64, "Aligned words that differ in punctuation only (capitals aside)."),
        Column("spelling", pl.Int64, "Words that differ otherwise, those missing on one side among them."),
    ),
)

TABLES: Mapping[str, Table] = {
    table.name: table
    for table in (PAGES, WINDOWS, VIDEOS, MEDIA, FRAMES, TRANSCRIPTS, DESCRIPTIONS, STANCES, PAIRS)
}
