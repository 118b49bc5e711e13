"""The stage compare_transcripts as a program on a day of the demo, and `gettok differences` on its videos."""

import json
from html.parser import HTMLParser

import pytest
from workspace import Workspace

from gettok.compare.text_sources import TEXT_SOURCES
from gettok.tables import CAPTIONS, PAIRS, TRANSCRIPTS, VIDEOS
from sandbox.corpus.truth import truth
from sandbox.server import Sandbox

#: Of its three videos one has all three texts, one has TikTok's transcript and ours, and one has ours alone.
DAY = "2022-12-11"


def ours(video_id: str) -> dict:
    """The true words, as a recogniser would write them that gives Castillo no capital."""
    text = truth()[video_id].words.replace("Castillo", "castillo")
    if not text:
        return {"video_id": video_id, "status": "unusable", "reason": "no_speech"}
    return {"video_id": video_id, "status": "ok", "text": text, "language": "es"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A day that was collected and downloaded from the sandbox; only our transcripts are made by hand."""
    with Sandbox() as sandbox:
        made = Workspace.make(
            tmp_path_factory.mktemp("day"), sandbox.base, f"study.start='{DAY}'", f"study.end='{DAY}'"
        )
        made.run("collect", "tabulate", "download")
    names = VIDEOS.read(made.data / "videos", ["video_id"])["video_id"]
    TRANSCRIPTS.write(map(ours, names), made.data / "transcripts" / f"{DAY}.parquet")
    made.run("compare_transcripts")
    return made


@pytest.fixture(scope="module")
def of_all_sources(workspace):
    """The video that has all three texts."""
    pairs = PAIRS.read(workspace.data / "comparison" / "pairs")
    (video_id,) = pairs.filter(left="voice_to_text", right="captions")["video_id"]
    return video_id


def summary(workspace) -> dict:
    return json.loads((workspace.data / "comparison" / "summary.json").read_text("utf-8"))


def test_every_video_has_one_outcome_and_every_pair_of_text_sources_its_numbers(workspace):
    videos = VIDEOS.read(workspace.data / "videos")
    pairs = PAIRS.read(workspace.data / "comparison" / "pairs")
    books = workspace.books("compare_transcripts")
    assert books["asked"] == videos.height == books["ok"] + sum(books["unusable"].values())
    assert books["ok"] == pairs["video_id"].n_unique() > 0
    for of_pair in summary(workspace)["pairs"].values():
        counted = pairs.filter(left=of_pair["left"], right=of_pair["right"]).height
        assert of_pair["videos"]["both"] == of_pair["wer"]["n"] == counted
    assert summary(workspace)["pairs"]["captions_and_whisper"]["videos"] == {
        "both": 1,
        "left_only": 0,
        "right_only": 2,
        "neither": 0,
    }
    assert summary(workspace)["pairs"]["voice_to_text_and_whisper"]["videos"]["right_only"] == 1
    assert "truth" not in summary(workspace)
    assert summary(workspace)["embedding_model"] is None, "the demo compares letters"


def test_captions_and_transcripts_name_their_language_alike(workspace):
    captions = CAPTIONS.read(workspace.data / "captions.parquet")
    assert set(captions["language"]) == {"spa-ES"}
    agreed = summary(workspace)["pairs"]["captions_and_whisper"]["same_language"]
    assert (agreed["value"], agreed["n"]) == (1.0, captions.height)


def test_each_text_source_is_compared_with_what_people_wrote_down_which_changes_nothing_else(workspace):
    files = [workspace.data / "comparison" / name for name in (f"pairs/{DAY}.parquet", "summary.json")]
    first = [file.read_bytes() for file in files]
    lines = [f'{video},"{of.words}",{of.behind_voice or "quiet"}' for video, of in truth().items()]
    path = workspace.folder / "inputs" / "transcripts" / "spoken.csv"
    path.parent.mkdir(parents=True)
    try:
        path.write_text("\n".join(["video_id,text,condition", *lines]), "utf-8")
        workspace.run("compare_transcripts")
        found = summary(workspace)["truth"]
        path.write_text("video_id,text\n1,a\n", "utf-8")
        code, printed = workspace.outcome("compare_transcripts")
    finally:
        path.unlink()
        path.parent.rmdir()
    workspace.run("compare_transcripts")
    assert [file.read_bytes() for file in files] == first
    videos = VIDEOS.read(workspace.data / "videos").height
    assert found["not_in_study"] == len(truth()) - videos
    assert set(found["text_sources"]) == set(TEXT_SOURCES)
    assert found["text_sources"]["whisper"]["all"]["wer"]["value"] == 0, "capitals do not count as errors"
    assert (
        found["text_sources"]["captions"]["all"]["wer"]["n"]
        == CAPTIONS.read(workspace.data / "captions.parquet").height
    )
    assert (code, "inputs/transcripts/spoken.csv cannot be read as a table" in printed) == (66, True)


class Marks(HTMLParser):
    """The classes of all marks of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.classes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "mark":
            self.classes |= set((dict(attrs)["class"] or "").split())


def test_differences_shows_both_texts_and_counts_as_the_table_does(workspace, of_all_sources):
    code, out, err = workspace.gettok("differences", of_all_sources)
    assert (code, err) == (0, "")
    assert TEXT_SOURCES["voice_to_text"] in out
    assert TEXT_SOURCES["whisper"] in out
    (row,) = (
        PAIRS.read(workspace.data / "comparison" / "pairs")
        .filter(video_id=of_all_sources, left="voice_to_text", right="whisper")
        .iter_rows(named=True)
    )
    counts = ", ".join(f"{kind} {row[kind]}" for kind in ("capitalisation", "punctuation", "spelling"))
    assert counts in out
    assert row["right_text"].split()[0] in out


def test_differences_takes_the_two_text_sources_that_are_named(workspace, of_all_sources):
    code, out, _ = workspace.gettok("differences", of_all_sources, "--left", "whisper", "--right", "captions")
    assert code == 0
    assert out.index(TEXT_SOURCES["whisper"]) < out.index(TEXT_SOURCES["captions"])
    assert (
        TEXT_SOURCES["captions"] in workspace.gettok("differences", of_all_sources, "--left", "captions")[1]
    )


def test_differences_writes_a_page_with_the_paper_s_three_kinds(workspace, of_all_sources, tmp_path):
    page = tmp_path / "differences.html"
    code, out, _ = workspace.gettok("differences", of_all_sources, "--out", str(page))
    assert (code, str(page) in out) == (0, True)
    text = page.read_text("utf-8")
    assert Marks(text).classes == {"capitalisation", "punctuation", "spelling"}
    assert of_all_sources in text


def test_differences_reports_errors_in_three_parts(workspace, of_all_sources, tmp_path):
    cases = {
        ("12",): "there is no video '12'",
        (of_all_sources, "--left", "ours"): "there is no text source 'ours'",
        (
            of_all_sources,
            "--left",
            "whisper",
            "--right",
            "whisper",
        ): "it has voice_to_text, captions, whisper",
        (of_all_sources, "--out", str(tmp_path / "no" / "x.html")): "there is no folder",
    }
    for arguments, what in cases.items():
        code, out, err = workspace.gettok("differences", *arguments)
        assert (code, out) == (66, "")
        assert what in err
        assert "What you can do" in err
