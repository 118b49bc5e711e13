"""The report shows the paper's tables and figures, runs nothing, and says plainly what is missing."""

import re
import unicodedata
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
from gettok.stance.human_labels.evaluation import Evaluation, evaluate
from gettok.stance.human_labels.reading import HumanLabel
from gettok.tables import CAPTIONS, PAIRS, TRANSCRIPTS, VIDEOS


def made(folder: Path, of=None, comparison=None) -> str:
    write(folder, of or study_of(9), STUDY, COMPARISON if comparison is None else comparison)
    return (folder / "index.html").read_text("utf-8")


def test_the_page_has_table_2_and_figures_2_to_6(tmp_path):
    text = made(tmp_path)
    for heading in ("Table 2", "Figure 2", "Figure 3", "Figure 4", "Figure 5", "Figure 6"):
        assert heading in text
    assert {file.name for file in (tmp_path / "figures").iterdir()} == {
        "figure_2.svg",
        "figure_3.svg",
        "figure_4.svg",
    }
    for number in ("45,000", "450", "0.9816", "0.9635", "0.76", "0.927"):
        assert number in text
    for label in STUDY.stance.labels:
        assert f">{label}<" in text.replace("\n", "")
    assert "80 %, by votes" in text


def test_every_figure_that_is_drawn_is_on_the_page(tmp_path):
    assert made(tmp_path).count("data:image/svg+xml") == len(list((tmp_path / "figures").iterdir()))


def test_the_books_are_on_the_page_with_each_reason_s_sentence(tmp_path):
    text = made(tmp_path)
    assert "its author keeps it private" in text
    assert "there is no media file to work on" in text


def test_the_events_of_the_study_are_in_figure_3(tmp_path):
    text = made(tmp_path)
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


def test_no_figure_depends_on_the_fonts_of_a_machine(tmp_path):
    made(tmp_path)
    for file in (tmp_path / "figures").iterdir():
        text = file.read_text("utf-8")
        assert "<text" not in text or "DejaVu Sans" in text
        assert "dc:date" not in text


def test_f52_the_page_runs_nothing_and_fetches_nothing(tmp_path):
    page = Page(made(tmp_path))
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


def test_figure_5_marks_each_kind_of_difference(tmp_path):
    text = made(tmp_path)
    for kind in ("capitalisation", "punctuation", "spelling"):
        assert re.search(rf'class="[^"]*\b{kind}\b', text)
    assert TIKTOK.split()[0] in text
    assert OURS.split()[0] in text


def test_section_3_1_has_each_number_of_each_pair_of_sources_with_its_interval_and_n(tmp_path):
    text = made(tmp_path)
    assert text.count("0.9816 <small>0.9716 to 0.9916</small> <small>n 182</small>") == 3
    assert text.count("– <small>n 0</small>") == 2
    assert text.count('<td class="n">41,503</td>') == 3
    for heading in ("TikTok&#39;s transcript and our transcript", "TikTok&#39;s captions and our transcript"):
        assert heading in text
    assert text.index("transcript and our transcript") < text.index("captions and our transcript")
    assert "case-folded &lt;words&gt;" in text
    assert "7 videos whose only captions are a machine translation" in text


def test_accuracy_against_people_s_transcripts_is_on_the_page_if_there_are_any(tmp_path):
    assert "<h3>Accuracy</h3>" not in made(tmp_path / "without")
    rate = {"value": 0.25, "n": 12, "low": 0.125, "high": None}
    rates = {"spoken": 14, "not_compared": 2, "missed_entirely": 1, "wer": rate, "cer": rate, "silent": 3}
    rates["words_without_speech"] = 6
    of_sources = {name: {"all": rates, "conditions": {"on the <street>": rates}} for name in TEXT_SOURCES}
    truth = {"meaning": "all wrong words over all", "not_in_study": 0, "text_sources": of_sources}
    text = made(tmp_path, comparison={**COMPARISON, "truth": truth})
    assert "<h3>Accuracy</h3>" in text
    assert "on the &lt;street&gt;" in text
    assert text.count("0.25 <small>n 12</small>") == 12
    assert text.count("6 in 3") == 6


