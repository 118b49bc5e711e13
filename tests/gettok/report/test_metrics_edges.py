"""The numbers of the report at their edges: ties, the tenth of eleven, the days beside the study, and each sum."""

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
from small_study import COMPARISON, STUDY, attacked, study_of, tables, video

from gettok.annotate.human_labels.confusion import confusion
from gettok.annotate.human_labels.evaluation import Coders, Compared, Evaluation
from gettok.report import metrics
from gettok.report.variables import coded


def test_each_total_is_the_sum_of_its_own_column():
    of = tables(
        video(1, username="b", view_count=1000, like_count=100, comment_count=10, share_count=1),
        video(2, username="a", view_count=2000, like_count=200, comment_count=20, share_count=2),
        video(3, username="b", view_count=None, like_count=None, comment_count=None, share_count=None),
        video(4, username=None),
    )
    of = replace(
        of, videos=of.videos.head(3).vstack(of.videos.tail(1).with_columns(pl.col("^.*_count$") * 0))
    )
    assert metrics.totals(of.videos) == {
        "videos": 4,
        "users": 2,
        "views": 3000,
        "likes": 300,
        "comments": 30,
        "shares": 3,
    }


def tagged(*videos):
    rows = [video(place, hashtags=list(tags), view_count=views) for place, (tags, views) in enumerate(videos)]
    return tables(*rows).videos


def test_ten_hashtags_are_ranked_by_number_and_then_by_name():
    names = [f"t{place:02}" for place in range(12)]
    of = tagged(*((names[place:], 10 * place) for place in (0, 3, 3, 11)))
    top, viewed = metrics.top_hashtags(of, "folded")
    assert top == [("t11", 4), *((name, 3) for name in names[3:11]), ("t00", 1)]
    assert viewed == [("t11", 170), *((name, 60) for name in names[3:11]), ("t00", 0)]


def test_a_hashtag_is_shown_as_most_videos_spell_it_and_of_equals_as_the_first_by_name():
    often = tagged((["LIMA"], 1), (["Lima"], 9), (["Lima"], 1), (["lima", "lima", "lima"], 100))
    assert metrics.hashtags(often, "videos") == [("Lima", 4)]
    assert metrics.hashtags(tagged((["lima"], 9), (["Lima"], 1)), "views") == [("Lima", 10)]


def test_a_hashtag_counts_once_a_video_and_equals_are_in_order_of_their_folded_names():
    twice = tagged((["LIMA", "Lima"], 5), (["lima"], 1))
    assert metrics.hashtags(twice, "videos") == [("LIMA", 2)]
    assert metrics.hashtags(twice, "views") == [("LIMA", 6)]
    names = ["Zeta", "alpha", "Beta", "gamma"]
    assert metrics.hashtags(tagged((names, 1)), "videos") == [
        (name, 1) for name in ("alpha", "Beta", "gamma", "Zeta")
    ]


def test_every_day_of_the_study_and_each_other_day_with_videos_has_its_number():
    days = [datetime(2022, 12, 4, 23, 59, tzinfo=UTC), datetime(2022, 12, 14, 23, 59, tzinfo=UTC), None]
    found = metrics.posts_per_day(
        tables(*(video(n, created_at=day) for n, day in enumerate(days))).videos, STUDY
    )
    assert found["day"].to_list()[:: found.height - 1] == [date(2022, 12, 4), date(2022, 12, 14)]
    assert found["videos"].to_list() == [1, *[0] * 9, 1]
    late = metrics.posts_per_day(
        tables(video(1, created_at=datetime(2022, 12, 16, tzinfo=UTC))).videos, STUDY
    )
    assert (late["day"][0], late["day"][-1]) == (date(2022, 12, 5), date(2022, 12, 16))
    assert late["videos"].to_list() == [*[0] * 11, 1]


def screens(*rows):
    """A study whose descriptions have these numbers, texts by OCR and texts by the model."""
    of = tables(*(video(number) for number in range(1, len(rows) + 1)))
    rates, ocr, model = zip(*rows, strict=True)
    return of.descriptions.with_columns(
        ocr_cer=pl.Series(rates, dtype=pl.Float64), ocr_text=pl.Series(ocr), on_screen_text=pl.Series(model)
    )


