"""The tables of what models see and judge: descriptions, on-screen texts, stances, and prompt injection variants."""

import polars as pl

from gettok.tables.media import ANSWERED
from gettok.tables.table import VIDEO_ID, Column, Table

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
            "Language of that text: Whisper's code, or the ISO 639 code of a language that Whisper lacks, or the model's own word if that is not a code. Empty if there is no text or its language is unknown.",
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
            "How far `on_screen_text` differs from `ocr_text`, from 0 (the same words) to 1 (nothing in common); empty without both, and where OCR cannot read the script.",
        ),
        Column(
            "ocr_cer_reason",
            pl.String,
            "Why a description has no `ocr_cer`: `off` (the settings ask for no OCR), `unread` (OCR could not read the frames, for the reason in `screen_texts`), `unknown_letters` (`on_screen_text` has letters that OCR cannot write, so that a difference would say nothing of the model).",
        ),
        Column(
            "ocr_unread_scripts",
            pl.List(pl.String),
            "The scripts of these letters, by their names in Unicode, such as `Cyrillic`; `Latin` where only accented letters are unknown.",
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
