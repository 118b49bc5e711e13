"""In which forms of a release each column is: the one place that says what is shared with whom.

`ids_only`    the ids of the videos, for people who may ask TikTok for them again.
`public`      rows under pseudonyms: labels and codes with their confidences, quality figures, days, and numbers by their
              magnitude; of comments, how many by day; no ids, names, texts, pictures, exact times or exact counts of a
              video.
`controlled`  the ids, and what the pipeline made: facts about the files, transcripts, descriptions, on-screen text,
              annotations, prompt injection variants, comparisons of transcripts, and numbers of comments by video;
              names of accounts as pseudonyms; no captions, comments, counts or images, and no texts or quotations as
              the values of annotations, as they may repeat all these.
`team`        every column except `answer`; the answers are in the tables that `dvc pull` brings.

Users' profiles are in no form: they are about people and not about videos, and no stage after `tabulate` needs them.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, TypeAlias, get_args

#: The forms of a release.
Form: TypeAlias = Literal["ids_only", "public", "controlled", "team"]
FORMS: tuple[Form, ...] = get_args(Form)
#: The forms that have columns beside the ids; each has all columns of those before it.
WITH_RESULTS: tuple[Form, ...] = ("public", "controlled", "team")

#: What each form has, as a release says it.
MEANINGS: Mapping[Form, str] = MappingProxyType(
    {
        "ids_only": "the ids of the videos alone",
        "public": "labels, codes and quality figures under pseudonyms, with days, and with counts by their magnitude; of"
        " comments, how many by day; no ids, names, texts or pictures",
        "controlled": "ids, transcripts, descriptions, on-screen text, labels and codes, with pseudonyms for accounts;"
        " comments in numbers alone; nothing of TikTok's own texts, counts and pictures. Those who get it must keep"
        " TikTok's terms",
        "team": "everything, for the people of the application that TikTok approved alone",
    }
)

_ANSWERED = "status reason"
_VALUE = "variable label labels number abstained"
_JUDGEMENT = (
    "confidence confidence_by votes voters failed_votes tied_with evidence_in inputs_used first_model model"
)
_USAGE = "finish_reason prompt_tokens cached_tokens completion_tokens cost_usd"
_WORDS = "text quotes quotes_in misquoted evidence missing filter_failed detail"

#: The columns of each released table by the most open form that has them. A column that is not here is in no release.
_COLUMNS: Mapping[str, Mapping[Form, str]] = {
    "videos": {
        "controlled": "video_id created_at observed_at",
        "team": "username region_code region_code_sent description title hashtags hashtags_folded voice_to_text view_count"
        " like_count comment_count share_count favorites_count duration_s music_id playlist_id effect_ids mentions"
        " is_stem_verified hashtag_info sticker_info effect_info video_label video_tag ai_label paid_label"
        " page_ai_label page_ai_label_type other_fields retyped mended endpoint first_observed_at observations",
    },
    "counts": {
        "team": "video_id observed_at view_count like_count comment_count share_count favorites_count",
    },
    "comments": {
        "team": "comment_id video_id parent_comment_id is_reply created_at text like_count reply_count other_fields"
        " observed_at",
    },
    "comments_by_video": {"controlled": "video_id comments replies days liked liked_10 liked_100"},
    "comments_by_day": {"public": "day videos comments_at_least", "controlled": "comments replies"},
    "media": {
        "controlled": "video_id kind sha256 bytes backend duration_s frame_count frame_rate is_constant_rate bit_rate"
        " width height rotation is_mirrored pixel_aspect_ratio color_primaries color_transfer color_space color_range"
        " video_codec video_tracks video_track container has_audio audio_codec audio_channels sample_rate audio_tracks"
        " audio_track loudness_lufs c2pa c2pa_ai c2pa_trust_list_sha256 answer_key"
        f" {_ANSWERED}",
        "team": "file sound_trouble captions_trouble page_ai_label page_ai_label_type detail",
    },
    "captions": {"controlled": "video_id language source format", "team": "text segments"},
    "frames": {
        "controlled": f"video_id frame_index time_s width height sha256 {_ANSWERED} answer_key",
        "team": "image detail",
    },
    "transcripts": {
        "public": "video_id speech language language_share language_probability avg_logprob no_speech_prob"
        f" quality_flags speech_model speech_model_revision speech_model_sha256 speech_compute_type {_ANSWERED}",
        "controlled": "text raw_text segments words sound_s speech_ratio compression_ratio chars_per_s repeats"
        " hallucinations answer_key",
        "team": "detail",
    },
    "descriptions": {
        "public": f"video_id on_screen_language ocr_cer ocr_cer_reason ocr_unread_scripts model {_ANSWERED}",
        "controlled": "description on_screen_text on_screen_by_frame frame_indices clip_s ocr_text"
        f" {_USAGE} answer_key",
        "team": "filter_failed detail",
    },
    "screen_texts": {
        "controlled": f"video_id frame_index text lines reader reader_sha256 {_ANSWERED} answer_key",
        "team": "detail",
    },
    "annotations": {
        "public": f"video_id {_VALUE} {_JUDGEMENT} label_order {_ANSWERED}",
        "controlled": f"clip_s {_USAGE} answer_key",
        "team": _WORDS,
    },
    "prompt_injection": {
        "public": f"video_id attack_type clean_label wanted inserted_into flipped complied {_VALUE} {_JUDGEMENT}"
        f" {_ANSWERED}",
        "controlled": f"inserted clip_s {_USAGE} answer_key",
        "team": _WORDS,
    },
    "pairs": {
        "public": "video_id left right left_language right_language jaccard cosine wer cer capitalisation punctuation"
        " spelling",
        "controlled": "created_at left_words right_words left_characters wrong_characters",
        "team": "left_text right_text",
    },
}

#: The same, by table and column.
FORM_OF: Mapping[str, Mapping[str, Form]] = MappingProxyType(
    {
        table: MappingProxyType({name: form for form, names in forms.items() for name in names.split()})
        for table, forms in _COLUMNS.items()
    }
)


def forms_from(first: Form) -> tuple[Form, ...]:
    """The forms with results from this one on, of which each has all columns of those before it."""
    return WITH_RESULTS[WITH_RESULTS.index(first) :]


def columns_in(table: str, form: Form) -> frozenset[str]:
    """The columns of a table that a release of this form has; none if it does not have the table."""
    return frozenset(name for name, first in FORM_OF.get(table, {}).items() if form in forms_from(first))