def test_a_screen_that_either_reader_found_text_on_is_in_the_rate_and_the_worst_are_first():
    found = metrics.on_screen_text(
        screens(
            (0.5, "a", "b"), (1.0, "", "b"), (1.0, "a", ""), (0.0, "a", "a"), (0.0, "", ""), (None, "a", "a")
        )
    )
    assert (found.videos, found.cer.n, found.cer.value) == (5, 4, 0.625)
    assert [int(row["video_id"][-2:]) for row in found.most_different] == [2, 3, 1]
    many = metrics.on_screen_text(screens(*((0.5, "a", "b") for _ in range(12))))
    assert [int(row["video_id"][-2:]) for row in many.most_different] == list(range(1, 11))


def test_scripts_that_ocr_cannot_read_are_counted_by_video():
    of = screens(*((None, "a", "a") for _ in range(4)))
    scripts = pl.Series([["Greek"], ["Cyrillic", "Thai"], ["Thai"], None])
    found = metrics.on_screen_text(of.with_columns(ocr_unread_scripts=scripts))
    assert (found.not_compared, found.unread_scripts) == (3, [("Thai", 2), ("Greek", 1), ("Cyrillic", 1)])


def test_the_share_of_a_label_is_of_the_videos_that_have_one():
    of = study_of(8)
    rows = of.annotations.with_columns(
        label=pl.Series(
            ["support", None, "support", "no support", "neutral", "neutral", "neutral", "neutral"]
        ),
        status=pl.Series(["ok", "unusable", "ok", "ok", "ok", "ok", "ok", "unusable"]),
    )
    found = coded(replace(of, annotations=rows))["stance"].shares()
    assert [(label, of_label.count, of_label.value) for label, of_label in found.items()] == [
        ("support", 2, 0.3333),
        ("no support", 1, 0.1667),
        ("neutral", 3, 0.5),
    ]
    nothing = metrics.metrics(replace(of, annotations=rows.clear()), {})["variables"]["stance"]
    assert nothing == {"videos": 0, "abstained": 0, "share": dict.fromkeys(STUDY.stance.labels)}


def evaluated():
    compared = (
        Compared("1", "support", "support"),
        Compared("2", "support", "neutral"),
        Compared("3", "neutral", "neutral"),
    )
    matrix = confusion(STUDY.stance.labels, [(video.people, video.model) for video in compared])
    return Evaluation(3, {}, Coders(1, 0, None), compared, matrix)


def test_metrics_and_plots_have_each_number_under_its_name():
    of = attacked(study_of(6))
    made = metrics.metrics(of, COMPARISON, {"stance": evaluated()})
    assert made["ok"]["download"] == 4
    assert made["unusable"]["download"] == {"private": 1, "removed": 1}
    assert made["prompt_injection"] == {"stance": {"flip_rate": 0.25, "control_flip_rate": 0.0, "judged": 4}}
    assert made["by_people"] == {
        "stance": {"accuracy": 0.6667, "kappa": 0.4, "macro_f1": 0.6667, "videos": 3}
    }
    pair = made["comparison"]["voice_to_text_and_whisper"]
    assert (pair["wer"], pair["cer"], pair["mean_jaccard"]) == (0.21, 0.11, 0.76)
    assert pair["videos"] == {"both": 182, "left_only": 31, "right_only": 2163, "neither": 41_503}
    drawn = metrics.plots(of, STUDY, {"stance": evaluated()})
    assert drawn["labels_by_people.csv"].rows() == [
        ("1", "stance", "support", "support"),
        ("2", "stance", "support", "neutral"),
        ("3", "stance", "neutral", "neutral"),
    ]
    assert drawn["labels.csv"].rows()[0] == ("stance: support", 2, 0.5, 0.15, 0.85)
    shares = drawn["transcripts_per_day.csv"]
    assert shares.columns == [
        "day",
        "videos",
        "share with TikTok's transcript",
        "share with TikTok's captions",
        "share with our transcript",
    ]
    assert shares.filter(day=date(2022, 12, 8)).row(0)[1:] == (1, 1.0, 1.0, 1.0)


def test_without_variants_or_human_labels_their_numbers_are_null_and_nothing_is_judged():
    made = metrics.metrics(study_of(3), {})
    rates = {"flip_rate": None, "control_flip_rate": None, "judged": 0}
    assert made["prompt_injection"] == {"stance": rates}
    by_people = {"accuracy": None, "kappa": None, "macro_f1": None, "videos": 0}
    assert made["by_people"] == {"stance": by_people}
    assert made["comparison"] == {}
