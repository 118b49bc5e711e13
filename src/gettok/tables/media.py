"""The tables of the videos' files: media, captions and frames."""

import polars as pl

from gettok.tables.image_columns import IMAGE
from gettok.tables.table import VIDEO_ID, Column, Table

#: The columns that every table of a costly stage has besides its own.
ANSWERED = (
    Column("status", pl.String, "`ok`, or `unusable` when this stage has no result for the video."),
    Column("reason", pl.String, "Why the video is unusable, from a closed list; empty if it is ok."),
    Column(
        "detail",
        pl.String,
        "The details of the reason, in the words of the tool that reported it.",
    ),
    Column(
        "answer_key",
        pl.String,
        "The key of the stored answer that this row was read from; empty if there was nothing to ask.",
    ),
    Column(
        "answer",
        pl.String,
        "The stored answer, whole and verbatim, as JSON; the other columns were read from it.",
    ),
)

#: The zero of all times in seconds of a video.
CLOCK = "from the moment a player begins to show the video (its first picture or sound)"

MEDIA = Table(
    "media",
    "One video's file: its facts, or the reason why there is none.",
    (
        VIDEO_ID,
        Column("kind", pl.String, "`video`, or `slideshow` for photos with a sound."),
        Column("file", pl.String, "Name of the file under `media/`; for a slideshow, of its folder."),
        Column("sha256", pl.String, "SHA-256 of the file; for a slideshow, of its files' names and digests."),
        Column("bytes", pl.Int64, "Size of the file; for a slideshow, of all its files."),
        Column("backend", pl.String, "The download backend that fetched it, as `download.backend` names it."),
        Column(
            "duration_s",
            pl.Float64,
            f"Seconds {CLOCK} to the end of its last picture or sound, whichever is later, to the millisecond; for a slideshow, the length of its sound.",
        ),
        Column("frame_count", pl.Int64, "Number of pictures that decode; for a slideshow, of its photos."),
        Column("frame_rate", pl.Float64, "Average pictures per second; empty for a slideshow."),
        Column(
            "is_constant_rate",
            pl.Boolean,
            "Whether every picture is shown for the same time; empty for a slideshow.",
        ),
        Column("bit_rate", pl.Int64, "Bits per second, pictures and sound together."),
        Column("width", pl.Int64, "Width in pixels as a player shows it: turned, and with square pixels."),
        Column("height", pl.Int64, "Height in pixels as a player shows it: turned, and with square pixels."),
        Column(
            "rotation",
            pl.Int64,
            "Degrees by which a player turns the stored picture, counter-clockwise: 0, 90, 180 or 270.",
        ),
        Column(
            "is_mirrored",
            pl.Boolean,
            "Whether a player mirrors the stored picture left to right, before turning it; with 180 degrees, that is upside down.",
        ),
        Column(
            "pixel_aspect_ratio",
            pl.Float64,
            "Width of a stored pixel relative to its height: 1 for square pixels; empty for a slideshow.",
        ),
        Column(
            "color_primaries",
            pl.String,
            "Primaries of the colours as the file declares them, such as `bt709` or `bt2020`; empty if it does not.",
        ),
        Column(
            "color_transfer",
            pl.String,
            "Transfer of the colours as the file declares it: `smpte2084` (PQ) and `arib-std-b67` (HLG) are HDR.",
        ),
        Column(
            "color_space",
            pl.String,
            "Matrix of the colours as the file declares it, such as `bt709`, `smpte170m` (BT.601) or `bt2020nc`.",
        ),
        Column(
            "color_range",
            pl.String,
            "Range of the stored values as the file declares it: `limited` or `full`.",
        ),
        Column("video_codec", pl.String, "Codec of the pictures, such as `h264`."),
        Column("video_tracks", pl.Int64, "Number of tracks of pictures, covers among them."),
        Column("video_track", pl.Int64, "Which of them is taken, from 0; empty for a slideshow."),
        Column(
            "container",
            pl.String,
            "Format of the file: `mp4` (also for MOV), `webm` or `matroska`; empty for a slideshow.",
        ),
        Column(
            "has_audio", pl.Boolean, "Whether there is an audio track; a video without one is not an error."
        ),
        Column(
            "audio_codec", pl.String, "Codec of the sound, where there are several tracks of the one taken."
        ),
        Column("audio_channels", pl.Int64, "Number of its channels."),
        Column("sample_rate", pl.Int64, "Its samples per second."),
        Column("audio_tracks", pl.Int64, "Number of audio tracks."),
        Column(
            "audio_track",
            pl.Int64,
            "Which of them is taken, from 0: the default one, unless it does not decode or is silent beside one that is not; empty if none decodes.",
        ),
        Column(
            "loudness_lufs",
            pl.Float64,
            "Integrated loudness of the sound in LUFS (EBU R128), to one decimal place; -70 or less is silence.",
        ),
        Column(
            "sound_trouble",
            pl.String,
            "Why a video has no sound, a slideshow lacks the one that its page names, or a file of sound in a local slideshow's folder is not used; else empty.",
        ),
        Column(
            "c2pa",
            pl.String,
            "Content Credentials (C2PA) in the file as it came: `none`, `not_supported` (a format without them), `elsewhere` (only an address of them, which is not asked), `invalid`, `valid` (by a signer who is not known), `trusted`; for a slideshow, the worst of its files.",
        ),
        Column(
            "c2pa_ai",
            pl.Boolean,
            "Whether these credentials say that AI generated the pictures or a part of them; empty where there are none to read.",
        ),
        Column(
            "c2pa_trust_list_sha256",
            pl.String,
            "SHA-256 of the list of certificates by which a signer is `trusted` (`download.trust_list`); empty if none is named.",
        ),
        Column(
            "captions_trouble",
            pl.String,
            "Why the captions that its page names are not in `captions`; empty if they are or the page names none.",
        ),
        Column(
            "page_ai_label",
            pl.Boolean,
            "Whether its page labels the video as AI-generated (`IsAigc`, or an `aigcLabelType` above 0, also in `aigcInfo`); empty if the page"
            " has neither or was not read.",
        ),
        Column(
            "page_ai_label_type",
            pl.Int64,
            "The page's number `aigcLabelType`; TikTok does not document its meaning.",
        ),
        *ANSWERED,
    ),
)

