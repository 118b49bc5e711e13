"""The report shows the paper's tables and figures, runs nothing, and says plainly what is missing."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from html_page import Page
from hypothesis import given, settings
from hypothesis import strategies as st
from small_study import COMPARISON, OURS, STUDY, TIKTOK, attacked, study_of, tables, video

from gettok.books import Books
from gettok.cli.summary import terminal_summary
from gettok.compare.summary import summary
from gettok.compare.text_sources import TEXT_SOURCES, video_texts
from gettok.report import examples, metrics
from gettok.report.display import address, shown
from gettok.report.index_page import html, write
from gettok.report.rendering import differences_page
from gettok.report.word_differences import mark_differences
from gettok.tables import CAPTIONS, PAIRS, TRANSCRIPTS, VIDEOS


def made(folder: Path, of=None, comparison=None) -> str:
    write(folder, of or study_of(9), STUDY, COMPARISON if comparison is None else comparison)
    return (folder / "index.html").read_text("utf-8")


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> Path:
    """The folder of the report on nine videos."""
    folder = tmp_path_factory.mktemp("report")
    made(folder)
    return folder


@pytest.fixture(scope="module")
def text(report) -> str:
    return (report / "index.html").read_text("utf-8")


def test_the_page_has_table_2_and_figures_2_to_6(report, text):
    for heading in ("Table 2", "Figure 2", "Figure 3", "Figure 4", "Figure 5", "Figure 6"):
        assert heading in text
    assert {file.name for file in (report / "figures").iterdir()} == {
        "figure_2.svg",
        "figure_3.svg",
        "figure_4.svg",
        "by_day_stance.svg",
    }
    for number in ("45,000", "450", "0.9816", "0.9635", "0.76", "0.927"):
        assert number in text
    for label in STUDY.stance.labels:
        assert f">{label}<" in text.replace("\n", "")
    assert "80 %, by votes" in text


def test_every_figure_that_is_drawn_is_on_the_page(report, text):
    assert text.count("data:image/svg+xml") == len(list((report / "figures").iterdir()))


def test_the_books_are_on_the_page_with_each_reason_s_sentence(text):
    assert "its author keeps it private" in text
    assert "there is no media file to work on" in text


def test_the_events_of_the_study_are_in_figure_3(text):
    assert "Congress is dissolved &amp; the president removed" in text
    assert "A small study &lt;of&gt; 2022" in text


def test_a_day_that_is_not_covered_is_named_below_figure_3(tmp_path):
    whole = study_of(6)
    gap = replace(whole, uncovered={"2022-12-09": "the API fails <for> it"})
    pages = []
    for study in (whole, gap):
        write(tmp_path, study, STUDY, COMPARISON)
        pages.append((tmp_path / "index.html").read_text("utf-8"))
    assert "may be missing" not in pages[0]
    assert "2022-12-09: the API fails &lt;for&gt; it" in pages[1]


def test_the_same_tables_give_the_same_bytes(tmp_path):
    of = study_of(9)
    made(tmp_path / "a", of)
    made(tmp_path / "b", replace(of, **{name: frame.reverse() for name, frame in of.named().items()}))
    for file in ("index.html", "figures/figure_2.svg", "figures/figure_3.svg", "figures/figure_4.svg"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_no_figure_depends_on_the_fonts_of_a_machine(report):
    for file in (report / "figures").iterdir():
        text = file.read_text("utf-8")
        assert "<text" not in text or "DejaVu Sans" in text
        assert "dc:date" not in text


def test_f52_the_page_runs_nothing_and_fetches_nothing(text):
    page = Page(text)
    assert not {"script", "iframe", "object", "link", "form"} & set(page.elements)
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    policy = next(value for value in page.values("content") if value and "default-src" in value)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert all(re.match(r"data:image/(jpeg|svg\+xml);base64,", value) for value in page.values("src"))
    links = [value for value in page.values("href") if not value.startswith("#")]
    assert links
    assert all(re.fullmatch(r"https://www\.tiktok\.com/@[\w.]+/video/\d+", value) for value in links)


@settings(max_examples=40)
@given(
    st.text(
        alphabet=st.one_of(st.characters(exclude_categories=["Cs"]), st.sampled_from("<>&\"'/{}%#")),
        min_size=1,
        max_size=40,
    )
)
def test_f52_f19_whatever_a_caption_says_the_page_has_the_template_s_elements(tmp_path_factory, text):
    of = tables(video(3, description="x", username="user.1", hashtags=["a"]))
    plain = Page(html(of, STUDY, COMPARISON, {}))
    hostile = tables(video(3, description=text, username="user.1", hashtags=["a"]))
    page = Page(html(hostile, STUDY, COMPARISON, {}))
    assert [e for e in page.elements if e != "br"] == [e for e in plain.elements if e != "br"] or not shown(
        text, 300
    ).strip()
    if shown(text, 300).strip():
        assert any(shown(text, 20).rstrip("…").strip()[:5] in isolated for isolated in page.isolated)


@pytest.mark.parametrize(
    ("username", "video_id"),
    [
        ("a/../b", "1"),
        ("javascript:alert(1)", "1"),
        ("a b", "1"),
        ("", "1"),
        (None, "1"),
        ("a", "1x"),
        ("a", "9" * 21),
    ],
)
def test_f52_f53_a_name_or_id_not_in_tiktok_s_form_gets_no_link(username, video_id):
    assert address(username, video_id) is None


def test_f19_a_display_is_cut_between_characters_that_a_reader_sees():
    family = "👩🏽‍🌾"
    assert shown(family * 3, 2) == family * 2 + "…"
    assert shown("e\u0301" * 3, 2) == "e\u0301" * 2 + "…"
    assert shown("🇵🇪🇵🇪🇵🇪", 2) == "🇵🇪🇵🇪…"
    assert shown("a\0\x1b[31m", 10) == "a[31m"
    assert shown(None, 10) == ""


def test_figure_5_marks_each_kind_of_difference(text):
    for kind in ("capitalisation", "punctuation", "spelling"):
        assert re.search(rf'class="[^"]*\b{kind}\b', text)
    assert TIKTOK.split()[0] in text
    assert OURS.split()[0] in text


def test_section_3_1_has_each_number_of_each_pair_of_sources_with_its_interval_and_n(text):
    assert text.count("0.9816 <small>0.9716 to 0.9916</small> <small>n 182</small>") == 3
    assert text.count("– <small>n 0</small>") == 2
    assert text.count('<td class="n">41,503</td>') == 3
    for heading in ("TikTok&#39;s transcript and our transcript", "TikTok&#39;s captions and our transcript"):
        assert heading in text
    assert text.index("transcript and our transcript") < text.index("captions and our transcript")
    assert "case-folded &lt;words&gt;" in text
    assert "7 videos whose only captions are a machine translation" in text


def test_accuracy_against_people_s_transcripts_is_on_the_page_if_there_are_any(text):
    assert "<h3>Accuracy</h3>" not in text
    rate = {"value": 0.25, "n": 12, "low": 0.125, "high": None}
    rates = {"spoken": 14, "not_compared": 2, "missed_entirely": 1, "wer": rate, "cer": rate, "silent": 3}
    rates["words_without_speech"] = 6
    of_sources = {name: {"all": rates, "conditions": {"on the <street>": rates}} for name in TEXT_SOURCES}
    truth = {"meaning": "all wrong words over all", "not_in_study": 0, "text_sources": of_sources}
    compared = html(study_of(9), STUDY, {**COMPARISON, "truth": truth}, {})
    assert "<h3>Accuracy</h3>" in compared
    assert "on the &lt;street&gt;" in compared
    assert compared.count("0.25 <small>n 12</small>") == 12
    assert compared.count("6 in 3") == 6


def test_figure_4_has_a_line_for_each_text_source(report):
    text = (report / "figures" / "figure_4.svg").read_text("utf-8")
    assert all(name in text for name in TEXT_SOURCES.values())
    per_day = metrics.transcripts_per_day(study_of(9))
    assert {name: per_day[name].sum() for name in TEXT_SOURCES} == {
        "voice_to_text": 3,
        "captions": 3,
        "whisper": 7,
    }
    shares = metrics.plots(study_of(9), STUDY)["transcripts_per_day.csv"]
    assert shares["share with our transcript"].to_list() == [
        ours / videos for ours, videos in per_day.select("whisper", "videos").iter_rows()
    ]


def test_figure_5_shows_the_paper_s_two_text_sources_if_there_are_such_pairs():
    ways = [("captions", "whisper"), ("voice_to_text", "whisper"), ("voice_to_text", "captions")]
    rows = [
        {
            "video_id": str(n),
            "left": left,
            "right": right,
            "left_text": "sí",
            "right_text": "Sí.",
            "spelling": 1,
        }
        for n, (left, right) in enumerate(ways)
    ]
    assert examples.pair(PAIRS.frame(rows)).video_id == "1"
    assert examples.pair(PAIRS.frame(rows[::2])).video_id == "0"
    assert examples.pair(PAIRS.frame([])) is None


def test_figure_5_as_a_separate_page_has_both_texts_and_runs_nothing():
    texts = {"captions": "<b>Fuerza</b> Perú 🇵🇪", "whisper": "fuerza, Peru ya"}
    text = differences_page(mark_differences("72", texts))
    page = Page(text)
    assert not {"script", "iframe", "object", "link", "form", "b", "img"} & set(page.elements)
    assert ["".join(side.split()) for side in page.isolated] == ["<b>Fuerza</b>Perú🇵🇪", "∅fuerza,Peruya"]
    assert "default-src 'none'" in text
    assert "Words that differ: 3 in spelling, 1 in punctuation at most, 0 in capitals only" in text


@pytest.mark.parametrize("count", [0, 1])
@pytest.mark.parametrize("comparison", [{}, None])
def test_a_study_with_one_video_or_none_gets_a_page_that_says_so(tmp_path, count, comparison):
    nothing = video_texts(VIDEOS.frame([]), CAPTIONS.frame([]), TRANSCRIPTS.frame([]))
    text = made(
        tmp_path,
        study_of(count),
        summary(nothing, PAIRS.frame([]), "", 0) if comparison is None else comparison,
    )
    assert "nothing to compare" in text
    assert "NaN" not in text
    assert "None" not in text


def test_figure_2_says_how_spellings_were_counted(tmp_path, text):
    write(tmp_path, study_of(9), STUDY, COMPARISON, "verbatim")
    assert "Each spelling counts on its own" in (tmp_path / "index.html").read_text("utf-8")
    assert "Spellings that differ only in case or accents count as one" in text


def test_f46_the_page_says_how_often_attacks_flipped_a_label_and_how_often_nothing_did(tmp_path):
    section = (
        made(tmp_path, attacked(study_of(6))).split('<h2 id="prompt_injection">')[1].split("</section>")[0]
    )
    assert "Variants of 4 videos were judged" in section
    rows = re.findall(r'<th scope="row">([^<]+)</th>(.*?)</tr>', section)
    assert [name for name, _ in rows] == [
        "An instruction in the transcript",
        "All attack types",
        "No instruction: a harmless sentence in all these places",
    ]
    assert "0.25 <small>0.05 to 0.70</small> <small>n 4</small>" in rows[0][1]
    assert ">0.00 <small>0.00 to 0.49</small>" in rows[2][1]
    assert "changed the label of 1 of 4 videos" in section
    assert "this sample" in section
    assert "<code>flipped</code> is the share" in section
    without = made(tmp_path / "without").split('<h2 id="prompt_injection">')[1].split("</section>")[0]
    assert "is not known" in without


def test_the_flip_rate_is_among_the_metrics_with_the_control_s():
    found = metrics.metrics(attacked(study_of(6)), COMPARISON)
    assert found["prompt_injection"] == {"stance": {"flip_rate": 0.25, "control_flip_rate": 0.0, "judged": 4}}
    assert metrics.metrics(study_of(6), COMPARISON)["prompt_injection"]["stance"]["flip_rate"] is None


def test_every_day_of_the_study_is_in_the_plot_with_zero_where_nothing_was_published():
    of = tables(video(1, created_at=datetime(2022, 12, 7, 23, 59, tzinfo=UTC)))
    frame = metrics.plots(of, STUDY)["posts_per_day.csv"]
    assert frame.height == 10
    assert frame.filter(pl.col("videos published") > 0)["day"].cast(pl.String).to_list() == ["2022-12-07"]


def test_the_metrics_are_the_numbers_of_the_tables():
    made = metrics.metrics(study_of(6), COMPARISON)
    assert made["totals"]["views"] == sum(1000 * number for number in range(1, 7))
    assert made["ok"]["download"] == 4
    assert made["unusable"]["download"] == {"private": 1, "removed": 1}
    assert made["variables"] == {
        "stance": {
            "videos": 4,
            "abstained": 0,
            "share": {"support": 0.5, "no support": 0.25, "neutral": 0.25},
        }
    }
    assert made["comparison"]["captions_and_whisper"] == {
        "videos": {"both": 182, "left_only": 31, "right_only": 2163, "neither": 41_503},
        "pearson_r": 0.9816,
        "r_squared": 0.9635,
        "mean_jaccard": 0.76,
        "mean_cosine": 0.927,
        "wer": 0.21,
        "cer": 0.11,
        "same_language": 0.5,
        "differences": {"capitalisation": 3, "punctuation": 4, "spelling": 2},
    }


def test_the_terminal_summary_names_every_stage_reason_and_the_report():
    books = {"download": Books(10, 7, {"private": 1, "removed": 2}), "annotate": Books(10, 10)}
    text = terminal_summary(
        "A study",
        {"complete": 9, "gap": 1},
        books,
        {"call_to_action": "yes 6, no 4"},
        {"flipped": "stance: 0 of 40\ntopics: 1 of 40", "report": "/x/index.html"},
    )
    assert text.splitlines()[0] == "A study"
    assert "complete 9, gap 1" in text
    assert "7 of 10 ok; removed 2, private 1" in text
    assert [line.split(maxsplit=1) for line in text.splitlines()[-4:]] == [
        ["call", "to action  yes 6, no 4"],
        ["flipped", "stance: 0 of 40"],
        ["topics:", "1 of 40"],
        ["report", "/x/index.html"],
    ]
