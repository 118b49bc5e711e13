"""What a release's columns have of people, as far as it is known by their names."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from gettok.release.metadata.facts import Facts
from gettok.tables import IMAGE, Table
from gettok.tables.dataset import PSEUDONYM
from gettok.tables.table import VIDEO_ID

#: Columns by what they contain, each as `table.column`.
PERSONAL: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        what: frozenset(columns.split())
        for what, columns in {
            "names of accounts, or pseudonyms in their place": "dataset.username dataset.account videos.username"
            " videos.mentions",
            "texts that people wrote": "dataset.caption dataset.hashtags videos.description videos.title"
            " videos.hashtags videos.hashtags_folded videos.hashtag_info videos.sticker_info captions.text"
            " videos.other_fields prompt_injection.inserted comments.text comments.other_fields",
            "ids of comments": "comments.comment_id comments.parent_comment_id",
            "words that are spoken, or the captions of them": "dataset.whisper_voice_to_text dataset.voice_to_text"
            " dataset.tiktok_captions videos.voice_to_text transcripts.text transcripts.raw_text transcripts.segments"
            " transcripts.words captions.segments pairs.left_text pairs.right_text",
            "what can be seen or read in the videos": "dataset.description_video_gpt4 dataset.on_screen_text"
            " dataset.ocr_text descriptions.description descriptions.on_screen_text descriptions.on_screen_by_frame"
            " descriptions.ocr_text screen_texts.text screen_texts.lines",
            "words of a model or of a video": "annotations.text annotations.quotes annotations.misquoted"
            " annotations.evidence annotations.missing annotations.votes annotations.tied_with prompt_injection.text"
            " prompt_injection.quotes prompt_injection.misquoted prompt_injection.evidence prompt_injection.missing"
            " prompt_injection.votes prompt_injection.tied_with",
            "details of errors, which may quote a page or an answer": "media.detail frames.detail transcripts.detail"
            " descriptions.detail screen_texts.detail annotations.detail prompt_injection.detail",
            "the country of the author's account": "dataset.region_code videos.region_code videos.region_code_sent",
        }.items()
    }
)


def personal_information(facts: Facts) -> list[str]:
    """A sentence for each kind of personal information in the tables, with the columns that have it."""
    return [*_of_columns(facts.tables), *_of_variables(facts)]


def _of_columns(tables: tuple[Table, ...]) -> Iterator[str]:
    names = [f"{table.name}.{column.name}" for table in tables for column in table.columns]
    for what, columns in PERSONAL.items():
        if found := [name for name in names if name in columns]:
            yield f"{what[0].upper()}{what[1:]}: {', '.join(found)}."
    keys = {column for table in tables for column in table.columns if column.name == VIDEO_ID.name}
    if keys - {PSEUDONYM}:
        yield "TikTok's ids of the videos, which lead to the videos and their authors."
    if PSEUDONYM in keys:
        yield "Pseudonyms of the videos, which only the holders of their key can lead back to TikTok's ids."
    pictures = [
        f"{table.name}.{name}" for table in tables for name, dtype in table.schema.items() if dtype == IMAGE
    ]
    if pictures:
        yield f"Pictures from the videos, which may show people: {', '.join(pictures)}."


def _of_variables(facts: Facts) -> Iterator[str]:
    """Labels are about videos, and say something about people as soon as these are known."""
    if facts.has_labels:
        yield (
            f"Judgements of a model about the videos ({', '.join(facts.settings.codebook.variables)}). Beside an id or "
            "a name they can reveal opinions, such as political ones, of the people who published them."
        )
