"""The tables of what is said in the videos: transcripts, and pairs of them."""

import polars as pl

from gettok.tables.media import ANSWERED, CLOCK
from gettok.tables.table import TIME, VIDEO_ID, Column, Table

WORD = pl.Struct({"text": pl.String, "start_s": pl.Float64, "end_s": pl.Float64, "score": pl.Float64})
SPOKEN_SEGMENT = pl.Struct(
    {"start_s": pl.Float64, "end_s": pl.Float64, "language": pl.String, "text": pl.String}
)

TRANSCRIPTS = Table(
    "transcripts",
    "The transcript of one video.",
    (
        VIDEO_ID,
        Column(
            "speech",
            pl.String,
            "What the sound is: `speech`, `suspect` (speech with `quality_flags`), `no_speech`, `music`, or `failed` if it could not be transcribed; empty where there is no sound.",
        ),
        Column("text", pl.String, "What is said, without known hallucinations of Whisper."),
        Column("raw_text", pl.String, "All that the model wrote, including hallucinations."),
        Column(
            "language",
            pl.String,
            "Language of the transcript, in Whisper's code, mostly two letters, as set; or the one of the detected languages that is spoken longest.",
        ),
        Column("language_share", pl.Float64, "Share of the transcribed speech that is in `language`."),
        Column(
            "language_probability",
            pl.Float64,
            "Probability that the model gives the language of each segment on its speech, the mean over the segments; low where a language was set and the video is in another.",
        ),
        Column(
            "segments",
            pl.List(SPOKEN_SEGMENT),
            f"The transcript in parts, each with its language and with start and end in seconds {CLOCK}.",
        ),
        Column("sound_s", pl.Float64, f"Seconds {CLOCK} to the end of the sound."),
        Column(
            "speech_ratio",
            pl.Float64,
            "Share of the sound in which the voice activity detection finds speech.",
        ),
        Column(
            "avg_logprob",
            pl.Float64,
            "Mean log-probability of the segments as the recogniser reports it; nearer 0 is more certain.",
        ),
        Column(
            "no_speech_prob",
            pl.Float64,
            "Mean probability that a segment has no speech, as the recogniser reports it.",
        ),
        Column(
            "compression_ratio",
            pl.Float64,
            "Length of a segment's text over its zlib-compressed length, the highest of all segments; a value above 2.4 suggests a loop.",
        ),
        Column(
            "chars_per_s",
            pl.Float64,
            "Characters of text for each second of detected speech; normal speech has 5 to 25.",
        ),
        Column(
            "words",
            pl.List(WORD),
            f"Each word of the text with its time in seconds {CLOCK}; `score` is empty where the time was interpolated between its neighbours. Empty unless `asr.align` is set.",
        ),
        Column("repeats", pl.Int64, "How many times in a row the same one to eight words appear at most."),
        Column(
            "hallucinations",
            pl.Int64,
            "Number of segments that are left out of `text` as known hallucinations.",
        ),
        Column(
            "quality_flags",
            pl.List(pl.String),
            "Reasons to doubt the text. Numbers out of range: `looping`, `compression`, `pace`, `improbable`, `language`, `hallucination`; `demo_model`: it is by the demo's speech model, which invents sentences for any speech but the demo's.",
        ),
        Column("speech_model", pl.String, "The speech model's repository; empty for a local folder."),
        Column("speech_model_revision", pl.String, "The commit of that repository."),
        Column("speech_model_sha256", pl.String, "SHA-256 over the names and contents of the model's files."),
        Column(
            "speech_compute_type",
            pl.String,
            "The number format that it computed in: what `asr.compute_type` meant on that machine.",
        ),
        *ANSWERED,
    ),
)

_TEXT_SOURCES = "`voice_to_text` or `captions` (TikTok's), or `whisper` (ours)"

PAIRS = Table(
    "pairs",
    "One video's texts from two text sources, for each pair of sources that have one, and how far the two agree.",
    (
        VIDEO_ID,
        Column("left", pl.String, f"The text source that is the reference: {_TEXT_SOURCES}."),
        Column("right", pl.String, "The text source that is compared with it."),
        Column("created_at", TIME, "When the video was published."),
        Column("left_text", pl.String, "The text from the left source."),
        Column("right_text", pl.String, "The text from the right source."),
        Column(
            "left_language",
            pl.String,
            "Language that the left source gives: Whisper's code, or the ISO 639 code of a language that Whisper lacks; empty for `voice_to_text`.",
        ),
        Column("right_language", pl.String, "Language that the right source gives, in the same form."),
        Column("left_words", pl.Int64, "Words of the left text, normalised."),
        Column("right_words", pl.Int64, "Words of the right text, normalised."),
        Column("jaccard", pl.Float64, "Shared words over all words, as sets of normalised words."),
        Column("cosine", pl.Float64, "Cosine similarity of the two texts' embeddings."),
        Column("wer", pl.Float64, "Word error rate of the right text against the left, on normalised words."),
        Column(
            "cer",
            pl.Float64,
            "Character error rate of the right text against the left, on normalised words with a space between.",
        ),
        Column(
            "left_characters", pl.Int64, "Characters of those words of the left text, with a space between."
        ),
        Column(
            "wrong_characters",
            pl.Int64,
            "Characters to replace, leave out or insert to make the left ones of the right ones: `cer` is their share of `left_characters`.",
        ),
        Column("capitalisation", pl.Int64, "Aligned words that differ in capitals only."),
        Column("punctuation", pl.Int64, "Aligned words that differ in punctuation only (capitals aside)."),
        Column(
            "spelling",
            pl.Int64,
            "Words that differ in any other respect, including words that one side lacks.",
        ),
    ),
    ("video_id", "left", "right"),
)