def test_figure_4_has_a_line_for_each_text_source(tmp_path):
    made(tmp_path)
    text = (tmp_path / "figures" / "figure_4.svg").read_text("utf-8")
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
    assert "3 differ in spelling, 1 in punctuation at most, 0 in capitals only" in text


@pytest.mark.parametrize("count", [0, 1])
@pytest.mark.parametrize("comparison", [{}, None])
def test_a_study_with_one_video_or_none_gets_a_page_that_says_so(tmp_path, count, comparison):
    nothing = video_texts(VIDEOS.frame([]), CAPTIONS.frame([]), TRANSCRIPTS.frame([]))
    text = made(tmp_path, study_of(count), summary(nothing, [], "", 0) if comparison is None else comparison)
    assert "nothing to compare" in text
    assert "NaN" not in text
    assert "None" not in text


def spelled() -> pl.DataFrame:
    return tables(
        video(1, hashtags=["Perú", "peru", "PERU"], view_count=5),
        video(2, hashtags=["Perú", "lima", ""], view_count=7),
        video(3, hashtags=None, view_count=100),
        video(4, hashtags=["peru"], view_count=1),
        video(5, hashtags=["Perú", "Perú"], view_count=None),
    ).videos


def test_folded_hashtags_are_counted_once_a_video_and_shown_as_most_videos_spell_them():
    assert metrics.hashtags(spelled(), "videos") == [("Perú", 4), ("lima", 1)]
    assert metrics.hashtags(spelled(), "views") == [("Perú", 13), ("lima", 7)]


@pytest.mark.parametrize("spellings", ["folded", "verbatim"])
def test_the_two_unicode_forms_of_a_hashtag_are_one(spellings):
    composed, decomposed = "Perú", unicodedata.normalize("NFD", "Perú")
    both = tables(video(1, hashtags=[composed, decomposed]), video(2, hashtags=[decomposed])).videos
    assert metrics.hashtags(both, "videos", spellings) == [(composed, 2)]


def test_verbatim_hashtags_are_counted_as_received():
    counted = metrics.hashtags(spelled(), "videos", "verbatim")
    assert counted == [("Perú", 3), ("peru", 2), ("PERU", 1), ("lima", 1)]
    assert dict(metrics.hashtags(spelled(), "views", "verbatim")) == {
        "Perú": 12,
        "lima": 7,
        "peru": 6,
        "PERU": 5,
    }


def test_figure_2_says_how_spellings_were_counted(tmp_path):
    write(tmp_path, study_of(9), STUDY, COMPARISON, "verbatim")
    assert "Each spelling counts on its own" in (tmp_path / "index.html").read_text("utf-8")
    assert "Spellings that differ only in case or accents count as one" in made(tmp_path)


def read_twice(*rates: float | None):
    """A study with a video for each rate between the model's text and OCR's; None was not read."""
    of = tables(*(video(number) for number in range(1, len(rates) + 1)))
    columns = {"ocr_text": ["<b>NO</b>" if rate else "" for rate in rates], "ocr_cer": rates}
    given = [pl.Series(name, values, strict=False) for name, values in columns.items()]
    return replace(of, descriptions=of.descriptions.with_columns(given))


def test_the_page_shows_how_much_two_readings_of_the_screen_differ_and_where_most(tmp_path):
    text = made(tmp_path, read_twice(0.5, 0.0, 1.0, None, *[0.25] * 9))
    section = text.split('<h2 id="screens">')[1].split("</section>")[0]
    assert "The text of 12 videos was read twice" in section
    assert "<dd>0.3125</dd>" in section
    assert "<dd>12</dd>" in section
    assert "95 % interval" in section
    shown_ids = re.findall(r"<code>72134567890123456(\d\d)</code>", section)
    assert shown_ids == ["03", "01", *(f"{number:02}" for number in range(5, 13))], "ten, the worst first"
    assert "NO A LA VACANCIA" in section
    assert "&lt;b&gt;NO&lt;/b&gt;" in section


