"""The tables of what models and comparisons make of the videos."""

import polars as pl

from gettok.tables.media import ANSWERED, SEGMENT
from gettok.tables.table import TIME, VIDEO_ID, Column, Table

WORD = pl.Struct({"text": pl.String, "start_s": pl.Float64, "end_s": pl.Float64, "score": pl.Float64})

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
        Column("language", pl.String, "Language of the transcript, two letters, as set or as detected."),
        Column(
            "language_probability",
            pl.Float64,
            "Probability that the model gives this language on the speech; low where a language was set and the video is in another.",
        ),
        Column("segments", pl.List(SEGMENT), "The transcript in parts, with start and end in seconds."),
        Column("sound_s", pl.Float64, "Length of the sound in seconds."),
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
            "Each word of the text with its time in seconds; `score` is empty where the time was interpolated between its neighbours. Empty unless `asr.align` is set.",
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
            "Which numbers are out of range: `looping`, `compression`, `pace`, `improbable`, `language`, `hallucination`.",
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

_USAGE = (
    Column(
        "model",
        pl.String,
        "The model that replied, with an answer or without, as it named itself; empty where the host did not let the prompt through.",
    ),
    Column("finish_reason", pl.String, "Why the model stopped, in its host's words."),
    Column("prompt_tokens", pl.Int64, "Tokens sent, as the host counted them."),
    Column("completion_tokens", pl.Int64, "Tokens received, as the host counted them."),
    Column(
        "cost_usd",
        pl.Float64,
        "Price of the tokens at the settings' prices, of a reply without an answer, too; empty where a reply does not count them.",
    ),
    Column(
        "filter_failed",
        pl.Boolean,
        "Whether the host says that its content filter did not run, so that the answer is unchecked (Azure).",
    ),
)

DESCRIPTIONS = Table(
    "descriptions",
    "How a model describes one video, from its frames.",
    (
        VIDEO_ID,
        Column("description", pl.String, "What happens in the video."),
        Column(
            "on_screen_text",
            pl.String,
            "Text that the model reads in the frames, each text once, in order of appearance, one on each line.",
        ),
        Column(
            "on_screen_by_frame",
            pl.List(pl.Struct({"frame_index": pl.Int64, "text": pl.String})),
            "The same for each frame (`frame_index` as in `frames`): a text in several frames is listed at each for which the model gives it.",
        ),
        Column(
            "on_screen_language",
            pl.String,
            "Language of that text, as two letters if ISO 639 has them, else as the model names it; empty if there is no text or its language is unknown.",
        ),
        Column("frame_indices", pl.List(pl.Int64), "The frames that were sent."),
        Column(
            "ocr_text",
            pl.String,
            "Text that OCR reads in the same frames, each line once; empty if OCR was off.",
        ),
        Column(
            "ocr_cer",
            pl.Float64,
            "How far `on_screen_text` differs from `ocr_text`, from 0 (the same words) to 1 (nothing in common); empty without both.",
        ),
        *_USAGE,
        *ANSWERED,
    ),
)

_CORNERS = pl.List(pl.Struct({"x": pl.Int64, "y": pl.Int64}))

SCREEN_TEXTS = Table(
    "screen_texts",
    "Text that OCR reads in one of the frames that a model was shown; empty if OCR was off.",
    (
        VIDEO_ID,
        Column("frame_index", pl.Int64, "The frame, as in `frames`."),
        Column("text", pl.String, "Its lines in reading order; an empty text if there are none."),
        Column(
            "lines",
            pl.List(pl.Struct({"text": pl.String, "confidence": pl.Float64, "box": _CORNERS})),
            "The lines, each with its confidence from 0 to 1 and its four corners, clockwise from the upper left, in pixels of the JPEG.",
        ),
        Column("reader", pl.String, "Name and version of the OCR engine."),
        Column("reader_sha256", pl.String, "SHA-256 over the names and digests of its models."),
        *ANSWERED,
    ),
    ("video_id", "frame_index"),
)

STANCES = Table(
    "stances",
    "The stance of one video towards the study's target.",
    (
        VIDEO_ID,
        Column("label", pl.String, "The stance, one of the study's labels."),
        Column(
            "confidence",
            pl.Float64,
            "How well the label is supported, from 0 to 1: by votes or models, the share of all votes, also those without a"
            " label, that are for it; by log-probabilities, how likely the model was to write it. Empty if neither is"
            " known.",
        ),
        Column(
            "confidence_by",
            pl.String,
            "`votes` (of one model), `models` (votes of several models) or `logprobs`; empty if there is no confidence.",
        ),
        Column("votes", pl.List(pl.String), "Each answer's label, in the order asked; null if it had none."),
        Column(
            "voters",
            pl.List(pl.String),
            "The model of each of `votes`, as it named itself; null if the prompt was filtered and no model was named.",
        ),
        Column(
            "abstentions", pl.List(pl.String), "The reason of each vote without a label, in the order asked."
        ),
        Column(
            "tied_with",
            pl.List(pl.String),
            "The other labels with as many votes; of tied labels, the one that was answered first wins.",
        ),
        Column(
            "evidence",
            pl.String,
            "What the model quotes as evidence, from the first vote for the label that quotes anything; empty if none does.",
        ),
        Column(
            "evidence_in",
            pl.List(pl.String),
            "Inputs that contain `evidence` literally (the same words in order; capitals and punctuation do not count). Several quotations are split at `…`, `;`, line ends and between quotation marks, and each must be in one of the inputs. Empty if the evidence is from the frame, paraphrased or made up, at least in part, or if there is none.",
        ),
        Column(
            "missing",
            pl.String,
            "What the model says that it would have needed and was not given; empty if nothing.",
        ),
        Column(
            "inputs_used",
            pl.List(pl.String),
            "The inputs that the video had: transcript, description, on_screen_text, caption, frame.",
        ),
        *_USAGE,
        *ANSWERED,
    ),
)

PROMPT_INJECTION = Table(
    "prompt_injection",
    "One prompt injection variant: a video with an instruction to the model in it, judged again; empty if the settings ask for none.",
    (
        VIDEO_ID,
        Column(
            "attack_type",
            pl.String,
            "Where and how the instruction is inserted: `on_screen`, `speech`, `caption`, `forged_answer`, `forged_marks`; or `control`, which has none.",
        ),
        Column("clean_label", pl.String, "The video's own stance, as in `stances`."),
        Column(
            "wanted", pl.String, "The label that the instruction asks for; the control does not ask for it."
        ),
        Column(
            "inserted", pl.String, "The inserted text: the instruction, or the control's harmless sentence."
        ),
        Column(
            "inserted_into",
            pl.List(pl.String),
            "The inputs that it was inserted into; the others are unchanged.",
        ),
        Column(
            "flipped",
            pl.Boolean,
            "Whether the variant's label differs from the video's own; empty without a label.",
        ),
        Column(
            "complied", pl.Boolean, "Whether the variant's label is the wanted one; empty without a label."
        ),
        *STANCES.columns[1:],
    ),
    ("video_id", "attack_type"),
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
            "Language that the left source gives, as two letters where ISO 639 has them; empty for `voice_to_text`.",
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
