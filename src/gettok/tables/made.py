"""The tables of what the pipeline makes of the videos."""

import polars as pl

from gettok.tables.images import IMAGE
from gettok.tables.table import TIME, VIDEO_ID, Column, Table

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

MEDIA = Table(
    "media",
    "One video's file: its facts, or the reason why there is none.",
    (
        VIDEO_ID,
        Column("kind", pl.String, "`video`, or `slideshow` for photos with a sound."),
        Column("file", pl.String, "The file's name under `media/`; of a slideshow, its folder's."),
        Column("sha256", pl.String, "SHA-256 of the file; of a slideshow, of its files' names and digests."),
        Column("bytes", pl.Int64, "Size of the file, or of the slideshow's files together."),
        Column("backend", pl.String, "Which reader brought it: `page`, `ytdlp`, `pyktok` or `local`."),
        Column(
            "duration_s",
            pl.Float64,
            "Length of the decoded pictures in seconds, to the millisecond; of a slideshow, of its sound.",
        ),
        Column("frame_count", pl.Int64, "Pictures that decode; of a slideshow, its photos."),
        Column("frame_rate", pl.Float64, "Average pictures a second; empty for a slideshow."),
        Column(
            "is_constant_rate",
            pl.Boolean,
            "Whether every picture is shown for the same time; empty for a slideshow.",
        ),
        Column("bit_rate", pl.Int64, "Bits a second, pictures and sound together."),
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
        Column(
            "loudness_lufs",
            pl.Float64,
            "Integrated loudness of the sound in LUFS (EBU R128), to one place; -70 or less is silence.",
        ),
        Column(
            "sound_trouble",
            pl.String,
            "Why a slideshow is kept without the sound that its page names; empty where it has it, or names none.",
        ),
        Column(
            "captions_trouble",
            pl.String,
            "Why the captions that its page names are not in `captions`; empty where they are, or it names none.",
        ),
        *_ANSWERED,
    ),
)

SEGMENT = pl.Struct({"start_s": pl.Float64, "end_s": pl.Float64, "text": pl.String})

WORD = pl.Struct({"text": pl.String, "start_s": pl.Float64, "end_s": pl.Float64, "score": pl.Float64})

CAPTIONS = Table(
    "captions",
    "TikTok's own captions of one video; a video without any has no row.",
    (
        VIDEO_ID,
        Column("language", pl.String, "Language as TikTok names it, such as `spa-ES`."),
        Column(
            "source",
            pl.String,
            "Who wrote them, in TikTok's words: `ASR` (a recogniser), `MT` (machine translation), `LC` (a person).",
        ),
        Column("text", pl.String, "The captions as one text."),
        Column("segments", pl.List(SEGMENT), "The captions in pieces, with start and end in seconds."),
        Column(
            "format",
            pl.String,
            "Form of the file beside the video's under `media/`: `webvtt`, `srt` or `creator_caption`.",
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
            "When the frame is shown, in seconds from the first frame, to the millisecond; empty for a photo.",
        ),
        Column("width", pl.Int64, "Width of the JPEG in pixels."),
        Column("height", pl.Int64, "Height of the JPEG in pixels."),
        Column("sha256", pl.String, "SHA-256 of the JPEG."),
        Column(
            "image",
            IMAGE,
            "The frame as JPEG, as `datasets` of Hugging Face keeps pictures; `path` is the video's id and the frame's index.",
        ),
        *_ANSWERED,
    ),
    ("video_id", "frame_index"),
    rows_per_group=64,
)

TRANSCRIPTS = Table(
    "transcripts",
    "What is said in one video.",
    (
        VIDEO_ID,
        Column(
            "speech",
            pl.String,
            "What the sound is: `speech`, `suspect` (words, with `doubts`), `no_speech`, `music`, or `failed` if it could not be listened to; empty where there is no sound.",
        ),
        Column("text", pl.String, "What is said, without what Whisper is known to invent."),
        Column("raw_text", pl.String, "All that the model wrote, inventions included."),
        Column("language", pl.String, "Language of the transcript, two letters: as set, or as detected."),
        Column(
            "language_probability",
            pl.Float64,
            "How sure the model is, on the voices, that they speak this language; low where the language was set and is another.",
        ),
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
            "no_speech_prob",
            pl.Float64,
            "Mean probability that a segment holds no speech, as the recogniser reports it.",
        ),
        Column(
            "compression_ratio",
            pl.Float64,
            "Length of a segment's text over its zlib-compressed length, the highest of all segments; above 2.4 hints at a loop.",
        ),
        Column(
            "chars_per_s",
            pl.Float64,
            "Characters of text for each second of detected voice; speech has 5 to 25.",
        ),
        Column(
            "words",
            pl.List(WORD),
            "Each word of the text with its time in seconds; `score` is empty where the time was guessed from the neighbours. Empty unless `asr.align` is set.",
        ),
        Column("repeats", pl.Int64, "How often the same one to eight words stand in a row at most."),
        Column("hallucinations", pl.Int64, "Stretches that are left out of the text as known inventions."),
        Column(
            "quality_flags",
            pl.List(pl.String),
            "Which numbers are out of range: looping, compression, pace, improbable, language, invention.",
        ),
        Column("speech_model", pl.String, "The speech model's repository; empty for a folder of one's own."),
        Column("speech_model_revision", pl.String, "The commit of that repository."),
        Column("speech_model_sha256", pl.String, "SHA-256 over the names and contents of the model's files."),
        Column(
            "speech_compute_type",
            pl.String,
            "The number format that it computed in: what `asr.compute_type` came to on that machine.",
        ),
        *_ANSWERED,
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
        *_ANSWERED,
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
        *_ANSWERED,
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
        *_ANSWERED,
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

_WAY = "`voice_to_text` or `captions` (TikTok's), or `whisper` (ours)"

PAIRS = Table(
    "pairs",
    "One video's texts by two ways, for each two ways by which it has a text, and how far the two agree.",
    (
        VIDEO_ID,
        Column("left", pl.String, f"The way that is the reference: {_WAY}."),
        Column("right", pl.String, "The way that is held against it."),
        Column("created_at", TIME, "When the video was published."),
        Column("left_text", pl.String, "The text by the left way."),
        Column("right_text", pl.String, "The text by the right way."),
        Column(
            "left_language",
            pl.String,
            "Language that the left way names, as two letters where ISO 639 has them; empty for `voice_to_text`.",
        ),
        Column("right_language", pl.String, "Language that the right way names, in the same form."),
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
        Column("spelling", pl.Int64, "Words that differ otherwise, those missing on one side among them."),
    ),
    ("video_id", "left", "right"),
)