def test_the_page_counts_the_videos_whose_script_ocr_cannot_read_and_blames_the_model_for_none(tmp_path):
    of = read_twice(0.5, None, None)
    scripts = pl.Series([None, ["Cyrillic", "Greek"], ["Cyrillic"]])
    section = made(
        tmp_path, replace(of, descriptions=of.descriptions.with_columns(ocr_unread_scripts=scripts))
    )
    section = section.split('<h2 id="screens">')[1].split("</section>")[0]
    assert "<dd>0.5</dd>" in section
    assert "cannot write letters in their texts: 2 videos (Cyrillic 2, Greek 1)" in section
    assert "Not compared" not in made(tmp_path / "all", read_twice(0.5))


def test_the_page_says_so_where_two_readings_agree_and_where_there_is_only_one(tmp_path):
    assert "Both read the same words in every video." in made(tmp_path / "a", read_twice(0.0, 0.0))
    assert "No video's text was read twice" in made(tmp_path / "b").replace("&#39;", "'")


def test_videos_without_any_text_are_in_no_rate_of_the_screen():
    of = read_twice(1.0, 0.0, 0.0)
    blank = of.descriptions.with_columns(
        on_screen_text=pl.when(pl.col("ocr_cer") > 0).then("on_screen_text").otherwise(pl.lit(""))
    )
    found = metrics.metrics(replace(of, descriptions=blank), STUDY, COMPARISON)
    assert found["screen_text"] == {"cer": 1.0, "videos": 1}
    assert metrics.metrics(study_of(3), STUDY, COMPARISON)["screen_text"] == {"cer": None, "videos": 0}


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
    assert "0.25 <small>0.0456 to 0.6994</small> <small>n 4</small>" in rows[0][1]
    assert ">0 <small>0 to 0.4899</small>" in rows[2][1]
    assert "changed the label of 1 of 4 videos" in section
    assert "this sample" in section
    without = made(tmp_path / "without").split('<h2 id="prompt_injection">')[1].split("</section>")[0]
    assert "is not known" in without


def test_the_flip_rate_is_among_the_metrics_with_the_control_s():
    found = metrics.metrics(attacked(study_of(6)), STUDY, COMPARISON)
    assert found["prompt_injection"] == {"flip_rate": 0.25, "control_flip_rate": 0.0, "judged": 4}
    assert metrics.metrics(study_of(6), STUDY, COMPARISON)["prompt_injection"]["flip_rate"] is None


def by_people(of, *labels: str, coder: str = "") -> list[HumanLabel]:
    """A person's labels of the first videos, in order."""
    videos = of.videos["video_id"].to_list()
    return [HumanLabel(line, videos[line], coder, label) for line, label in enumerate(labels)]


def judged(of, *codings: HumanLabel) -> Evaluation:
    return evaluate(codings, of.stances, STUDY.stance.labels)


def section_on(tmp_path, of, evaluation: Evaluation | None) -> str:
    write(tmp_path, of, STUDY, COMPARISON, evaluation=evaluation)
    text = (tmp_path / "index.html").read_text("utf-8")
    return text.split("Accuracy of the stances")[1].split("Examples (Figure 6)")[0]


