"""Each variable of the codebook in numbers and on the page: of every kind, by day, around events, and two at a time."""

import re
from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from html_page import Page
from matplotlib.figure import Figure
from small_study import COMPARISON, EVERY_KIND, STUDY, attacked, coded, study_of

from gettok.annotate.human_labels.evaluation import evaluations, not_compared
from gettok.annotate.human_labels.reading import HumanLabel
from gettok.report import metrics, variable_figures
from gettok.report.index_page import ByPeople, write
from gettok.report.variables import HAS_ONE, FiveNumbers, two_way
from gettok.report.variables import coded as coded_in
from gettok.settings import Codebook

#: Of nine videos, the second and the fourth have no file; the other seven have the values of each kind in turn.
OF = coded(study_of(9))
CODED = coded_in(OF)


def counts(name):
    return {label: (share.count, share.n) for label, share in CODED[name].shares().items()}


def test_each_kind_s_labels_are_counted_among_the_videos_that_have_a_value():
    assert counts("stance") == {"support": (3, 7), "no support": (2, 7), "neutral": (2, 7)}
    assert counts("call") == {"yes": (5, 7), "no": (2, 7)}
    assert counts("topics") == {"congress": (3, 7), "protest": (5, 7), "justice": (0, 7)}
    assert counts("anger") == {"low": (3, 5), "middle": (0, 5), "high": (2, 5)}
    assert counts("subject") == {HAS_ONE: (7, 7)}
    assert counts("places") == {HAS_ONE: (5, 5)}
    assert counts("people") == {}
    share = CODED["stance"].shares()["support"]
    assert (share.low, share.high) == (0.1582, 0.7495), "Wilson's"


def test_who_has_no_value_is_counted_by_the_reason():
    anger, places = CODED["anger"], CODED["places"]
    assert (anger.books.asked, anger.rows.height, anger.abstained) == (9, 5, 2)
    assert places.books.unusable == {"no_media": 2, "not_applicable": 2}
    assert (places.rows.height, places.misquoted) == (5, 3)


def test_a_number_has_five_numbers_and_its_mean():
    # 2, 2.5 and 1200 in turn
    expected = FiveNumbers(7, 2.0, 2.0, 2.5, 601.25, 1200.0, round(2411 / 7, 4))
    assert CODED["people"].numbers() == expected
    assert CODED["stance"].numbers() is None


def test_quotations_are_counted_once_a_video_in_their_most_frequent_spelling():
    assert CODED["places"].most_frequent() == [("Lima", 5), ("Puno", 2)]
    spelled = pl.Series([["LIMA", "lima"], ["Lima"], ["Lima", "Cusco"], ["cusco"], ["Áncash"]])
    rows = CODED["places"].rows.head(5).with_columns(value=spelled)
    assert replace(CODED["places"], rows=rows).most_frequent() == [("Lima", 3), ("Cusco", 2), ("Áncash", 1)]
    assert CODED["subject"].most_frequent()[0] == ("A <march>.", 4)
    assert CODED["topics"].most_frequent() == []


def test_each_day_has_every_label_s_share_of_its_videos():
    of_days = CODED["call"].by_day()
    assert {label for _, label in of_days} == {"yes", "no"}
    for day in {day for day, _ in of_days}:
        assert sum(of_days[day, label].count for label in ("yes", "no")) == of_days[day, "yes"].n
    assert sum(share.count for (_, label), share in of_days.items() if label == "yes") == 5
    means = CODED["people"].means_by_day()
    assert sum(mean.value * mean.n for mean in means.values()) == pytest.approx(2411)


def test_the_event_s_own_day_counts_as_after():
    (_, event) = STUDY.events
    changes = CODED["topics"].changes(event)
    before, after = changes["protest"].before, changes["protest"].after
    assert CODED["topics"].rows.filter(pl.col("day") == event.day).height == 1
    early = CODED["topics"].rows.filter(pl.col("day") < date(2022, 12, 8))
    assert (before.n, after.n) == (early.height, 7 - early.height)
    assert before.count + after.count == 5
    assert changes["protest"].value == pytest.approx(after.value - before.value, abs=1e-4)
    mean = CODED["people"].changes(event)["mean"]
    assert mean.value == pytest.approx(mean.after.value - mean.before.value, abs=1e-4)