SEGMENT = pl.Struct({"start_s": pl.Float64, "end_s": pl.Float64, "text": pl.String})

CAPTIONS = Table(
    "captions",
    "TikTok's own captions of one video; a video without captions has no row.",
    (
        VIDEO_ID,
        Column("language", pl.String, "Language as TikTok names it, such as `spa-ES`."),
        Column(
            "source",
            pl.String,
            "Their source as TikTok names it: `ASR` (speech recognition), `MT` (machine translation), `LC` (a person).",
        ),
        Column("text", pl.String, "The captions as one text, without tags and placement marks."),
        Column(
            "segments",
            pl.List(SEGMENT),
            f"The captions in parts, with start and end in seconds {CLOCK}; one that ends before it starts has no duration.",
        ),
        Column(
            "format",
            pl.String,
            "Format of their file under `media/`: `webvtt`, `srt` or `creator_caption`. It is read by its byte-order mark, else as UTF-8, else as Windows-1252.",
        ),
    ),
)

FRAMES = Table(
    "frames",
    "One frame of a video; a video without frames has one row with the reason.",
    (
        VIDEO_ID,
        Column("frame_index", pl.Int64, "Position of the frame in display order, from 0."),
        Column(
            "time_s",
            pl.Float64,
            f"When the frame is shown, in seconds {CLOCK}, to the millisecond; empty for a photo.",
        ),
        Column("width", pl.Int64, "Width of the JPEG in pixels."),
        Column("height", pl.Int64, "Height of the JPEG in pixels."),
        Column("sha256", pl.String, "SHA-256 of the JPEG."),
        Column(
            "image",
            IMAGE,
            "The frame as JPEG, in the layout of Hugging Face's `datasets`; `path` has the video's id and the frame's index.",
        ),
        *ANSWERED,
    ),
    ("video_id", "frame_index"),
    rows_per_group=64,
)