def test_the_confusion_matrix_and_who_disagrees_are_on_the_page(tmp_path):
    of = study_of(9)  # the second is private and the fourth is gone; the others get one label after the other
    labels = ["support", "support", "support", "neutral", "neutral", "neutral", "neutral"]
    stranger = HumanLabel(9, "1234", "", "no support")
    found = judged(of, *by_people(of, *labels), stranger)
    section = section_on(tmp_path, of, found)
    assert "<code>inputs/stances.csv</code>: 8. Compared with the model's stances: 5." in section
    assert "<b>1</b> not among the study&#39;s videos <code>not_in_study</code>" in section
    assert "<b>2</b> there is no media file to work on <code>no_media</code>" in section
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th>((?:<td class="n[^"]*">[^<]+</td>)+)</tr>', section)
    cells = [(name, re.findall(r">([^<]+)<", numbers)) for name, numbers in rows]
    assert cells == [
        ("support", ["1", "1", "0", "2"]),
        ("no support", ["0", "0", "0", "0"]),
        ("neutral", ["1", "1", "1", "3"]),
        ("all", ["2", "2", "1", "5"]),
        ("support", ["0.5", "0.5", "0.5"]),
        ("no support", ["0", "–", "0"]),
        ("neutral", ["1", "0.3333", "0.5"]),
    ]
    assert section.count('<td class="n same">') == 3
    assert "<dd>40.0 %</dd>" in section
    assert [one.video_id[-1] for one in found.disagreements] == re.findall(
        r"<code>72134567890123456\d(\d)</code>", section
    )
    assert "None" not in section


def test_disagreements_beyond_those_listed_are_counted(tmp_path):
    of = tables(*(video(number) for number in range(1, 26)))
    section = section_on(tmp_path, of, judged(of, *by_people(of, *["neutral", "neutral", "support"] * 8)))
    assert section.count("<code>7213") == 20
    assert "And 4 more" in section


def test_several_people_s_agreement_is_on_the_page(tmp_path):
    of = study_of(1)
    coded = judged(of, *by_people(of, "support", coder="<b>"), *by_people(of, "support", coder="leo"))
    section = section_on(tmp_path, of, coded)
    assert "two people or more labelled: 1, by 2 people in all" in section
    assert "(Krippendorff's α): –" in section
    assert "People and the model gave the same label to every video." in section


def test_without_human_labels_of_this_study_the_page_says_so_and_there_is_no_number(tmp_path):
    of = study_of(3)
    assert "put some into <code>inputs/stances.csv</code>" in section_on(tmp_path, of, None)
    strangers = judged(of, HumanLabel(2, "1", "", "a favor"))
    section = section_on(tmp_path, of, strangers)
    assert "model's stances: 0." in section
    assert "<table" not in section
    nothing = {"accuracy": None, "kappa": None, "macro_f1": None, "videos": 0}
    for coded in (None, strangers):
        assert metrics.metrics(of, STUDY, COMPARISON, coded)["stance_by_people"] == nothing
        assert metrics.plots(of, STUDY, coded)["stances_by_people.csv"].height == 0


def test_dvc_gets_the_two_labels_of_each_judged_video(tmp_path):
    of = study_of(6)
    coded = judged(of, *by_people(of, "support", "support", "neutral"))
    assert metrics.plots(of, STUDY, coded)["stances_by_people.csv"].rows() == [
        (of.videos["video_id"][0], "support", "support"),
        (of.videos["video_id"][2], "neutral", "no support"),
    ]
    assert metrics.metrics(of, STUDY, COMPARISON, coded)["stance_by_people"] == {
        "accuracy": 0.5,
        "kappa": 0.3333,
        "macro_f1": 0.3333,
        "videos": 2,
    }


def test_every_day_of_the_study_is_in_the_plot_with_zero_where_nothing_was_published():
    of = tables(video(1, created_at=datetime(2022, 12, 7, 23, 59, tzinfo=UTC)))
    frame = metrics.plots(of, STUDY)["posts_per_day.csv"]
    assert frame.height == 10
    assert frame.filter(pl.col("videos published") > 0)["day"].cast(pl.String).to_list() == ["2022-12-07"]


def test_the_metrics_are_the_numbers_of_the_tables():
    made = metrics.metrics(study_of(6), STUDY, COMPARISON)
    assert made["totals"]["views"] == sum(1000 * number for number in range(1, 7))
    assert made["ok"]["download"] == 4
    assert made["unusable"]["download"] == {"private": 1, "removed": 1}
    assert made["stance_share"] == {"support": 0.5, "no support": 0.25, "neutral": 0.25}
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
    books = {"download": Books(10, 7, {"private": 1, "removed": 2}), "detect_stance": Books(10, 10)}
    text = terminal_summary(
        "A study",
        {"complete": 9, "gap": 1},
        books,
        {"support": 6, "neutral": 4},
        {"flipped": "0 of 40", "report": "/x/index.html"},
    )
    assert text.splitlines()[0] == "A study"
    assert "complete 9, gap 1" in text
    assert "7 of 10 ok; removed 2, private 1" in text
    assert "support 6, neutral 4" in text
    assert [line.split(maxsplit=1) for line in text.splitlines()[-2:]] == [
        ["flipped", "0 of 40"],
        ["report", "/x/index.html"],
    ]