def test_an_author_without_a_name_is_an_account_of_their_own():
    videos = OF.videos.with_columns(username=pl.lit(None, pl.String))
    assert coded_in(replace(OF, videos=videos))["stance"].rows["account"].n_unique() == 7


def test_two_way_tables_count_the_videos_that_have_both_and_the_rest_is_named():
    tables, others = two_way(CODED)
    names = [(table.rows.name, table.columns.name) for table in tables]
    assert (names, others) == ([("stance", "call"), ("stance", "anger"), ("call", "anger")], [])
    assert tables[0].counts == ((3, 0), (2, 0), (0, 2))
    assert (tables[0].n, tables[0].cramers_v) == (7, 1.0)
    assert tables[2].cramers_v is None, "only those who call have an anger"
    stance = {"question": "?", "kind": "one_of", "labels": ("a", "b"), "inputs": ("transcript",)}
    many = Codebook(name="many", frames=1, label_orders=1, variables=dict.fromkeys("abcde", stance))
    found = coded_in(coded(study_of(3), many))
    tables, others = two_way(found)
    assert len(tables) == 6
    assert [(rows.name, columns.name) for rows, columns in others] == [
        ("b", "e"),
        ("c", "d"),
        ("c", "e"),
        ("d", "e"),
    ]


def by_people(of):
    given = [
        HumanLabel(line, video_id, coder, value, variable)
        for line, video_id in enumerate(of.videos["video_id"])
        for coder in ("ana", "leo")
        for variable, value in {
            "stance": "support",
            "topics": "congress; protest" if line < 5 else "none",
            "people": "2",
            "subject": "a march",
            "<other>": "x",
        }.items()
    ]
    variables = of.codebook.variables
    return ByPeople(evaluations(given, of.annotations, variables), *not_compared(given, variables))


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    write(folder, attacked(OF, "call"), STUDY, COMPARISON, by_people=by_people(OF))
    text = (folder / "index.html").read_text("utf-8")
    return text, {file.name for file in (folder / "figures").iterdir()}


def section(text, name):
    return text.split(f'<h2 id="{name}">')[1].split("</section>")[0]


def test_the_page_has_a_section_for_each_variable_in_the_codebook_s_order(page):
    text, figures = page
    assert re.findall(r'<h2 id="variable_(\w+)">', text) == list(EVERY_KIND.variables)
    assert "Does it call &lt;on&gt; people?" in section(text, "variable_call")
    assert ">A &lt;march&gt;.<" in section(text, "variable_subject")
    assert {f"by_day_{name}.svg" for name in EVERY_KIND.variables if name != "subject"} <= figures
    assert "distribution_people.svg" in figures
    assert not re.search(r"\bNone\b|\bnan\b", text)


def test_the_page_counts_who_cannot_tell_and_what_does_not_apply(page):
    text, _ = page
    assert "<dt>cannot tell</dt><dd>2</dd>" in section(text, "variable_anger")
    assert "<dt>does not apply</dt><dd>2</dd>" in section(text, "variable_places")
    assert "only where <code>call</code> is yes" in section(text, "variable_places")
    assert "in none of their texts: 3" in section(text, "variable_places")


def test_the_page_has_each_variable_s_agreement_with_people_and_names_what_is_not_compared(page):
    text, _ = page
    topics, people = section(text, "variable_topics"), section(text, "variable_people")
    assert "<dt>all labels the same</dt>" in topics
    assert '<th scope="row">congress</th><td class="n">3</td><td class="n">3</td>' in topics
    assert "(Krippendorff's α): 1.00" in topics
    assert "<td>none</td>" in topics
    assert "<dt>mean absolute difference</dt>" in people
    assert "interval" in people
    assert "People gave it 18 values." in section(text, "variable_subject")
    assert "&lt;other&gt; (18)" in text
    assert "There are no human labels" in section(text, "variable_call")


