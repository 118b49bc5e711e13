"""One video's record in words: what each section has, why a part is missing, and a page that is safe and complete."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from html_page import Page
from small_study import attacked, coded, jpeg, study_of, tables, video

from gettok.annotate.human_labels.reading import HumanLabel
from gettok.errors import REASONS
from gettok.report.video_record import VideoRecord, page, sections

HOSTILE = '</dd><script>alert(1)</script><img src=x onerror="alert(2)"> {{ 7 * 7 }}'
EMPTY = ("counts", "comments", "users", "captions", "prompt_injection", "pairs", "screen_texts")


def record_of(place: int = 2, study=None, **changes) -> VideoRecord:
    """A video of a small study; `changes` has columns of its rows, by table."""
    study = study or attacked(study_of(3))
    video_id = study.videos["video_id"][place]
    found = {
        name: frame.filter(video_id=video_id).drop("image", "answer", strict=False).to_dicts()
        for name, frame in study.named().items()
    }
    rows = {name: [{**row, **changes.get(name, {})} for row in of] for name, of in found.items()}
    return VideoRecord(video_id, {**{name: [] for name in EMPTY}, **rows}, {})


def facts(record: VideoRecord, title: str) -> dict[str, str]:
    (section,) = (section for section in sections(record) if section.title == title)
    return dict(section.facts)


def missing(record: VideoRecord) -> dict[str, str]:
    return {section.title: section.missing for section in sections(record) if section.missing}


def test_who_when_where_and_how_often():
    video_facts = facts(record_of(), "Video")
    assert video_facts["author"] == "@user.3"
    assert video_facts["published"] == "2022-12-08 12:00:00 UTC"
    assert video_facts["link"] == "https://www.tiktok.com/@user.3/video/7213456789012345603"
    assert video_facts["counts"] == "3,000 views, 30 likes, 3 comments, 1 share"


def test_an_author_s_name_that_is_none_of_tiktok_s_gives_no_link():
    assert "link" not in facts(record_of(videos={"username": "a/../b"}), "Video")


def test_the_facts_of_the_file():
    media = {"width": 360, "height": 640, "frame_count": 894, "frame_rate": 30.0, "video_codec": "h264"}
    media |= {"bytes": 494278, "audio_codec": "aac", "loudness_lufs": 0.0, "has_audio": True}
    file = facts(record_of(media=media), "File")
    assert file["length"] == "20.500 s"
    assert file["size"] == "494,278 bytes"
    assert file["pictures"] == "894 at 30 per second, 360 by 640 pixels, h264"
    assert file["sound"] == "aac, 0.0 LUFS"
    assert facts(record_of(media={"has_audio": False}), "File")["sound"] == "none"


def test_the_three_texts_with_language_and_flags():
    flags = {"quality_flags": ["looping", "pace"], "raw_text": "and more", "language_probability": 0.5}
    record = record_of(transcripts={**flags, "speech": "suspect"})
    assert facts(record, "Caption")["text"] == "Video 3 ¡el pueblo unido! #golpedeestado #Perú"
    theirs = facts(record, "TikTok's transcript")
    assert theirs["voice_to_text"].startswith("el presidente Castillo")
    assert theirs["captions are"] == "spa-ES, ASR"
    ours = facts(record, "Our transcript")
    assert ours["text"].startswith("El Presidente Castillo, cerro")
    assert ours["language"] == "es, with probability 0.50"
    assert (ours["quality flags"], ours["sound"]) == ("looping, pace", "suspect")
    assert ours["with hallucinations"] == "and more"


def test_the_times_of_the_frames_and_of_those_that_were_described():
    record = record_of(frames={"time_s": 1.5}, descriptions={"frame_indices": [0, 300]})
    assert facts(record, "Frames") == {"frames": "1", "at": "1.500 s"}
    assert facts(record, "Description")["of the frames at"] == "1.500 s, index 300"
    assert facts(record_of(frames={"time_s": None}), "Frames")["at"] == "photo 1"


def test_the_text_on_the_screen_as_the_model_and_as_ocr_read_it():
    screen = facts(record_of(descriptions={"ocr_text": "NO A LA", "ocr_cer": 0.25}), "On the screen")
    assert screen["read by the model"] == "NO A LA VACANCIA"
    assert screen["read by OCR"] == "NO A LA"
    assert screen["character error rate"] == "0.25"
    assert facts(record_of(descriptions={"ocr_text": ""}), "On the screen")["read by OCR"] == "no text"
    assert facts(record_of(descriptions={"ocr_text": None}), "On the screen")["read by OCR"] == "not read"


def test_the_stance_with_each_vote_evidence_and_confidence():
    judged = {"votes": ["support", None, "neutral"], "voters": ["a", "b", None], "failed_votes": ["refused"]}
    record = record_of(
        annotations={**judged, "evidence": "NO", "evidence_in": ["caption"], "tied_with": ["neutral"]}
    )
    stance = facts(record, "Stance")
    assert stance["label"] == record.row("annotations")["label"]
    assert stance["votes"] == "support (a), refused (b), neutral"
    assert (stance["evidence"], stance["evidence is in"]) == ("NO", "caption")
    assert stance["confidence"] == "80%, by votes"
    assert stance["tied with"] == "neutral"
    unfound = facts(record_of(annotations={"evidence": "NO", "evidence_in": []}), "Stance")
    assert unfound["evidence is in"] == "none of the texts, literally"


def test_each_variable_has_a_section_with_the_value_of_its_kind():
    study = coded(study_of(3))
    first, third = record_of(0, study), record_of(2, study)
    order = [section.title for section in sections(first)]
    assert order[order.index("Description") + 1 : order.index("Human labels")] == [
        "Anger", "Call", "People", "Places", "Stance", "Subject", "Topics",
    ]  # fmt: skip
    values = {title: facts(first, title) for title in ("Call", "Topics", "People", "Subject")}
    assert values["Call"]["label"] == "yes"
    assert values["Topics"]["labels"] == "congress, protest"
    assert values["People"]["number"] == "2"
    assert values["Subject"]["text"] == "A <march>."
    assert facts(first, "Places")["quotes"] == "Lima"
    assert facts(first, "Places")["quotations are in"] == "transcript"
    assert facts(first, "Places")["quoted, but in none of the texts"] == "Cusco"
    assert facts(third, "Topics")["labels"] == "none"


def test_a_variable_without_a_value_says_why():
    study = coded(study_of(6))
    last = record_of(4, study)
    assert facts(last, "Anger")["value"] == "cannot tell"
    assert missing(last)["Places"] == f"{REASONS['not_applicable']} (not_applicable)"
    votes = {
        "votes": ["", "low", None],
        "voters": ["a", "b", "c"],
        "failed_votes": ["refused"],
        "tied_with": [""],
    }
    anger = facts(record_of(4, study, annotations=votes), "Anger")
    assert (anger["votes"], anger["tied with"]) == ("cannot tell (a), low (b), refused (c)", "cannot tell")


def test_what_people_and_the_variants_say():
    given = [HumanLabel(2, "1", "ana", "support"), HumanLabel(3, "1", "ben", None)]
    given.append(HumanLabel(4, "1", "ana", "yes", "call"))
    record = replace(record_of(), human_labels=given)
    assert facts(record, "Human labels") == {"ana": "support", "ben": "left blank", "call, ana": "yes"}
    assert facts(record_of(), "Human labels") == {"label": "none"}
    variants = facts(record, "Prompt injection")
    assert set(variants) == {"stance, speech", "stance, control"}
    assert variants["stance, speech"].startswith("judged '")


def test_the_history_has_the_last_observation_of_each_day():
    at = [datetime(2023, 3, day, hour, tzinfo=UTC) for day, hour in ((1, 8), (1, 20), (2, 8))]
    counts = [{"observed_at": time, "view_count": 1000 + place} for place, time in enumerate(at)]
    record = record_of()
    record = replace(record, tables={**record.tables, "counts": counts})
    assert facts(record, "Counts by day") == {"2023-03-01": "1,001 views", "2023-03-02": "1,002 views"}


def test_why_anything_is_missing_in_the_words_of_the_closed_list():
    said = missing(record_of(1, media={"detail": "403"}))
    assert said["File"] == f"{REASONS['private']} (private: 403)"
    for title in ("Our transcript", "Frames", "On the screen", "Description", "Stance"):
        assert said[title] == f"{REASONS['no_media']} (no_media)"
    assert "Video" not in said


def test_a_table_that_is_not_made_names_the_stage():
    record = record_of()
    found = {name: rows for name, rows in record.tables.items() if name not in ("annotations", "videos")}
    record = replace(record, tables=found, not_made={"annotations": "annotate", "videos": "tabulate"})
    said = missing(record)
    assert said["Annotations"] == "not made yet: run `dvc repro annotate`"
    assert said["Video"] == said["Caption"] == "not made yet: run `dvc repro tabulate`"
    assert facts(record, "Annotations") == {}


def test_a_page_has_every_frame_and_loads_nothing():
    record = record_of(frames={"time_s": 1.5})
    found = Page(page(record, {0: jpeg("a")}))
    assert found.elements.count("img") == 1
    assert [value[:23] for value in found.values("src")] == ["data:image/jpeg;base64,"]
    assert found.values("href") == ["https://www.tiktok.com/@user.3/video/7213456789012345603"]
    assert found.values("content")[1] == "width=device-width, initial-scale=1"


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("videos", "description"),
        ("videos", "username"),
        ("transcripts", "text"),
        ("descriptions", "on_screen_text"),
        ("annotations", "evidence"),
        ("media", "file"),
    ],
)
def test_a_hostile_text_is_shown_whole_and_does_nothing(table, column):
    harmless = Page(page(record_of(), {}))
    hostile = Page(page(record_of(**{table: {column: HOSTILE}}), {}))
    assert {*hostile.elements} <= {*harmless.elements}
    assert not any(name.startswith("on") for _, name, _ in hostile.attributes)
    assert any(HOSTILE in text for text in hostile.isolated)


def test_a_hostile_coder_s_name_is_no_link():
    given = [HumanLabel(2, "1", "link", "javascript:alert(1)")]
    assert "javascript:alert(1)" not in Page(page(replace(record_of(), human_labels=given), {})).values(
        "href"
    )


def test_a_long_caption_is_not_cut():
    caption = "palabra " * 400
    shown = Page(page(record_of(study=tables(video(1, description=caption)), place=0), {}))
    assert any(caption in text for text in shown.isolated)
