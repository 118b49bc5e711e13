"""The tables of what models see and judge: descriptions, on-screen texts, annotations, and injection variants."""

from dataclasses import replace

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
    Column(
        "cached_tokens",
        pl.Int64,
        "How many of these came from the host's cache, and so cost less where `llm.prices` says so; empty where the host does not say, which is not 0.",
    ),
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

CLIP_S = Column(
    "clip_s",
    pl.Float64,
    "Seconds of the video, or of its sound, that the model was sent: `llm.clip.max_s` at most; empty if it got neither.",
)

DESCRIPTIONS = Table(
    "descriptions",
    "How a model describes one video, from its frames, the video itself or its sound, as `llm.sees` says.",
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
        CLIP_S,
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
            "Why a description has no `ocr_cer`: `off` (the settings ask for no OCR), `unread` (OCR could not read the frames, for the reason in `screen_texts`), `unknown_letters` (`on_screen_text` has letters, digits or marks that OCR cannot write, so that a difference would say nothing of the model).",
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

_VALUE = (
    Column("variable", pl.String, "The variable of the codebook."),
    Column("label", pl.String, "The value of a variable of the kind `one_of`, `ordinal` or `yes_no`."),
    Column(
        "labels",
        pl.List(pl.String),
        "The values of a variable of the kind `any_of`; an empty list if none holds.",
    ),
    Column("number", pl.Float64, "The value of a variable of the kind `number`."),
    Column("text", pl.String, "The value of a variable of the kind `text`, as the model wrote it."),
    Column(
        "quotes",
        pl.List(pl.String),
        "The values of a variable of the kind `span`: words that occur literally in an input; `evidence_in` names the input.",
    ),
    Column("quotes_in", pl.List(pl.List(pl.String)), "The inputs that contain each of `quotes`."),
    Column(
        "misquoted",
        pl.List(pl.String),
        "What a model quoted for a `span` and what is in no text: read in a frame, paraphrased or made up.",
    ),
    Column("abstained", pl.Boolean, "Whether the model says that it cannot tell; the value is then empty."),
)
_JUDGEMENT = (
    Column(
        "confidence",
        pl.Float64,
        "How well the value is supported, from 0 to 1: by votes or models, the share of all votes, also those without a"
        " value, that are for it; by log-probabilities, how likely the model was to write it. Empty if neither is"
        " known.",
    ),
    Column(
        "confidence_by",
        pl.String,
        "`votes` (of one model), `models` (votes of several models) or `logprobs`; empty if there is no confidence.",
    ),
    Column(
        "votes",
        pl.List(pl.String),
        "Each answer's value, in the order asked, lists as JSON; an empty text if it says that it cannot tell, null if"
        " it has no value.",
    ),
    Column(
        "voters",
        pl.List(pl.String),
        "The model of each of `votes`, as it named itself; null if the prompt was filtered and no model was named.",
    ),
    Column(
        "failed_votes", pl.List(pl.String), "The reason of each vote without a value, in the order asked."
    ),
    Column(
        "tied_with",
        pl.List(pl.String),
        "The other values with as many votes; of tied values, the one that was answered first wins.",
    ),
    Column(
        "evidence",
        pl.String,
        "What the model quotes as evidence, from the first vote for the value that quotes anything; empty if none does.",
    ),
    Column(
        "evidence_in",
        pl.List(pl.String),
        "Inputs that contain `evidence` literally (the same words in order; capitals and punctuation do not count). Several quotations are split at `…`, `;`, line ends and between quotation marks, and each must be in one of the inputs. Empty if the evidence is from the frame, paraphrased or made up, at least in part, or if there is none.",
    ),
    Column(
        "missing",
        pl.String,
        "What the model says that it would have needed and was not given, for all variables of the group; empty if nothing.",
    ),
    Column(
        "inputs_used",
        pl.List(pl.String),
        "What the model was given: transcript, description, on_screen_text, caption, frames, video, sound.",
    ),
    CLIP_S,
)
_OF_ANNOTATIONS = (
    Column(
        "label_order",
        pl.Int64,
        "The order in which the model was shown the group's labels: 0 is the codebook's, and each next begins with the next label. Empty where it was not asked.",
    ),
    Column(
        "first_model",
        pl.String,
        "Of a cascade: the small model that was asked first, as the settings name it, and was not sure enough about this video, so that `model` was asked; its answer is in `cascade`. Empty where the first model's answer counts.",
    ),
)
_ONCE = (
    " What a call cost is in the row of its group's first variable; the others were answered by the same call, and are"
    " empty."
)
#: The columns about a call for a whole group of variables.
ONCE_A_GROUP = ("prompt_tokens", "cached_tokens", "completion_tokens", "cost_usd", "answer")
_GROUP_USAGE = tuple(
    replace(column, sentence=column.sentence + _ONCE) if column.name in ONCE_A_GROUP else column
    for column in _USAGE
)
_GROUP_ANSWER = tuple(
    replace(column, sentence=column.sentence + " It is in the row of its group's first variable alone.")
    if column.name in ONCE_A_GROUP
    else column
    for column in ANSWERED
)

ANNOTATIONS = Table(
    "annotations",
    "The value of one variable of the codebook for one video.",
    (VIDEO_ID, *_VALUE, *_JUDGEMENT, *_OF_ANNOTATIONS, *_GROUP_USAGE, *_GROUP_ANSWER),
    ("video_id", "variable"),
)

CASCADE = Table(
    "cascade",
    "The small model's value of one variable for a video about which a cascade asked its large model, too; empty without a cascade.",
    tuple(column for column in ANNOTATIONS.columns if column not in _OF_ANNOTATIONS),
    ("video_id", "variable"),
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
        Column("clean_label", pl.String, "The video's own label of this variable, as in `annotations`."),
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
        *(column for column in ANNOTATIONS.columns[1:] if column.name != "label_order"),
    ),
    ("video_id", "variable", "attack_type"),
)