def test_the_flip_rates_are_by_variable(page):
    text, _ = page
    attacks = section(text, "prompt_injection")
    assert re.findall("<h3>(.*?)</h3>", attacks) == ["Call"]
    assert "changed the label of 1 of 7 videos" in attacks
    rates = metrics.metrics(attacked(OF, "call"), COMPARISON)["prompt_injection"]
    assert {name: of["judged"] for name, of in rates.items()} == {"stance": 0, "call": 7, "anger": 0}


def test_every_wide_table_scrolls_and_nothing_runs(page):
    text, _ = page
    before = re.findall(r"(.{0,30})<table", text, re.DOTALL)
    assert len(before) > 20
    assert all(start.endswith('<div class="wide">') for start in before)
    assert not {"script", "iframe", "object"} & set(Page(text).elements)


def test_metrics_have_each_label_s_share_and_a_number_s_mean():
    found = metrics.metrics(OF, COMPARISON)
    assert found["variables"]["topics"] == {
        "videos": 7,
        "abstained": 0,
        "share": {"congress": 0.4286, "protest": 0.7143, "justice": 0.0},
    }
    assert found["variables"]["people"] == {"videos": 7, "abstained": 0, "mean": 344.4286, "median": 2.5}
    assert list(found["by_people"]) == ["stance", "call", "topics", "anger", "people"]
    evaluated = metrics.metrics(OF, COMPARISON, by_people(OF).evaluations)["by_people"]
    assert evaluated["people"] == {
        "accuracy": 0.4286,
        "mean_absolute_difference": pytest.approx(342.4286, abs=1e-3),
        "videos": 7,
    }
    assert evaluated["call"] == {"accuracy": None, "kappa": None, "macro_f1": None, "videos": 0}


def test_plots_name_the_variable_of_each_label_and_only_single_labels_are_in_the_matrix():
    drawn = metrics.plots(OF, STUDY, by_people(OF).evaluations)
    assert "topics: protest" in drawn["labels.csv"]["label"].to_list()
    per_day = drawn["labels_per_day.csv"].filter(variable="call", label="yes")
    assert per_day["day"].is_sorted()
    assert {value.partition(":")[0] for value in drawn["confusion.csv"]["people"]} == {"stance"}
    both = drawn["labels_by_people.csv"].filter(variable="topics")
    assert both.row(0)[2:] == ('["congress", "protest"]', '["congress", "protest"]')


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are made into SVG."""
    found: list[Figure] = []
    monkeypatch.setattr("gettok.report.variable_figures.svg", lambda figure: found.append(figure) or "")
    return found


def test_a_figure_has_a_panel_for_each_label_that_a_video_has_and_a_line_for_each_event(drawn):
    names = [
        chart.name for chart in variable_figures.charts([CODED["topics"], CODED["people"]], STUDY.events)
    ]
    assert names == ["by_day_topics", "distribution_people", "by_day_people"]
    topics, distribution, means = drawn
    low, high = means.axes[0].get_ylim()
    assert (-100 < low < 2, 1200 < high < 1300) == (True, True), "an interval may be wider than all numbers"
    assert [axes.get_title(loc="left") for axes in topics.axes] == ["congress", "protest"]
    dashed = [line for line in topics.axes[0].get_lines() if line.get_linestyle() == "--"]
    assert len(dashed) == len(STUDY.events)
    assert sum(bar.get_height() for bar in distribution.axes[0].patches) == 7


def test_whole_numbers_of_a_small_range_each_get_a_bar(drawn):
    rows = CODED["people"].rows.with_columns(value=pl.Series([0.0, 1, 1, 3, 3, 3, 4]))
    variable_figures.histogram(replace(CODED["people"], rows=rows))
    assert [bar.get_height() for bar in drawn[0].axes[0].patches] == [1, 2, 0, 3, 1]
